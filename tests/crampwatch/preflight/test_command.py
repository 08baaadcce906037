"""`crampwatch preflight` as a person meets it."""

import runpy
from datetime import date
from pathlib import Path

import pytest

from collector.contract.journal import Header, Journal
from crampwatch.commands.preflight import preflight
from crampwatch.config import Config, Detection, Sensor, dump
from crampwatch.errors import UserError
from crampwatch.preflight.placement import skin
from detector.alarm.settings import AlarmSettings
from detector.catalogue import load
from detector.diary.diary import Diary
from detector.muscles import MUSCLES, muscle_at
from tests.crampwatch.preflight.legs import WORKED_UV, resting
from tests.support.signals import LEFT_CALF, SESSION, START_NS, recording

DOCS = Path(__file__).parents[3] / "docs"
GUIDE, PICTURES = DOCS / "how-to" / "wear-the-sensor.md", DOCS / "pictures"


@pytest.mark.parametrize(
    ("site", "muscle"),
    [
        ("left_calf", "medial gastrocnemius"),
        ("right-outer-calf", "lateral gastrocnemius"),
        ("left_gastrocnemius_lateral", "lateral gastrocnemius"),
        ("right_shin", "tibialis anterior"),
        ("left_foot", "abductor hallucis and flexor hallucis brevis"),
        ("hamstring", "biceps femoris"),
        ("linke_wade", "medial gastrocnemius"),
        ("thigh_front", None),
        ("arm", None),
    ],
)
def test_the_name_of_a_site_tells_the_muscle(site: str, muscle: str | None) -> None:
    found = muscle_at(site)
    assert (found.name(load()) if found else None) == muscle


def test_where_tells_where_and_how_to_wear_a_sensor(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight(where="left_calf") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Inner calf (medial gastrocnemius)" in shown
    assert "2 cm apart" in shown
    assert "never with full strength" in shown


def test_where_speaks_the_language_of_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "crampwatch.toml"
    calf = Sensor(wearer="w1", site="left_calf")
    settings.write_bytes(dump(Config(alarm=AlarmSettings(language="de"), sensors=[calf])))
    assert preflight(config=settings, where="left_calf") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("Innere Wade (Gastrocnemius medialis)")
    assert "2 cm voneinander" in shown
    assert "nie mit voller Kraft" in shown
    with pytest.raises(UserError, match=r"'arm' gemeint ist.*calf \(Gastrocnemius medialis\)"):
        preflight(config=settings, where="arm")


def test_a_site_that_is_no_muscle_is_answered_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"'arm' is not known.*calf.*shin.*foot.*thigh"):
        preflight(where="arm")


def test_the_guide_says_the_same_word_by_word() -> None:
    page = " ".join(GUIDE.read_text().split())
    english = load()
    for muscle in MUSCLES:
        assert muscle.heading(english) in page
        assert all(english.say(f"preflight.muscle.{muscle.key}.{it}") in page for it in ("find", "along", "tense"))
    assert all(paragraph in page for paragraph in (*skin(english), english.say("preflight.where.softly")))


def test_the_pictures_of_the_guide_are_those_that_the_script_draws() -> None:
    drawn = runpy.run_path(str(PICTURES / "placement.py"))["pictures"]()
    assert {f"placement-{name}.svg": svg for name, svg in drawn.items()} == {
        path.name: path.read_text() for path in PICTURES.glob("placement-*.svg")
    }


def test_a_sensor_that_is_not_in_the_settings_is_answered_with_those_that_are(tmp_path: Path) -> None:
    settings = tmp_path / "crampwatch.toml"
    settings.write_bytes(dump(Config(sensors=[Sensor(wearer="w1", site="left_calf")])))
    with pytest.raises(UserError, match="it has w1 left_calf"):
        preflight(config=settings, site="right_calf")


def test_without_a_broker_it_runs_the_night_itself_and_a_recording_that_plays_is_led_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leg = tmp_path / "leg.journal"
    header = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS)
    with Journal.create(leg, header) as journal:
        # Ten minutes, at eight times their speed: the recording does not end before the check does.
        journal.append(recording(resting(600.0).contract(25, 28, WORKED_UV)))
        journal.end()
    played = Sensor(wearer="w1", site="left_calf", recording=str(leg), speed=8.0)
    settings = tmp_path / "crampwatch.toml"
    config = Config(
        data_directory=str(tmp_path / "nights"),
        sensors=[played],
        detection=Detection(clock="samples", commit_every_s=1.0),
    )
    settings.write_bytes(dump(config))
    code = preflight(config=settings, alarm=False)
    shown = capsys.readouterr().out
    prompts = [
        shown.index(word) for word in ("Rest:", "Now, for 3 s:", "Let go", "That was all of it", "contact: on the skin")
    ]
    assert prompts == sorted(prompts)
    assert "contraction: seen" in shown
    assert code == 0, shown
    with Diary(tmp_path / "nights" / "diary.sqlite", read_only=True) as diary:
        assert len(diary.preflights(LEFT_CALF, date(2026, 11, 19))) == 1
