"""Who may use the page: other sites, other names, missing and wrong keys."""

from http import HTTPStatus
from pathlib import Path

import pytest

from crampwatch.page.exchange import Refused, Request
from crampwatch.page.key import PageKey, digest_of
from detector.alarm.messages import Command
from tests.crampwatch.page.home import PageAtHome, get, post

KEY = "correct-horse-battery-staple"
ACK = {"place": "w1/left_calf", "do": "ack"}


def status(home: PageAtHome, request: Request) -> HTTPStatus:
    try:
        return home.page.answer(request).status
    except Refused as refused:
        return refused.status


@pytest.fixture
def locked(tmp_path: Path) -> PageAtHome:
    return PageAtHome(tmp_path, key=PageKey(digest_of(KEY)))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8377", "localhost:8377", "[::1]:8377", "192.168.1.7", "pi.local:80", "PI.local"]
)
def test_the_machines_addresses_and_its_own_names_are_answered(home: PageAtHome, host: str) -> None:
    assert status(home, get(host=host)) == HTTPStatus.OK


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8377", "127.0.0.1.evil.example", "pi.local.evil", "", "[::1"]
)
def test_a_foreign_name_that_leads_here_is_not_answered_even_with_the_key(locked: PageAtHome, host: str) -> None:
    assert status(locked, get(host=host, cookie=f"crampwatch={KEY}")) == HTTPStatus.MISDIRECTED_REQUEST


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_of_another_site_does_nothing(home: PageAtHome, headers: dict[str, str]) -> None:
    assert status(home, post("/command", ACK, **headers)) == HTTPStatus.FORBIDDEN
    assert home.said(Command) == []


@pytest.mark.parametrize("dest", ["image", "iframe", "script", "empty"])
def test_another_site_may_lead_here_and_cannot_build_the_page_into_its_own(home: PageAtHome, dest: str) -> None:
    assert status(home, get(sec_fetch_site="cross-site", sec_fetch_dest="document")) == HTTPStatus.OK
    assert status(home, get(sec_fetch_site="cross-site", sec_fetch_dest=dest)) == HTTPStatus.FORBIDDEN
    assert status(home, get("/page.js", sec_fetch_site="same-origin", sec_fetch_dest=dest)) == HTTPStatus.OK


@pytest.mark.parametrize("headers", [{}, {"sec_fetch_site": "same-origin", "origin": "null"}])
def test_a_form_of_the_page_itself_is_filed(home: PageAtHome, headers: dict[str, str]) -> None:
    assert status(home, post("/command", ACK, **headers)) == HTTPStatus.SEE_OTHER
    assert [command.do for command in home.said(Command)] == ["ack"]


@pytest.mark.parametrize(
    "cookie", ["", "crampwatch=", f"crampwatch={KEY}x", f"other={KEY}", "crampwatch=ü", "a=b;;=;\x00"]
)
def test_without_the_key_nothing_is_shown_and_nothing_filed(locked: PageAtHome, cookie: str) -> None:
    for path in ("/", "/nights", "/cramp", "/evening", "/nights/w1/left_calf/2026-11-19"):
        assert status(locked, get(path, cookie=cookie)) == HTTPStatus.FORBIDDEN
    assert status(locked, post("/command", ACK, cookie=cookie)) == HTTPStatus.FORBIDDEN
    assert locked.said(Command) == []


def test_the_link_with_the_key_lets_a_device_in_for_good(locked: PageAtHome) -> None:
    entered = locked.page.answer(get(f"/enter?key={KEY}"))
    cookie, *rest = dict(entered.headers)["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(rest)
    assert status(locked, get(cookie=cookie)) == HTTPStatus.OK
    assert status(locked, post("/command", ACK, cookie=cookie)) == HTTPStatus.SEE_OTHER


@pytest.mark.parametrize("query", ["", "?key=", "?key=wrong", "?other=1"])
def test_the_link_with_another_key_lets_nobody_in(locked: PageAtHome, query: str) -> None:
    assert status(locked, get(f"/enter{query}")) == HTTPStatus.FORBIDDEN


def test_what_tells_nothing_of_anybody_needs_no_key(locked: PageAtHome) -> None:
    assert status(locked, get("/page.css")) == HTTPStatus.OK
