"""What the morning says of the look before bed."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.messages import NS
from collector.contract.topics import place
from crampwatch.commands.report import report
from detector.alarm.preflight_message import Check, Muscle, Preflight
from detector.batch import Batch
from detector.diary.diary import Diary
from detector.report import render, texts
from detector.report.before_bed import sentences
from detector.report.local_clock import LocalClock
from detector.store import NightStore
from tests.detector.report.test_page import MORNING
from tests.support.blocks import START_NS
from tests.support.frames import INFO, frames
from tests.support.nights import ONE_CRAMP

CLOCK = LocalClock(ZoneInfo("Europe/Berlin"), START_NS, START_NS + 8 * 3600 * NS)
CONTACT = Check(area="contact", state="ok", says="on the skin")
MAINS = Check(area="mains", state="warning", says="the power line is strong", cure="unplug it")
BATTERY = Check(area="battery", state="problem", says="lasts for 3 h", cure="charge it")
ALARM = Check(area="alarm", state="not asked", says="no alarm is running")


def found(*checks: Check, muscles: tuple[Muscle, ...] = ()) -> Preflight:
    # 22:00 UTC, 23:00 in Berlin; the look was ten minutes earlier.
    return Preflight(night=date(2026, 11, 19), t_ns=START_NS - 600 * NS, by="preflight", checks=checks, muscles=muscles)


def test_when_nothing_was_amiss_one_sentence_says_so_with_its_time() -> None:
    assert sentences(found(CONTACT), CLOCK) == ["At 22:50 everything that was looked at was as it should be."]


def test_what_was_amiss_is_named_the_problems_first() -> None:
    said = sentences(found(CONTACT, MAINS, BATTERY), CLOCK)
    assert said == [
        "At 22:50 not everything was as it should be: battery: lasts for 3 h; mains: the power line is strong."
    ]


def test_what_was_not_asked_is_not_passed_over() -> None:
    assert "Not asked: alarm." in sentences(found(CONTACT, ALARM), CLOCK)


def test_the_muscles_levels_are_told_as_far_as_they_were_seen() -> None:
    muscles = (
        Muscle(channel="a", rest_uv=2.0, contraction_uv=30.0),
        Muscle(channel="b", rest_uv=1.5),
        Muscle(channel="c"),
    )
    assert sentences(found(muscles=muscles), CLOCK)[1:] == [
        "a: 2.0 µV at rest, 15 times that in a soft contraction.",
        "b: 1.5 µV at rest; no contraction was seen.",
    ]


def test_a_night_before_which_nobody_looked_has_no_such_section() -> None:
    with_look, without = (render(ONE_CRAMP.record(), [], MORNING, it) for it in (found(CONTACT), None))
    assert texts.PREFLIGHT_HEADING in with_look
    assert texts.PREFLIGHT_HEADING not in without


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A store with a minute of one night."""
    path = tmp_path / "nights.sqlite"
    with NightStore(path) as nights:
        info = msgspec.structs.replace(INFO, session="tonight")
        nights.commit(Batch(info=info, start_ns=START_NS, end_ns=START_NS + 60 * NS, frames=frames(0, 60)))
    return path


def test_the_last_look_of_the_evening_is_in_the_report_and_that_of_another_leg_is_not(night: Path) -> None:
    with Diary(night.with_name("diary.sqlite")) as diary:
        for site, check in (("left_calf", MAINS), ("left_calf", CONTACT), ("right_calf", BATTERY)):
            diary.add(place("w1", site), found(check))
    out = night.with_name("morning.html")
    report(out=out, store=night, timezone="Europe/Berlin")
    page = out.read_text("utf-8")
    assert "everything that was looked at was as it should be" in page
    assert "battery" not in page


def test_a_damaged_diary_keeps_nobody_from_the_report(night: Path, capsys: pytest.CaptureFixture[str]) -> None:
    night.with_name("diary.sqlite").write_bytes(b"not a diary" * 100)
    out = night.with_name("morning.html")
    report(out=out, store=night, timezone="Europe/Berlin")
    assert out.exists()
    assert "left out of the report" in capsys.readouterr().err
