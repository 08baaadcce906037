"""The settings file."""

from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from crampwatch.config import Config, Sensor, as_environment, dump, load, with_environment
from crampwatch.errors import UserError
from detector.settings import DetectorSettings

WHOLE = """
timezone = "Europe/Berlin"
data_directory = "nights"

[broker]
host = "broker.home"
port = 8883
username = "collector"
password_file = "/etc/crampwatch/password"

[[sensor]]
wearer = "w1"
site = "left_calf"
name = "cramp-node 17"

[[sensor]]
wearer = "w1"
site = "right_calf"
recording = "right.edf"
speed = "max"

[detector]
confirm_asleep_s = 15.0
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "crampwatch.toml"


def loaded(settings: Path, text: str) -> Config:
    settings.write_text(text)
    return load(settings)


def test_says_who_wears_what_and_where_the_broker_is(settings: Path) -> None:
    config = loaded(settings, WHOLE)
    assert [(sensor.wearer, sensor.site) for sensor in config.sensors] == [("w1", "left_calf"), ("w1", "right_calf")]
    assert config.broker == BrokerSettings(
        host="broker.home", port=8883, username="collector", password_file="/etc/crampwatch/password"
    )
    assert config.detector == DetectorSettings(confirm_asleep_s=15.0)


def test_a_relative_data_folder_is_beside_the_settings(settings: Path) -> None:
    assert loaded(settings, WHOLE).directory == settings.parent / "nights"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "sensor"),
        ('timezone = "Mars/Olympus"\n[[sensor]]\nwearer="w"\nsite="s"\n', "Europe/Berlin"),
        ('[[sensor]]\nwearer="W 1"\nsite="s"\n', "wearer"),
        ('[[sensor]]\nwearer="w"\nsite="s"\n[[sensor]]\nwearer="w"\nsite="s"\n', "two .*sensor.* entries"),
        ('[[sensor]]\nwearer="w"\nsite="s"\nblock_s = 0\n', "block_s"),
        ('[[sensor]]\nwearer="w"\nsite="s"\n[detector]\non_ratio = 0.5\n', r"detector\.on_ratio"),
        ("[[sensor", "crampwatch.toml"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_entry(settings: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        loaded(settings, text)


def test_a_missing_file_is_told_by_its_name(settings: Path) -> None:
    with pytest.raises(UserError, match=r"crampwatch\.toml"):
        load(settings)


def test_the_environment_goes_before_the_file(settings: Path) -> None:
    said = {"CRAMPWATCH_BROKER_PORT": "1884", "CRAMPWATCH_BROKER_PASSWORD": "secret"}
    config = with_environment(loaded(settings, WHOLE), said)
    assert config.broker is not None
    assert (config.broker.port, config.broker.password, config.broker.host) == (1884, "secret", "broker.home")


def test_a_senseless_environment_is_refused(settings: Path) -> None:
    with pytest.raises(UserError, match="CRAMPWATCH_BROKER"):
        with_environment(loaded(settings, WHOLE), {"CRAMPWATCH_BROKER_PORT": "many"})


def test_a_broker_survives_the_way_through_the_environment(settings: Path) -> None:
    broker = BrokerSettings(port=1900, username="u", password="p", protocol="3.1.1")
    bare = Config(sensors=[Sensor(wearer="w", site="s")])
    assert with_environment(bare, as_environment(broker)).broker == broker


def test_what_is_written_reads_the_same(settings: Path) -> None:
    config = loaded(settings, WHOLE)
    settings.write_bytes(dump(config))
    assert load(settings) == config
