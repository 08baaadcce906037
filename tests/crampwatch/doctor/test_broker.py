"""`crampwatch doctor` about the broker: asked of real ones."""

from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.topics import Place
from collector.embedded_broker import free_port
from crampwatch.broker import certificates
from crampwatch.doctor import broker as doctor
from crampwatch.doctor.broker import broker
from crampwatch.doctor.finding import Finding
from tests.support.brokers import Mosquitto, RunningBroker, ShippedMosquitto

LEFT = Place("w1", "left_calf")
BOTH_WAYS = ["what the collector publishes arrives", "what the detector publishes arrives"]


def asked(running: RunningBroker, **changed: object) -> list[Finding]:
    known = {name: getattr(running, name) for name in ("host", "port", "username", "password", "protocol")}
    return broker(BrokerSettings(**(known | changed)), [LEFT])


def said(found: list[Finding]) -> list[str]:
    return [finding.says for finding in found]


@pytest.mark.parametrize("which", ["mosquitto", "embedded_broker"])
def test_a_broker_over_which_both_sides_hear_each_other_is_ok(which: str, request: pytest.FixtureRequest) -> None:
    found = asked(request.getfixturevalue(which))
    assert said(found) == BOTH_WAYS
    assert {finding.state for finding in found} == {"ok"}


def test_with_the_shipped_rights_collector_and_detector_hear_each_other(shipped_mosquitto: ShippedMosquitto) -> None:
    passwords = str(shipped_mosquitto.plan.passwords)
    assert said(broker(BrokerSettings(port=shipped_mosquitto.port, password_directory=passwords), [LEFT])) == BOTH_WAYS


def test_each_place_is_asked_for(mosquitto: Mosquitto) -> None:
    settings = BrokerSettings(
        host=mosquitto.host, port=mosquitto.port, username=mosquitto.username, password=mosquitto.password
    )
    found = broker(settings, [LEFT, Place("w2", "right_calf")])
    assert ["w1" in found[0].about, "w2" in found[2].about] == [True, True]


def test_where_only_the_collectors_password_is_it_alone_is_asked(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    (tmp_path / "collector").write_text((shipped_mosquitto.plan.passwords / "collector").read_text())
    settings = BrokerSettings(port=shipped_mosquitto.port, password_directory=str(tmp_path))
    assert said(broker(settings, [LEFT])) == ["lets the collector in and takes what it publishes"]


def test_a_password_directory_without_passwords_is_told(tmp_path: Path) -> None:
    (told,) = broker(BrokerSettings(port=free_port(), password_directory=str(tmp_path)), [LEFT])
    assert (told.state, "no password for collector or detector" in told.says) == ("problem", True)


def test_a_denied_publish_is_a_problem_of_the_access_control_list(mosquitto_that_denies: Mosquitto) -> None:
    collector, detector = asked(mosquitto_that_denies)
    assert (collector.state, "denies what the collector publishes" in collector.says) == ("problem", True)
    assert "crampwatch/v1/+/+/emg in the broker's access control list" in collector.cure
    assert "denies what the detector publishes" in detector.says


def test_what_is_denied_without_a_word_is_missed_on_the_other_side(
    mosquitto_that_denies: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ANSWER_S", 1.0)
    told = asked(mosquitto_that_denies, protocol="3.1.1")[0]
    assert (told.state, told.says) == ("problem", "what the collector publishes does not arrive")


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_a_problem_of_the_settings(mosquitto: Mosquitto, protocol: str) -> None:
    (told,) = asked(mosquitto, password="wrong", protocol=protocol)
    assert (told.state, "refuses us" in told.says, "user and password" in told.cure) == ("problem", True, True)


def test_a_password_file_that_is_not_there_is_named_as_the_cause(mosquitto: Mosquitto, tmp_path: Path) -> None:
    (told,) = asked(mosquitto, password_file=str(tmp_path / "gone"))
    assert "password file cannot be read (No such file" in told.says


def test_no_broker_at_the_port() -> None:
    (told,) = broker(BrokerSettings(port=free_port()), [LEFT])
    assert (told.state, told.says) == ("problem", "it cannot be reached (Connection refused)")


def test_a_host_that_is_not_known() -> None:
    (told,) = broker(BrokerSettings(host="nobody.invalid"), [LEFT])
    assert (told.state, "it cannot be reached" in told.says) == ("problem", True)


@pytest.mark.parametrize(("days", "told"), [(365, []), (5, ["its certificate expires in 5 days"])])
def test_over_tls_a_certificate_that_is_about_to_expire_is_told(
    days: int, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "DAYS", days)
    running = ShippedMosquitto(tmp_path)
    running.start()
    assert said(broker(running.encrypted_access("collector"), [])) == told
    running.stop()


def test_a_broker_elsewhere_without_encryption_is_a_warning(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_is_this_computer", lambda _: False)
    told = asked(mosquitto)[0]
    assert (told.state, "unencrypted" in told.says, "--lan" in told.cure) == ("warning", True, True)
