"""The settings file."""

from pathlib import Path

import pytest

from collector.contract.broker import BrokerSettings
from crampwatch.config import Config, Sensor, as_environment, dump, load, with_environment
from crampwatch.errors import UserError
from crampwatch.wiring import collector_settings
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


SENSOR = """
[[sensor]]
wearer = "w1"
site = "left_calf"
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
        ("a = " + "[" * 5000, "nested deeper"),
        ('[[sensor]]\nwearer="w\\n"\nsite="s"\n', "wearer"),
    ],
)
def test_what_cannot_be_is_refused_naming_the_entry(settings: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        loaded(settings, text)


def test_a_missing_file_is_told_by_its_name_with_what_to_do(settings: Path) -> None:
    with pytest.raises(UserError, match=r"crampwatch\.toml: .*--config.*`crampwatch setup`"):
        load(settings)


@pytest.mark.parametrize("name", ["Anna", "", "left calf", "w" * 65])
def test_a_name_that_cannot_be_is_told_in_words_and_not_as_a_pattern(settings: Path, name: str) -> None:
    with pytest.raises(
        UserError, match=r"sensor\[0\]\.wearer may only have 1 to 64 of the characters a-z, 0-9, _ and -$"
    ):
        loaded(settings, f'[[sensor]]\nwearer="{name}"\nsite="s"\n')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'time_zone = "UTC"\n' + SENSOR,
            "`time_zone` in the settings; known are timezone, data_directory, ",
        ),
        (SENSOR + 'profil = "umyo"\n', r"`profil` in sensor\[0\]; known are wearer, site, profile, name, address"),
        (SENSOR + '[[sensor.companion]]\nprofil = "umyo"\n', r"sensor\[0\]\.companion\[0\]; known are profile, name,"),
        (SENSOR + "[influx]\nurl = 'http://h'\nbuckett = 'b'\n", "`buckett` in influx; known are .*bucket"),
        (SENSOR + "[[alerts.target]]\nnam = 'x'\n", r"`nam` in alerts\.target\[0\]; known are name, "),
    ],
)
def test_a_misspelt_entry_is_told_with_the_ones_that_are_known(settings: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        loaded(settings, text)


def test_the_environment_goes_before_the_file(settings: Path) -> None:
    said = {"CRAMPWATCH_BROKER_PORT": "1884", "CRAMPWATCH_BROKER_PASSWORD": "secret"}
    config = with_environment(loaded(settings, WHOLE), said)
    assert config.broker is not None
    assert (config.broker.port, config.broker.password, config.broker.host) == (1884, "secret", "broker.home")


@pytest.mark.parametrize(
    "inside", ['password_file = "secret"', 'password_directory = "passwords"', 'username = "u"\npassword = "p"']
)
def test_a_password_in_the_environment_puts_those_of_the_file_out_of_use(settings: Path, inside: str) -> None:
    said = {"CRAMPWATCH_BROKER_USERNAME": "me", "CRAMPWATCH_BROKER_PASSWORD": "mine"}
    config = with_environment(loaded(settings, f"[broker]\n{inside}\n{SENSOR}"), said)
    entering = config.named_broker.as_role("detector")
    assert (entering.username, entering.secret()) == ("me", "mine")


def test_with_a_password_directory_each_role_enters_as_a_user_of_its_own(settings: Path) -> None:
    (settings.parent / "passwords").mkdir()
    for role in ("collector", "detector"):
        (settings.parent / "passwords" / role).write_text(f"{role}'s\n")
    config = loaded(settings, f'[broker]\npassword_directory = "passwords"\n{SENSOR}')
    collector, detector = collector_settings(config, config.sensors[0]).broker, config.named_broker.as_role("detector")
    assert [(it.username, it.secret()) for it in (collector, detector)] == [
        ("collector", "collector's"),
        ("detector", "detector's"),
    ]


def test_a_user_who_is_named_is_that_of_every_role(settings: Path) -> None:
    config = loaded(settings, WHOLE)
    assert {config.named_broker.as_role(role).username for role in ("collector", "detector")} == {"collector"}


def test_the_brokers_files_are_beside_the_settings(settings: Path) -> None:
    text = '[broker]\nca_file = "ca.crt"\npassword_file = "secret"\npassword_directory = "/etc/passwords"\n'
    broker = loaded(settings, text + SENSOR).broker
    assert broker is not None
    here = settings.parent
    assert (broker.ca_file, broker.password_file) == (str(here / "ca.crt"), str(here / "secret"))
    assert broker.password_directory == "/etc/passwords"


def test_a_ca_file_or_tls_makes_the_connection_encrypted() -> None:
    assert [it.encrypted for it in (BrokerSettings(), BrokerSettings(tls=True), BrokerSettings(ca_file="ca.crt"))] == [
        False,
        True,
        True,
    ]


def test_a_senseless_environment_is_refused(settings: Path) -> None:
    with pytest.raises(UserError, match="CRAMPWATCH_BROKER"):
        with_environment(loaded(settings, WHOLE), {"CRAMPWATCH_BROKER_PORT": "many"})


def test_a_broker_survives_the_way_through_the_environment(settings: Path) -> None:
    broker = BrokerSettings(port=1900, tls=True, ca_file="ca.crt", username="u", password="p", protocol="3.1.1")
    bare = Config(sensors=[Sensor(wearer="w", site="s")])
    assert with_environment(bare, as_environment(broker)).broker == broker


def test_what_is_written_reads_the_same(settings: Path) -> None:
    config = loaded(settings, WHOLE)
    settings.write_bytes(dump(config))
    assert load(settings) == config


def test_a_language_that_is_not_there_is_refused_with_those_that_are(settings: Path) -> None:
    with pytest.raises(UserError, match=r"there is no language 'tlh' for .alarm.; choose one of: de, en"):
        loaded(settings, SENSOR + '[alarm]\nlanguage = "tlh"\n')


def test_an_address_file_of_a_phone_is_beside_the_settings(settings: Path) -> None:
    config = loaded(settings, SENSOR + '[[alerts.target]]\nname = "me"\nurl_file = "secrets/me"\n')
    assert config.alerts.targets[0].url_file == str(settings.parent / "secrets" / "me")


def test_diary_and_queue_are_where_the_nights_are(settings: Path) -> None:
    config = loaded(settings, 'data_directory = "nights"' + SENSOR)
    assert {config.diary, config.push_queue} == {
        settings.parent / "nights" / "diary.sqlite",
        settings.parent / "nights" / "push.sqlite",
    }
