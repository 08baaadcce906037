"""A backup is taken while everything runs, holds no secret, and comes back whole or not at all."""

import io
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.contract.journal import Journal
from crampwatch.backup import restore, without_secrets, write
from crampwatch.commands.prune import prune
from crampwatch.config import load
from crampwatch.errors import UserError
from detector.alarm.messages import Verdict
from detector.diary.diary import Diary
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox_state import OutboxState
from detector.store import NightStore
from tests.collector.test_retention import journal
from tests.detector.test_store import batch
from tests.support.blocks import block
from tests.support.frames import PLACE, event, frames

VERDICT = Verdict(event_id="e1", verdict="cramp", by="wearer", t_ns=1, id="v1")
SETTINGS = """
timezone = "Europe/Berlin"
data_directory = "nights"
keep_nights = 3

[broker]
host = "broker.home"
username = "crampwatch"
password = "hunter2"

[[sensor]]
wearer = "w1"
site = "left_calf"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Settings, a profile, a store with a cramp, and four nights of journals, the second of them marked."""
    (tmp_path / "crampwatch.toml").write_text(SETTINGS)
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "my-own.toml").write_text("name = 'my own'")
    nights = tmp_path / "nights"
    nights.mkdir()
    with NightStore(nights / "nights.sqlite") as store:
        store.commit(batch(60, frames(0, 60), event(10, "ended", end_s=40)))
    with Diary(nights / "diary.sqlite") as diary:
        diary.add(PLACE, VERDICT)
    for ago in range(4):
        marked = journal(nights, ago)
        if ago == 1:
            marked.with_name(marked.name + ".keep").touch()
    return tmp_path


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return [name.removesuffix("_w1_left_calf_0000.journal") for name in tar.getnames()]


@pytest.mark.parametrize(("samples", "nights"), [("none", []), ("marked", [18]), ("all", [16, 17, 18, 19])])
def test_it_holds_settings_profiles_the_store_and_the_chosen_journals(
    home: Path, samples: str, nights: list[int]
) -> None:
    write(home / "b.tar", home / "crampwatch.toml", samples)  # type: ignore[arg-type]
    found = [name for name in names(home / "b.tar") if not name.endswith(".keep")]
    assert found == [
        "crampwatch.toml",
        "devices/my-own.toml",
        "data/nights.sqlite",
        "data/diary.sqlite",
        *(f"data/2026-11-{night}" for night in nights),
        "backup.json",
    ]


def test_what_was_backed_up_comes_back_and_the_settings_fit_the_new_folder(home: Path) -> None:
    write(home / "b.tar", home / "crampwatch.toml", "all")
    manifest = restore(home / "b.tar", home / "new")
    config = load(home / "new" / "crampwatch.toml")
    assert (config.timezone, config.keep_nights, config.sensors[0].wearer) == ("Europe/Berlin", 3, "w1")
    assert manifest.crampwatch
    with NightStore(config.store) as store:
        assert len(store.sessions()) == 1
    with Diary(config.diary) as diary:
        assert diary.verdicts() == {"e1": VERDICT}
    found = sorted(config.directory.glob("*.journal"))
    assert len(found) == 4
    for path in found:
        with Journal.open(path) as back:
            assert back.ended
            assert len(list(back.blocks())) == 2
    assert len(list(config.directory.glob("*.keep"))) == 1
    assert (home / "new" / "devices" / "my-own.toml").read_text() == "name = 'my own'"


def test_a_night_store_that_was_put_back_and_has_grown_again_is_sent_to_influxdb_anew(home: Path) -> None:
    path = home / "nights" / "nights.sqlite"
    write(home / "b.tar", home / "crampwatch.toml", "none")

    def minutes_to_send(seconds: int) -> int:
        with NightStore(path) as store:
            store.commit(batch(seconds, frames(60, seconds)))
        with (
            closing(NightFeed(path, ZoneInfo("UTC"))) as feed,
            closing(OutboxState(home / "outbox.sqlite", "here", feed.store_id)) as state,
        ):
            waiting = feed.waiting(state.seq)
            state.advance(feed.latest(), [], [])
        return waiting

    assert [minutes_to_send(120), minutes_to_send(120)] == [2, 1]
    restore(home / "b.tar", home / "new")
    (home / "new" / "data" / "nights.sqlite").replace(path)
    assert minutes_to_send(300) == 5


def test_no_secret_is_in_it(home: Path) -> None:
    write(home / "b.tar", home / "crampwatch.toml", "all")
    assert b"hunter2" not in (home / "b.tar").read_bytes()
    said = b'sinks = [{token = "t", url = "u"}]\n[influx]\ntoken = "t"\ntoken_file = "f"\nbucket = "b"'
    public = msgspec.toml.decode(without_secrets(said))
    said = b'[[alerts.target]]\nname = "me"\nurl = "ntfy://hunter2@ntfy.sh/x"\naudience = "first"'
    assert msgspec.toml.decode(without_secrets(said))["alerts"] == {"target": [{"name": "me", "audience": "first"}]}
    assert (public["influx"], public["sinks"]) == ({"token_file": "f", "bucket": "b"}, [{"url": "u"}])


