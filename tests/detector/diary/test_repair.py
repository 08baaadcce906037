"""A diary that a power cut or a bad disk has damaged keeps nobody from being woken."""

from pathlib import Path

import pytest

from detector.diary.diary import Diary
from detector.diary.repair import repair_diary
from detector.diary.schema import DiaryUnavailable
from tests.detector.diary.appender import append
from tests.faults.disk import fill, remount

PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "diary.sqlite"
    append(written, "wearer", "w1", 200)
    return written


def test_a_diary_that_is_whole_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert repair_diary(path) is None
    assert path.read_bytes() == before


@pytest.mark.parametrize("harm", ["full", "read-only"])
def test_one_that_cannot_be_opened_for_want_of_room_is_not_taken_for_damaged(tiny_disk: Path, harm: str) -> None:
    path = tiny_disk / "diary.sqlite"
    append(path, "wearer", "w1", 20)
    before = path.read_bytes()
    if harm == "full":
        fill(tiny_disk)
    else:
        remount(tiny_disk, "ro")
    assert repair_diary(path) is None
    assert path.read_bytes() == before
    with pytest.raises(DiaryUnavailable):
        Diary(path)


def test_one_that_is_not_there_yet_is_nothing_to_mend(tmp_path: Path) -> None:
    assert repair_diary(tmp_path / "diary.sqlite") is None


@pytest.mark.parametrize("content", [b"", b"\xff" * 5 * PAGE])
def test_one_of_which_nothing_is_left_is_set_aside_and_a_new_one_begun(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    mended = repair_diary(path)
    assert mended is not None
    assert mended.set_aside.read_bytes() == content
    assert "0 rows of it were saved. What was there is kept as diary.sqlite.damaged" in caplog.text
    append(path, "wearer", "w1", 3)
    with Diary(path) as diary:
        assert len(diary.since(0)) == 3


def test_what_can_still_be_read_of_a_torn_one_is_kept(path: Path) -> None:
    torn = bytearray(path.read_bytes())
    torn[8 * PAGE : 9 * PAGE] = bytes(PAGE)
    path.write_bytes(torn)
    (path.parent / f"{path.name}-wal").write_bytes(b"torn, too")
    mended = repair_diary(path)
    assert mended is not None
    append(path, "partner", "w1", 3)
    with Diary(path) as diary:
        kept = [entry.said.t_ns for entry in diary.since(0) if entry.said.by == "wearer"]  # type: ignore[union-attr]
        assert len(diary.since(0)) == len(kept) + 3
    assert kept == sorted(set(kept))
    assert 150 < len(kept) < 200
