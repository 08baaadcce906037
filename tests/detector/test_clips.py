"""Which events get a clip, when, and what becomes of the others."""

from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.contract.journal import Header, Journal
from collector.contract.messages import NS
from detector.alarm.messages import Verdict
from detector.clips import Clips
from detector.diary.diary import Diary
from detector.events import Event
from detector.store import NightStore
from tests.detector.test_store import batch
from tests.support.blocks import START_NS, block
from tests.support.frames import PLACE, SESSION, event, frames

ALERT = event(100, "ended", end_s=140)
SPOKEN_OF = event(200, "rejected", end_s=205)
UNSPOKEN = event(300, "rejected", end_s=305)
GOES_ON = event(500)


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    with NightStore(tmp_path / "nights.sqlite") as store:
        store.commit(batch(600, frames(0, 60), ALERT, SPOKEN_OF, UNSPOKEN, GOES_ON))
    with Diary(tmp_path / "diary.sqlite") as diary:
        diary.add(PLACE, Verdict(event_id=SPOKEN_OF.id, verdict="cramp", by="wearer", t_ns=1, id="v1"))
    return Clips(tmp_path, tmp_path / "nights.sqlite", tmp_path / "diary.sqlite", ZoneInfo("Europe/Berlin"))


def journal(folder: Path, seconds: int, *, ended: bool = True, acc_s: int | None = None) -> Path:
    path = folder / f"{SESSION}.journal"
    header = Header(session=SESSION, wearer=PLACE.wearer, site=PLACE.site, started_ns=START_NS)
    with Journal.create(path, header) as made:
        made.append(block(seq) for seq in range(seconds))
        made.append(block(seq, "acc", samples=range(30)) for seq in range(seconds if acc_s is None else acc_s))
        if ended:
            made.end()
    return path


def outcomes(clips: Clips) -> dict[str, str]:
    return {clip.event.id: clip.outcome for clip in clips.keep_all()}


def span_s(clips: Clips, of: Event) -> tuple[float, float]:
    with Journal.open(clips.path(of), read_only=True) as clip:
        first, last = clip.first_blocks()["emg"], clip.last_blocks()["emg"]
    return (first.t0_ns - START_NS) / NS, (last.end_ns - START_NS) / NS


def test_alerts_and_what_has_a_verdict_are_kept_from_a_minute_before_to_a_minute_after(
    clips: Clips, tmp_path: Path
) -> None:
    journal(tmp_path, 600)
    assert outcomes(clips) == {ALERT.id: "made", SPOKEN_OF.id: "made", GOES_ON.id: "waiting"}
    assert span_s(clips, ALERT) == (40, 200)
    assert span_s(clips, SPOKEN_OF) == (140, 265)
    assert sorted((tmp_path / "clips").iterdir()) == sorted([clips.path(ALERT), clips.path(SPOKEN_OF)])


def test_a_clip_is_named_after_its_night_by_the_wearers_clock_its_place_and_its_event(clips: Clips) -> None:
    assert clips.path(ALERT).name == f"2026-11-19_w1_left_calf_{ALERT.id}.journal"
    after_midnight = msgspec.structs.replace(ALERT, onset_ns=START_NS + 3 * 3600 * NS)  # 02:00 in Berlin
    assert clips.path(after_midnight).name.startswith("2026-11-19_")


def test_what_is_there_and_whole_is_left_alone_and_what_is_not_is_made_again(clips: Clips, tmp_path: Path) -> None:
    journal(tmp_path, 600)
    clips.keep_all()
    before = clips.path(ALERT).stat()
    clips.path(SPOKEN_OF).write_bytes(clips.path(SPOKEN_OF).read_bytes()[:100])
    assert outcomes(clips) == {ALERT.id: "there", SPOKEN_OF.id: "made", GOES_ON.id: "waiting"}
    assert clips.path(ALERT).stat() == before
    assert span_s(clips, SPOKEN_OF) == (140, 265)


def test_it_waits_until_each_stream_has_passed_the_minute_after_or_the_session_has_ended(
    clips: Clips, tmp_path: Path
) -> None:
    journal(tmp_path, 199, ended=False)
    assert clips.keep(ALERT).outcome == "waiting"
    (tmp_path / f"{SESSION}.journal").unlink()
    journal(tmp_path, 400, ended=False, acc_s=199)
    assert clips.keep(ALERT).outcome == "waiting"
    with Journal.open(tmp_path / f"{SESSION}.journal") as going_on:
        going_on.append([block(199, "acc", samples=range(30))])
    assert clips.keep(ALERT).outcome == "made"
    (tmp_path / f"{SESSION}.journal").unlink()
    journal(tmp_path, 220)
    assert clips.keep(SPOKEN_OF).outcome == "made"
    assert span_s(clips, SPOKEN_OF) == (140, 220)


def test_of_a_journal_that_is_not_here_the_clips_that_were_made_stay_and_the_others_are_gone(
    clips: Clips, tmp_path: Path
) -> None:
    path = journal(tmp_path, 600)
    assert clips.keep(ALERT).outcome == "made"
    path.unlink()
    assert outcomes(clips) == {ALERT.id: "there", SPOKEN_OF.id: "gone", GOES_ON.id: "gone"}


def test_a_damaged_journal_is_told_and_the_clips_of_others_are_made(clips: Clips, tmp_path: Path) -> None:
    journal(tmp_path, 600).write_bytes(b"no journal")
    found = clips.keep(ALERT)
    assert (found.outcome, "not a crampwatch journal" in found.why) == ("failed", True)


def test_without_a_night_store_nothing_is_wanted(tmp_path: Path) -> None:
    journal(tmp_path, 600)
    nowhere = Clips(tmp_path, tmp_path / "nights.sqlite", tmp_path / "diary.sqlite", ZoneInfo("UTC"))
    assert nowhere.keep_all() == []
    assert not (tmp_path / "clips").exists()
