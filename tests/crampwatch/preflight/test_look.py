"""The whole look before bed: over a real broker, at legs that do this and that, and filed for the morning."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path

import msgspec
import pytest

from collector.contract.broker import BrokerSettings
from collector.contract.codec import encode_block, encode_json
from collector.contract.messages import NS, Health, LinkHealth, SampleBlock, Status
from collector.mqtt_client import mqtt_client
from crampwatch.config import Config, Sensor
from crampwatch.doctor.finding import Finding
from crampwatch.errors import UserError
from crampwatch.preflight.look import Prompt, look
from crampwatch.preflight.wording import line, prompt
from detector.alarm.settings import AlarmSettings
from detector.catalogue import load
from detector.diary.diary import Diary
from detector.sight import Seen
from tests.crampwatch.preflight.legs import SECONDS, flat, loose, resting, worked
from tests.support.brokers import ShippedMosquitto
from tests.support.signals import LEFT_CALF, START_NS, Leg, recording

SENSOR = Sensor(wearer="w1", site="left_calf", recording="played by the test")
"""One that plays: its samples are of another day."""
LINK = LinkHealth(device="node", state="streaming", rssi_dbm=-60, battery_percent=80.0, battery_hours_left=40.0)
HEALTH = Health(
    t_ns=START_NS, session=None, links=(LINK,), samples={}, lost={}, fitted_ppm={}, refused={}, unpublished=0
)
SEEN = Seen(state="WATCHING", since_ns=START_NS, text="", judged_ns=START_NS + round(SECONDS * NS))


@contextmanager
def publishing(broker: ShippedMosquitto, blocks: list[SampleBlock]) -> Iterator[None]:
    """Play the blocks again and again, each time as a new session: who comes in the middle hears the next one whole."""
    collector, detector = (mqtt_client(broker.access(role)) for role in ("collector", "detector"))
    stop = threading.Event()
    for client in (collector, detector):
        client.connect(broker.host, broker.port)
        client.loop_start()

    def play() -> None:
        for number in count():
            collector.publish(LEFT_CALF.topic("health"), encode_json(HEALTH), 1)
            for block in blocks:
                if block.seq % 10 == 0:
                    collector.publish(LEFT_CALF.topic("health"), encode_json(HEALTH), 1)
                again = msgspec.structs.replace(block, session=f"session-{number}")
                collector.publish(LEFT_CALF.topic(block.stream), encode_block(again), 1).wait_for_publish(5)
            if stop.wait(0.02):
                return

    status = Status(state="online", t_ns=START_NS)
    collector.publish(LEFT_CALF.topic("status"), encode_json(status), 1, retain=True).wait_for_publish(5)
    detector.publish(LEFT_CALF.topic("watch"), encode_json(SEEN), 1, retain=True).wait_for_publish(5)
    player = threading.Thread(target=play)
    player.start()
    yield
    stop.set()
    player.join()
    for client in (collector, detector):
        client.disconnect()
        client.loop_stop()


def config(folder: Path, language: str = "en") -> Config:
    alarm = AlarmSettings(language=language)
    return Config(timezone="Europe/Berlin", data_directory=str(folder), sensors=[SENSOR], alarm=alarm)


def looked(broker: BrokerSettings, folder: Path, patience_s: float = 20.0) -> tuple[dict[str, Finding], list[Prompt]]:
    begun: list[Prompt] = []
    found = look(config(folder), SENSOR, broker, begun.append, test_alarm=True, patience_s=patience_s)
    return {finding.area: finding for finding in found}, begun


@pytest.mark.parametrize(
    ("leg", "amiss"),
    [
        (worked(), {}),
        (resting(), {"contraction": "problem"}),
        (
            loose(worked()),
            {"contact": "problem", "mains": "not asked", "rest": "not asked", "contraction": "not asked"},
        ),
        (worked().hum(0, SECONDS, 100.0), {"mains": "problem"}),
        (flat(worked()), {"contact": "problem", "mains": "not asked", "rest": "not asked", "contraction": "not asked"}),
    ],
    ids=["rests and works", "only rests", "loose electrode", "mains", "electrode off"],
)
def test_a_viewer_at_a_secured_broker_is_told_how_the_leg_is(
    leg: Leg, amiss: dict[str, str], shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    with publishing(shipped_mosquitto, recording(leg)):
        found, begun = looked(shipped_mosquitto.access("viewer"), tmp_path)
    assert begun[-4:] == ["rest", "tense", "release", "done"]
    of_the_host = {"clock", "disk", "alarm"}
    expected = dict.fromkeys(found.keys() - of_the_host, "ok") | amiss
    assert {area: found[area].state for area in expected} == expected


def test_a_sensor_that_is_silent_is_not_waited_for_for_ever(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    with publishing(shipped_mosquitto, []):
        found, begun = looked(shipped_mosquitto.access("viewer"), tmp_path, patience_s=1.0)
    assert begun == []
    assert found["sensor"].says == "no muscle signal comes"
    assert {found[area].state for area in ("contact", "contraction", "accelerometer")} == {"not asked"}
    assert found["battery"].state == "ok"


def test_what_was_found_is_filed_with_the_night_and_names_nobody(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    with publishing(shipped_mosquitto, recording(worked())):
        found, _ = looked(shipped_mosquitto.access("viewer"), tmp_path)
    with Diary(tmp_path / "diary.sqlite", read_only=True) as diary:
        # 2026-11-19T22:00 UTC is 23:00 in Berlin.
        (filed,) = diary.preflights(LEFT_CALF, date(2026, 11, 19))
    assert [(check.area, check.state, check.says) for check in filed.checks] == [
        (finding.area, finding.state, finding.says) for finding in found.values()
    ]
    assert filed.muscles[0].rest_uv is not None
    assert "w1" not in msgspec.json.encode(filed).decode()


def test_a_household_that_speaks_german_is_led_and_answered_in_german_and_the_kinds_are_filed_as_ever(
    shipped_mosquitto: ShippedMosquitto, tmp_path: Path
) -> None:
    german, shown = load("de"), list[str]()
    with publishing(shipped_mosquitto, recording(resting())):
        found = look(
            config(tmp_path, "de"),
            SENSOR,
            shipped_mosquitto.access("viewer"),
            lambda now: shown.append(prompt(now, SENSOR.site, german)),
            test_alarm=True,
        )
    rest, tense, release, done = shown[-4:]
    assert (rest, release) == ("Ruhe: Das Bein 20 s lang locker liegen lassen.", "Loslassen und wieder ruhig liegen.")
    assert tense.startswith("Jetzt 3 s lang: den Fußballen sanft gegen das Bettende")
    assert done == "Das war alles."
    lines = [line(it, german) for it in found]
    assert "ok         Sensor: verbunden, Messwerte kommen an" in lines
    assert "ok         Beschleunigungssensor: arbeitet; er spürt 1,00 g" in lines
    assert "Problem    Alarm: Der Alarm läuft nicht; `crampwatch night` startet ihn" in lines
    (missed,) = [it for it in lines if "Anspannung" in it]
    assert missed.startswith("Problem    Anspannung: Es war keine zu erkennen; noch einmal versuchen: den Fußballen")
    with Diary(tmp_path / "diary.sqlite", read_only=True) as diary:
        (filed,) = diary.preflights(LEFT_CALF, date(2026, 11, 19))
    assert {check.area: check.state for check in filed.checks}["contraction"] == "problem"
    assert "Es war keine zu erkennen" in [check.says for check in filed.amiss]


def test_without_an_alarm_that_runs_nobody_would_be_woken(shipped_mosquitto: ShippedMosquitto, tmp_path: Path) -> None:
    with publishing(shipped_mosquitto, []):
        found, _ = looked(shipped_mosquitto.access("viewer"), tmp_path, patience_s=0.5)
    assert (found["alarm"].state, found["alarm"].says) == ("problem", "no alarm is running")


def test_a_broker_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is it running"):
        looked(BrokerSettings(port=1), tmp_path)
