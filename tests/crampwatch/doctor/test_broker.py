"""`crampwatch doctor` about the broker: asked of real ones."""

from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.topics import Place
from collector.embedded_broker import EmbeddedBroker, free_port
from crampwatch.doctor.broker import broker
from crampwatch.doctor.finding import Finding
from tests.support.brokers import Mosquitto, RunningBroker

LEFT = Place("w1", "left_calf")


def asked(running: RunningBroker, **changed: object) -> Finding:
    known = {name: getattr(running, name) for name in ("host", "port", "username", "password", "protocol")}
    (finding,) = broker(BrokerSettings(**(known | changed)), [LEFT])
    return finding


def test_a_broker_that_takes_everything_is_ok(mosquitto: Mosquitto) -> None:
    assert asked(mosquitto)[1:3] == ("ok", "lets us in and takes what we publish")


def test_each_place_is_asked_for(mosquitto: Mosquitto) -> None:
    settings = BrokerSettings(
        host=mosquitto.host, port=mosquitto.port, username=mosquitto.username, password=mosquitto.password
    )
    found = broker(settings, [LEFT, Place("w2", "right_calf")])
    assert ["w1" in found[0].about, "w2" in found[1].about] == [True, True]


def test_mqtt_3_1_1_does_not_tell_whether_publishing_is_allowed(
    embedded_broker: EmbeddedBroker, mosquitto_that_denies: Mosquitto
) -> None:
    for running in (embedded_broker, mosquitto_that_denies):
        told = asked(running, protocol="3.1.1")
        assert (told.state, "does not tell" in told.says) == ("ok", True)


def test_a_denied_publish_is_a_problem_of_the_access_control_list(mosquitto_that_denies: Mosquitto) -> None:
    told = asked(mosquitto_that_denies)
    assert (told.state, "denies what we publish" in told.says) == ("problem", True)
    assert "access control list" in told.cure


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_a_problem_of_the_settings(mosquitto: Mosquitto, protocol: str) -> None:
    told = asked(mosquitto, password="wrong", protocol=protocol)
    assert (told.state, "refuses us" in told.says, "username and password" in told.cure) == ("problem", True, True)


def test_a_password_file_that_is_not_there_is_named_as_the_cause(mosquitto: Mosquitto, tmp_path: Path) -> None:
    told = asked(mosquitto, password_file=str(tmp_path / "gone"))
    assert "password file cannot be read (No such file" in told.says


def test_no_broker_at_the_port() -> None:
    (told,) = broker(BrokerSettings(port=free_port()), [LEFT])
    assert (told.state, "there is no broker (Connection refused)" in told.says) == ("problem", True)


def test_a_host_that_is_not_known() -> None:
    (told,) = broker(BrokerSettings(host="nobody.invalid"), [LEFT])
    assert (told.state, "there is no broker" in told.says) == ("problem", True)
