"""What arrives over a socket: large, torn, misspelled and malicious."""

import socket
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crampwatch.page.exchange import Refused
from crampwatch.page.forms import FORM
from crampwatch.page.server import DRAINED, LARGEST_FORM
from detector.alarm.messages import Command, EveningNote
from tests.crampwatch.page.home import PageAtHome, post

LONGEST_NOTE = 2000
NAMES = st.sampled_from(
    ["do", "minutes", "seconds", "event_id", "verdict", "pain", "leg", "clock", "day", "when", "night", "id"]
)


def ask(address: str, method: str, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    own = {"Origin": address, "Content-Type": FORM} if method == "POST" else {}
    connection.request(method, path, body, {**own, **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def raw(address: str, request: bytes) -> bytes:
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", ["/", "/cramp", "/page.js", "/nowhere"])
def test_every_answer_forbids_whatever_is_not_on_this_server(address: str, path: str) -> None:
    answer = ask(address, "GET", path)
    policy = answer.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Cache-Control") == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/../crampwatch.toml", "/%2e%2e/page.py", "/page.css/../../key.py", "/nights/w1/left_calf/..%2f..%2fetc",
     "/nights/../../etc/2026-11-19", "/nights/w1/left_calf/2026-11-19", "/nights/w1/left_calf/2026-11-19/report",
     "/nights/w1/left_calf/2026-02-30", "//evil.example/", "/" + "a" * 5000, "/%00", "/%ff"],
)  # fmt: skip
def test_an_address_that_leads_nowhere_says_so_and_gives_nothing_away(address: str, path: str) -> None:
    answer = ask(address, "GET", path)
    assert answer.status in (404, 421)
    assert "root:" not in answer.text  # type: ignore[attr-defined]
    assert "import " not in answer.text  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [LARGEST_FORM + 1, 2 * DRAINED])
def test_a_body_larger_than_any_form_is_refused(address: str, home: PageAtHome, size: int) -> None:
    try:
        assert ask(address, "POST", "/evening", b"a" * size).status == 413
    except ConnectionError:  # beyond what is drained the connection may be cut before the answer is read
        assert size > DRAINED
    assert home.said(EveningNote) == []


def test_the_longest_notes_there_may_be_still_fit(address: str, home: PageAtHome) -> None:
    note = "\U0001f9b5" * LONGEST_NOTE
    parts = dict.fromkeys(("text", "alcohol", "coffee", "exercise", "medicine"), note)
    form = post("/evening", {"place": "w1/left_calf", "night": "2026-11-19", **parts})
    assert ask(address, "POST", "/evening", form.body).status == 303
    assert home.said(EveningNote)[0].medicine == note


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b" 411 "),
        (b"POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", b" 411 "),
        (b"POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \xb2\r\n\r\n", b" 411 "),
        (b"POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b" 411 "),
        (b"DELETE / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b" 501 "),
        (b"GET / HTTP/9.9\r\n\r\n", b"505 "),
        (b"GET " + b"/" * 70000 + b" HTTP/1.1\r\n\r\n", b" 414 "),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400 "),
    ],
)
def test_what_is_no_request_of_a_browser_is_answered_with_a_clear_refusal(
    address: str, request_: bytes, status: bytes
) -> None:
    first_line = raw(address, request_).split(b"\r\n", 1)[0] + b" "
    assert status in first_line


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/command", {}, 404),
        ("/command", {"place": "w1/other", "do": "ack"}, 404),
        ("/command", {"place": "../..", "do": "ack"}, 404),
        ("/command", {"place": "w1/left_calf"}, 400),
        ("/command", {"place": "w1/left_calf", "do": "explode"}, 400),
        ("/command", {"place": "w1/left_calf", "do": "snooze", "minutes": "-5"}, 400),
        ("/command", {"place": "w1/left_calf", "do": "snooze", "minutes": "1e9"}, 400),
        ("/verdict", {"place": "w1/left_calf", "verdict": "cramp"}, 400),
        ("/verdict", {"place": "w1/left_calf", "verdict": "maybe", "event_id": "a"}, 400),
        ("/verdict", {"place": "w1/left_calf", "verdict": "cramp", "event_id": "a" * 65}, 400),
        ("/cramp", {"place": "w1/left_calf", "pain": "11"}, 400),
        ("/cramp", {"place": "w1/left_calf", "leg": "third"}, 400),
        ("/cramp", {"place": "w1/left_calf", "id": "a" * 65}, 400),
        ("/cramp", {"place": "w1/left_calf", "when": "-10"}, 422),
        ("/cramp", {"place": "w1/left_calf", "clock": "0312", "day": "0001-01-01"}, 422),
        ("/evening", {"place": "w1/left_calf", "night": "tonight"}, 400),
        ("/evening", {"place": "w1/left_calf", "night": "2026-11-19", "text": "a" * 2001}, 400),
        ("/nowhere", {"place": "w1/left_calf"}, 404),
    ],
)
def test_a_form_that_no_button_sends_is_refused_and_files_nothing(
    address: str, home: PageAtHome, path: str, fields: dict[str, str], status: int
) -> None:
    assert ask(address, "POST", path, post(path, fields).body).status == status
    assert home.said(object) == []


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/json"])
def test_what_is_sent_as_something_else_than_a_form_is_refused(address: str, home: PageAtHome, kind: str) -> None:
    body = post("/command", {"place": "w1/left_calf", "do": "ack"}).body
    assert ask(address, "POST", "/command", body, **{"Content-Type": kind}).status == 415
    assert home.said(Command) == []


@given(path=st.sampled_from(["/command", "/verdict", "/cramp", "/evening"]), fields=st.dictionaries(NAMES, st.text()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_a_form_holds_it_is_filed_or_refused(home: PageAtHome, path: str, fields: dict[str, str]) -> None:
    try:
        status = home.page.answer(post(path, {"place": "w1/left_calf", **fields})).status
    except Refused as refused:
        status = refused.status
    assert status in (303, 400, 422)


def test_a_failure_inside_is_told_without_its_details(
    address: str, home: PageAtHome, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(home.page, "_get", fail)
    answer = ask(address, "GET", "/")
    assert answer.status == 500
    assert "secret" not in answer.text  # type: ignore[attr-defined]
    assert "secret" in caplog.text


def test_a_diary_that_cannot_be_used_is_named_instead_of_pretending_to_have_filed_it(
    address: str, home: PageAtHome
) -> None:
    home.home.diary.write_bytes(b"this is no diary, and not SQLite at all" * 100)
    body = post("/command", {"place": "w1/left_calf", "do": "ack"}).body
    answer = ask(address, "POST", "/command", body)
    assert answer.status == 503
    assert "diary.sqlite" in answer.text  # type: ignore[attr-defined]