def test_a_journal_that_is_being_written_is_copied_as_it_was_at_one_moment(home: Path) -> None:
    (path,) = (home / "nights").glob("2026-11-19*.journal")
    stop = threading.Event()

    def go_on() -> None:
        with Journal.open(path) as writing:
            seq = 2
            while not stop.is_set():
                session = writing.header.session
                writing.append([block(seq, session=session), block(seq, "acc", samples=[0] * 30, session=session)])
                seq += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for number in range(5):
            write(home / f"{number}.tar", home / "crampwatch.toml", "all")
    finally:
        stop.set()
        writer.join()
    for number in range(5):
        restore(home / f"{number}.tar", home / f"new{number}")
        with Journal.open(home / f"new{number}" / "data" / path.name) as copy:
            ends = copy.ends()
            assert "acc" not in ends or ends["emg"].next_seq == ends["acc"].next_seq  # whole commits only


def test_nothing_that_exists_is_overwritten(home: Path) -> None:
    write(home / "b.tar", home / "crampwatch.toml", "none")
    with pytest.raises(UserError, match="is there already"):
        write(home / "b.tar", home / "crampwatch.toml", "none")
    before = sorted(home.rglob("*"))
    with pytest.raises(UserError, match="is there already"):
        restore(home / "b.tar", home / "nights")
    assert sorted(home.rglob("*")) == before


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_backup_with_a_changed_byte_or_cut_short_is_refused_or_whole_and_leaves_nothing_half(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "crampwatch.toml").write_text(SETTINGS)
    journal((home / "nights"), 3)
    write(home / "b.tar", home / "crampwatch.toml", "all")
    sound = restore(home / "b.tar", home / "sound")
    damaged = bytearray((home / "b.tar").read_bytes())
    at = data.draw(st.integers(0, len(damaged) - 1))
    if data.draw(st.booleans()):
        del damaged[at:]
    else:
        damaged[at] ^= data.draw(st.integers(1, 255))
    (home / "b.tar").write_bytes(damaged)
    try:
        assert restore(home / "b.tar", home / "new").files == sound.files
    except UserError:
        assert not (home / "new").exists()
    else:
        for file in sound.files:
            assert (home / "new" / file.name).read_bytes() == (home / "sound" / file.name).read_bytes()
    assert list(home.glob("*.partial")) == []


def rewritten(archive: Path, change: Callable[[bytes], bytes]) -> None:
    """The same backup with another manifest."""
    with tarfile.open(archive) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]  # type: ignore[union-attr]
    with tarfile.open(archive, "w") as tar:
        for member, content in members:
            new = change(content) if member.name == "backup.json" else content
            member.size = len(new)
            tar.addfile(member, io.BytesIO(new))


def test_a_backup_of_another_format_is_refused_with_both_numbers(home: Path) -> None:
    write(home / "b.tar", home / "crampwatch.toml", "none")
    rewritten(home / "b.tar", lambda text: text.replace(b'"format": 1', b'"format": 7'))
    with pytest.raises(UserError, match="format 7, this program knows 1"):
        restore(home / "b.tar", home / "new")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "data/../../evil", "data/..", "data/.hidden", "other/x"])
def test_no_file_is_unpacked_outside_the_new_folder(home: Path, name: str) -> None:
    write(home / "b.tar", home / "crampwatch.toml", "none")
    rewritten(home / "b.tar", lambda text: text.replace(b"data/nights.sqlite", name.encode()))
    with pytest.raises(UserError, match="which no backup has"):
        restore(home / "b.tar", home / "new")
    assert not (home / "new").exists()


def test_a_damaged_database_is_told_when_the_backup_is_made_not_when_it_is_needed(home: Path) -> None:
    path = next((home / "nights").glob("2026-11-16*.journal"))
    with sqlite3.connect(path) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'block'").fetchone()
    database.close()
    torn = bytearray(path.read_bytes())
    torn[(page - 1) * 4096 : page * 4096] = bytes(4096)
    path.write_bytes(torn)
    with pytest.raises(UserError, match=f"{path.name}: is damaged"):
        write(home / "b.tar", home / "crampwatch.toml", "all")
    assert not list(home.glob("b.tar*"))


def test_what_is_no_backup_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(b"something else")
    with pytest.raises(UserError, match="cannot be restored"):
        restore(tmp_path / "b.tar", tmp_path / "new")
    with pytest.raises(UserError, match="cannot be restored"):
        restore(tmp_path / "missing.tar", tmp_path / "new")


def test_prune_shows_first_and_deletes_then(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_795_125_600_000_000_000)  # 2026-11-19, 22:00 UTC
    here = home / "crampwatch.toml"
    prune(dry_run=True, keep_nights=0, config=here)
    shown = capsys.readouterr().out
    assert "2 of 4 journals" in shown
    assert "marked to be kept" in shown
    assert "of tonight" in shown
    assert len(list((home / "nights").glob("*.journal"))) == 4
    prune(keep_nights=0, config=here)
    left = {path.name[:10] for path in (home / "nights").glob("*.journal")}
    assert left == {str(date(2026, 11, day)) for day in (18, 19)}


@pytest.mark.parametrize("manifest", [b"\xff", b'{"format":1}', b"[" * 5000])
def test_a_manifest_that_cannot_be_read_is_no_backup(tmp_path: Path, manifest: bytes) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        entry = tarfile.TarInfo("backup.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))
    with pytest.raises(UserError, match="not a crampwatch backup"):
        restore(tmp_path / "b.tar", tmp_path / "restored")
