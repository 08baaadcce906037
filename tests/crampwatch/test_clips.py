"""A whole night, deleted: what was found in it, and what somebody spoke of, can still be looked at."""

import json
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.contract.journal import Header, Journal
from collector.contract.recordings import open_recording
from collector.contract.topics import Place
from crampwatch.backup import restore, write
from crampwatch.clips import clips_of
from crampwatch.commands.clips import _go_on, clips
from crampwatch.commands.explain import explain
from crampwatch.commands.prune import prune
from crampwatch.commands.score import score
from crampwatch.commands.verdict import verdict
from crampwatch.config import load
from crampwatch.errors import UserError
from crampwatch.meant import Spoken
from detector.service import DetectorService
from detector.service_settings import ServiceSettings
from detector.settings import DetectorSettings
from detector.store import NightStore
from tests.support.signals import LEFT_CALF, SESSION, START_NS, Leg, recording

SETTINGS = """
data_directory = "nights"

[[sensor]]
wearer = "w1"
site = "left_calf"
"""
NIGHTS_LATER_NS = START_NS + 5 * 86_400 * 10**9
ONSET_S, END_S, MOVED_S = 300.5, 340.5, 500.0
"""A cramp, and a contraction that is too short for one."""


def nobody(topic: str, payload: bytes, *, retain: bool = False, taken: Callable[[], None] | None = None) -> None:
    """A broker that takes everything and tells nobody."""
    if taken:
        taken()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of ten minutes, journalled and watched."""
    leg = Leg(600.0, fs=250.0).contract(ONSET_S, END_S, 20.0).contract(MOVED_S, MOVED_S + 6, 20.0)
    header = Header(session=SESSION, wearer="w1", site="left_calf", started_ns=START_NS)
    nights = tmp_path_factory.mktemp("watched")
    with Journal.create(nights / f"{SESSION}.journal", header) as journal:
        journal.append(recording(leg))
        journal.published = journal.last_row
        journal.end()
        with NightStore(nights / "nights.sqlite") as store:
            service = DetectorService(ServiceSettings(clock="samples"), DetectorSettings(), store, nobody)
            for entry in journal.read(limit=10_000):
                service.message(LEFT_CALF.topic(entry.stream), entry.payload)
            service.close()
    return nights


@pytest.fixture
def config(watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a home where that night was, some nights ago."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.time_ns", lambda: NIGHTS_LATER_NS)
    shutil.copytree(watched, tmp_path / "nights")
    path = tmp_path / "crampwatch.toml"
    path.write_text(SETTINGS)
    return path


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def test_after_the_night_was_deleted_score_and_explain_find_the_cramp_in_its_clip(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(keep_nights=0, config=config)
    assert journals(tmp_path / "nights") == []
    (clip,) = journals(tmp_path / "nights" / "clips")
    with NightStore(tmp_path / "nights" / "nights.sqlite", read_only=True) as store:
        (event,) = store.alerts()
    assert event.id in clip.name

    score(clip)
    (scored,) = json.loads((tmp_path / f"{clip.stem}.events.json").read_text())["events"]
    onset_s = scored["onset_s"] + (open_recording(clip).start_ns - START_NS) / 1e9
    # Its filters begin a minute before the onset and not with the night: the first frame over the threshold may be the
    # one before or after.
    assert onset_s == pytest.approx((event.onset_ns - START_NS) / 1e9, abs=0.1)
    assert onset_s == pytest.approx(ONSET_S, abs=0.5)
    assert scored["duration_s"] == pytest.approx(event.duration_s, abs=0.2)
    assert scored["rest_uv"] == pytest.approx(event.rest_uv, rel=0.05)
    assert scored["reason"] == event.reason

    capsys.readouterr()
    explain(clip, at="22:05:10", out=tmp_path / "why.html")
    assert capsys.readouterr().out.startswith("Confirmed at 22:05:12, 12.0 s after onset: ")


def test_a_verdict_keeps_the_samples_of_what_no_alert_was_raised_for(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with NightStore(tmp_path / "nights" / "nights.sqlite", read_only=True) as store:
        (candidate,) = [event for event in store.events(0, 2**62) if not event.was_alert]
    verdict("cramp", candidate.id, spoken=Spoken(by="wearer", config=config))
    clip = clips_of(load(config)).path(candidate)
    assert f"Its samples are kept: {clip}" in capsys.readouterr().out
    assert open_recording(clip).place == Place("w1", "left_calf")
    for path in (*journals(tmp_path / "nights"), clip):
        path.unlink()
    verdict("not", candidate.id, spoken=Spoken(by="wearer", config=config))
    assert "Its samples are not here" in capsys.readouterr().out


def test_prune_shows_without_keeping_and_keeps_what_it_cannot_make_a_clip_of(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prune(keep_nights=0, dry_run=True, config=config)
    assert not (tmp_path / "nights" / "clips").exists()
    (tmp_path / "nights" / "clips").write_text("a file where the folder belongs")
    capsys.readouterr()
    prune(keep_nights=0, config=config)
    assert "a clip of it could not be kept" in capsys.readouterr().out
    assert len(journals(tmp_path / "nights")) == 1
    assert clips(config=config) == 1
    assert "not kept: " in capsys.readouterr().out


def test_prune_deletes_nothing_when_it_cannot_know_what_is_to_be_kept(config: Path, tmp_path: Path) -> None:
    (tmp_path / "nights" / "nights.sqlite").write_bytes(b"no night store")
    with pytest.raises(UserError, match="Nothing is deleted"):
        prune(keep_nights=0, config=config)
    assert len(journals(tmp_path / "nights")) == 1


def test_the_second_time_nothing_is_made(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert clips(config=config) == 0
    assert "1 clip made, 0 there already" in capsys.readouterr().out
    assert clips(config=config) == 0
    assert "0 clips made, 1 there already" in capsys.readouterr().out


def test_what_runs_all_night_makes_a_last_round_when_it_is_stopped(config: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    _go_on(clips_of(load(config)), 5.0, stop)
    assert len(journals(tmp_path / "nights" / "clips")) == 1


def test_samples_that_are_gone_are_told_once(config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "nights" / f"{SESSION}.journal").unlink()

    class TwoRounds(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    with caplog.at_level(logging.INFO):
        _go_on(clips_of(load(config)), 5.0, TwoRounds())
    assert [record.message for record in caplog.records if "1 event" in record.message] == [
        "the samples of 1 event are not here any more and could not be kept"
    ]


@pytest.mark.parametrize(("samples", "count"), [("none", 0), ("marked", 1), ("all", 1)])
def test_a_backup_takes_clips_along_unless_it_is_to_hold_no_samples(
    config: Path, tmp_path: Path, samples: str, count: int
) -> None:
    clips(config=config)
    write(tmp_path / "b.tar", config, samples)  # type: ignore[arg-type]
    restore(tmp_path / "b.tar", tmp_path / "new")
    restored = journals(tmp_path / "new" / "data" / "clips")
    assert len(restored) == count
    for clip in restored:
        assert open_recording(clip).session == SESSION
