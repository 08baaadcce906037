"""What keeps a client out of the broker is told in words; how long it waits; what the broker does not take."""

import logging
import socket
import ssl
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from collector.contract.broker import BadAccess, BrokerSettings
from collector.mqtt_client import Attempts, Denials, Repeats, mqtt_client, unreachable
from tests.support.brokers import ShippedMosquitto

log = logging.getLogger("collector.test")
ENTERED = ReasonCode(PacketTypes.CONNACK, "Success")
NOT_AUTHORIZED = ReasonCode(PacketTypes.CONNACK, "Not authorized")
LOST = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")
GOODBYE = ReasonCode(PacketTypes.DISCONNECT, "Normal disconnection")
TAKEN_OVER = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
DENIED = ReasonCode(PacketTypes.PUBACK, "Not authorized")
TAKEN = ReasonCode(PacketTypes.PUBACK, "Success")


def told(settings: BrokerSettings) -> str:
    """Why there is no connection with these settings."""
    try:
        mqtt_client(settings).connect(settings.host, settings.port)
    except OSError as error:
        return str(unreachable(settings, error))
    raise AssertionError("it connected")


def test_an_unknown_authority_is_answered_with_where_to_get_its_certificate(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    other = ShippedMosquitto(tmp_path)
    for ca_file in (None, str(other.plan.folder / "ca.crt")):
        said = told(shipped_mosquitto.encrypted_access("collector", ca_file=ca_file, tls=True))
        assert "not signed by an authority we trust" in said
        assert "ca.crt as ca_file" in said


def test_a_certificate_for_another_name_is_told_as_such(shipped_mosquitto: ShippedMosquitto) -> None:
    # The whole of 127/8 leads to this computer; the certificate is for 127.0.0.1, localhost and broker.invalid.
    said = told(shipped_mosquitto.encrypted_access("collector", host="127.0.0.2"))
    assert "its certificate is for another host name" in said


@pytest.mark.parametrize(
    ("code", "expected"),
    # X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED in OpenSSL's x509_vfy.h
    [(9, "not valid yet; is this computer's clock right?"), (10, "has expired; have a new one made")],
)
def test_a_certificate_out_of_its_time_makes_one_ask_for_the_clock(code: int, expected: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    said = str(unreachable(BrokerSettings(tls=True), error))
    assert expected in said
    assert "clock" in said


def test_tls_to_a_port_without_it_is_answered_with_the_port_to_take(shipped_mosquitto: ShippedMosquitto) -> None:
    said = told(shipped_mosquitto.encrypted_access("collector", port=shipped_mosquitto.port))
    assert "does not speak TLS there" in said
    assert "8883" in said


def test_a_broker_that_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = BrokerSettings(port=mute.getsockname()[1], tls=True)
        client = mqtt_client(settings)
        client.connect_timeout = 0.2
        with pytest.raises(OSError, match="timed out") as caught:
            client.connect(settings.host, settings.port)
        assert "no answer in time" in str(unreachable(settings, caught.value))


def test_a_file_that_is_needed_to_enter_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for settings, expected in (
        (BrokerSettings(ca_file=str(empty)), "CA file .*empty holds no certificate; name a copy"),
        (BrokerSettings(ca_file=str(tmp_path / "gone")), r"gone cannot be read \(No such file"),
        (BrokerSettings(username="u", password_file=str(tmp_path)), r"cannot be read \(Is a directory\); correct"),
    ):
        with pytest.raises(BadAccess, match=expected):
            mqtt_client(settings)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(BrokerSettings(), "crampwatch-collector-w1-left_calf", log, (0.25, 30.0), clock)


def test_each_wait_is_twice_the_one_before_up_to_the_longest(attempts: Attempts) -> None:
    assert [attempts.next_s() for _ in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]


def test_only_a_connection_that_lasted_makes_the_wait_short_again(attempts: Attempts, clock: Clock) -> None:
    waits = []
    for lasted_s in (1, 1, 1, 600, 1):
        attempts.answered(ENTERED)
        clock.now_s += lasted_s
        attempts.ended(LOST)
        waits.append(attempts.next_s())
    assert waits == [0.25, 0.5, 1, 0.25, 0.5]


def test_who_is_told_to_have_been_taken_over_waits_a_minute_and_says_by_whom(
    attempts: Attempts, caplog: pytest.LogCaptureFixture
) -> None:
    attempts.answered(ENTERED)
    attempts.ended(TAKEN_OVER)
    assert attempts.next_s() == 60
    assert "another client took our session over; do two programs run as crampwatch-collector-w1" in caplog.text


def test_a_connection_that_is_lost_at_once_makes_one_ask_for_a_second_program(
    attempts: Attempts, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    attempts.answered(ENTERED)
    clock.now_s += 3
    attempts.ended(LOST)
    assert "lost after 3 s; when this goes on: do two programs run as crampwatch-collector-w1" in caplog.text


def test_what_goes_on_is_told_once_and_again_after_it_was_over(
    attempts: Attempts, caplog: pytest.LogCaptureFixture
) -> None:
    def times() -> int:
        return caplog.text.count("refuses us (Not authorized); check user and password")

    for _ in range(3):
        assert not attempts.answered(NOT_AUTHORIZED)
        attempts.ended(LOST)
    assert times() == 1
    attempts.answered(ENTERED)
    attempts.ended(GOODBYE)
    attempts.answered(NOT_AUTHORIZED)
    assert times() == 2


def test_a_hangup_without_an_answer_makes_one_think_of_tls(
    attempts: Attempts, caplog: pytest.LogCaptureFixture
) -> None:
    attempts.ended(LOST)
    assert "hung up without an answer; does this port want TLS?" in caplog.text


def test_our_own_goodbye_is_no_news(attempts: Attempts, caplog: pytest.LogCaptureFixture) -> None:
    attempts.answered(ENTERED)
    attempts.ended(GOODBYE)
    assert caplog.text == ""


def test_a_denial_is_told_once_for_each_kind_and_once_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    denials = Denials(BrokerSettings(username="detector"), log)
    for what, reason in [("event", DENIED), ("ack", TAKEN), ("event", DENIED), ("event", TAKEN), ("event", TAKEN)]:
        denials.note(what, reason)
    first, second = (record.getMessage() for record in caplog.records)
    assert "denies us event (Not authorized); let user detector write to crampwatch/v1/+/+/event" in first
    assert second == "the MQTT broker takes event again"
    assert not denials


def test_a_denial_below_another_root_names_the_rule_that_is_needed_there(caplog: pytest.LogCaptureFixture) -> None:
    Denials(BrokerSettings(username="alarm"), log).note("config", DENIED, "homeassistant/device/+/config")
    assert "let user alarm write to homeassistant/device/+/config in its access control list" in caplog.text


def test_of_what_is_retained_the_newest_of_each_denied_topic_is_said_again_after_a_pause() -> None:
    now_s = [0.0]
    repeats = Repeats(10.0, lambda: now_s[0])
    for topic, payload, answer in [
        ("a", b"1", DENIED),
        ("a", b"2", DENIED),
        ("b", b"1", DENIED),
        ("b", b"2", TAKEN),
        ("c", b"1", TAKEN),
    ]:
        repeats.said(topic, payload)
        repeats.answered(topic, answer)
    assert not repeats.due()
    now_s[0] = 10.0
    assert repeats.due()
    assert repeats.denied() == [("a", b"2")]
    assert not repeats.due()


def test_one_denial_after_the_other_does_not_put_off_the_repetition() -> None:
    now_s = [0.0]
    repeats = Repeats(10.0, lambda: now_s[0])
    for second in range(10):
        now_s[0] = float(second)
        repeats.answered("event", DENIED)
    now_s[0] = 10.0
    assert repeats.due()
    assert repeats.denied() == []  # of what is not retained whoever said it knows
