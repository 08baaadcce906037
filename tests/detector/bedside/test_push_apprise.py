"""One recipient: what is taken, what is not and why, and that no address is ever told."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.bedside.push_apprise import AppriseRecipient, BadAddress, NotTaken
from tests.detector.bedside.push_sink import Answer, Sink, sink

# Apprise loads all its services at once, one of them a module that Python 3.13 leaves out.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TIMEOUT_S = 0.5
PAGE = Path(__file__).parents[3] / "docs/how-to/push.md"


@pytest.fixture
def inbox() -> Iterator[Sink]:
    with sink() as running:
        yield running


def send(address: str, *, quiet: bool = False) -> None:
    AppriseRecipient(address, TIMEOUT_S).send("Possible cramp", "Straighten your leg: pull toes up ↑", quiet=quiet)


@pytest.mark.parametrize("scheme", ["json", "form", "ntfy"])
def test_title_and_text_arrive_as_they_were_written(inbox: Sink, scheme: str) -> None:
    send(inbox.address(scheme))
    (message,) = inbox.received
    assert (message.title, message.text) == ("Possible cramp", "Straighten your leg: pull toes up ↑")


@pytest.mark.parametrize("scheme", ["json", "form", "ntfy"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("error", "error=500"),
        ("redirect", "error=301"),
        ("silence", "no answer within"),
        ("trickle", "no answer within"),
    ],
)
def test_an_error_a_redirection_and_an_answer_that_does_not_come_or_does_not_end_are_failures(
    inbox: Sink, scheme: str, answer: Answer, reason: str
) -> None:
    inbox.answer = answer
    with pytest.raises(NotTaken, match=reason):
        send(inbox.address(scheme))
    assert inbox.received == []


def test_a_service_that_is_not_there_is_a_failure() -> None:
    with sink() as gone:
        address = gone.address()
    with pytest.raises(NotTaken, match=r"(?i)connection error .* 127\.0\.0\.1"):
        send(address)


def test_a_service_that_answers_for_ever_is_given_up_after_the_timeout(inbox: Sink) -> None:
    inbox.answer = "trickle"
    begun_s = time.monotonic()
    with pytest.raises(NotTaken):
        send(inbox.address())
    assert time.monotonic() - begun_s >= TIMEOUT_S  # and that it returned at all


@pytest.mark.parametrize(
    ("address", "quiet", "priority"),
    [
        ("inbox?priority=max", False, "max"),
        ("inbox?priority=max", True, "low"),
        ("inbox", True, "low"),
        ("inbox?priority=max&tags=zzz", True, "low"),
    ],
)
def test_a_quiet_message_makes_no_sound_whatever_the_address_says_of_alerts(
    inbox: Sink, address: str, quiet: bool, priority: str
) -> None:
    send(inbox.address("ntfy", address), quiet=quiet)
    assert [message.priority for message in inbox.received] == [priority]


@pytest.mark.parametrize(
    ("address", "quietened"),
    [
        ("pover://user@token?priority=emergency", "pover://user@token?priority=low"),
        ("tgram://123456789:abcdefghijk/1234567", "tgram://123456789:abcdefghijk/1234567?silent=yes"),
        ("json://127.0.0.1/inbox", "json://127.0.0.1/inbox"),  # knows no such thing
    ],
)
def test_each_service_is_asked_for_silence_in_its_own_way(address: str, quietened: str) -> None:
    assert AppriseRecipient(address, TIMEOUT_S)._quiet_address == quietened


EXAMPLES = re.findall(r"^\| .* \| `(\w+://[^`]+)`", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("address", EXAMPLES, ids=lambda address: address.partition(":")[0])
def test_every_example_in_the_documentation_is_understood(address: str) -> None:
    AppriseRecipient(address, TIMEOUT_S)


def test_the_documentation_has_examples_for_six_services() -> None:
    assert len(EXAMPLES) == 6


def test_an_address_apprise_does_not_understand_is_refused_without_repeating_it() -> None:
    for address in ("", "no address", "nothing://secret", "tgram://secret"):
        with pytest.raises(BadAddress) as refusal:
            AppriseRecipient(address, TIMEOUT_S)
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("json://sesame-user:sesame-word@127.0.0.1:9/sesame-path?-sesame-query=sesame-value", ["sesame"]),
        ("ntfy://127.0.0.1:9/sesame", ["sesame"]),
        ("ntfy://sesame:9/topic", ["sesame"]),
        ("mailto://sesame-user:sesame-word@127.0.0.1:9/?from=me@example.org&to=you@example.org", ["sesame", "you"]),
        ("gotify://127.0.0.1:9/sesame1234", ["sesame"]),
    ],
)
def test_no_part_of_an_address_that_lets_somebody_in_is_in_a_reason_or_in_any_log_even_when_all_is_logged(
    address: str, secrets: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    handler = logging.StreamHandler()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with pytest.raises(NotTaken) as failure:
            send(address)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    told = f"{failure.value} {''.join(capfd.readouterr())}"
    assert not [secret for secret in secrets if secret in told]


def test_what_a_service_says_of_a_token_is_told_without_the_token(inbox: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def careless(self: apprise.NotifyBase, *_: object, **__: object) -> bool:
        raise OSError(f"cannot post to http://127.0.0.1/{'open%20sesame'}: 'open sesame' is no token")

    recipient = AppriseRecipient(inbox.address(path="open%20sesame"), TIMEOUT_S)
    monkeypatch.setattr("apprise.plugins.custom_json.NotifyJSON.send", careless)
    with pytest.raises(NotTaken) as failure:
        recipient.send("title", "text", quiet=False)
    assert "sesame" not in str(failure.value)
