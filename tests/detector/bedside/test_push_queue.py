"""The queue: what was appended waits at each target until something has become of it there, whatever dies."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.bedside.push_queue import PushQueue, Trouble
from detector.bedside.push_settings import PushTarget
from tests.detector.bedside.push_notes import alert, at, fault, over

PHONE, PARTNER = PushTarget(name="phone"), PushTarget(name="partner", audience="second")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[PushQueue]:
    with closing(PushQueue(tmp_path / "push.sqlite")) as opened:
        yield opened


def titles(queue: PushQueue, target: PushTarget = PHONE) -> list[str]:
    return [it.note.title for it in queue.waiting(target)]


@settings(deadline=None)  # whatever else the machine does
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["confirmed", "unanswered", "ended"]))))
def test_of_notes_with_one_subject_and_stage_only_the_first_is_kept_in_whatever_order_they_come(
    keys: list[tuple[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(PushQueue(Path(folder) / "push.sqlite")) as queue:
        new = [queue.append(alert(subject, stage=stage, text=str(n))) for n, (subject, stage) in enumerate(keys)]
        first = {key: str(n) for n, key in reversed(list(enumerate(keys)))}
        assert {(it.note.subject, it.note.stage): it.note.text for it in queue.waiting(PHONE)} == first
        assert new == [key not in keys[:n] for n, key in enumerate(keys)]


def test_what_was_appended_is_there_after_the_appending_process_was_killed_and_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "push.sqlite"
    script = (
        "import sys; from pathlib import Path; from detector.bedside.push_queue import PushQueue\n"
        "from tests.detector.bedside.push_notes import alert\n"
        "queue = PushQueue(Path(sys.argv[1]))\n"
        "for n in range(10**6): queue.append(alert(str(n))); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(50):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    with closing(PushQueue(path)) as queue:
        kept = [int(it.note.subject) for it in queue.waiting(PHONE)]
    assert kept[: last + 1] == list(range(last + 1))
    assert kept == list(range(len(kept)))


def test_a_note_waits_at_each_target_of_its_audience_until_something_has_become_of_it_there(queue: PushQueue) -> None:
    other = PushTarget(name="other")
    queue.append(alert("e1"))
    queue.append(alert("e1", stage="unanswered", audience="second", title="look in"))
    (waiting,) = queue.waiting(PHONE)
    queue.settle("phone", [(waiting.row, "delivered")], at(1))
    assert titles(queue) == []
    assert titles(queue, other) == ["alert e1"]
    assert titles(queue, PARTNER) == ["look in"]


def test_a_follow_up_says_whether_the_target_was_told_of_the_matter_before(queue: PushQueue) -> None:
    queue.append(alert("e1"))
    (waiting,) = queue.waiting(PHONE)
    queue.settle("phone", [(waiting.row, "delivered")], at(1))
    queue.append(over("e1"))
    assert [it.told for it in queue.waiting(PHONE)] == [True]
    assert [it.told for it in queue.waiting(PARTNER)] == [False]


def test_a_note_is_replaced_by_a_later_one_for_the_same_people_but_not_by_the_call_for_a_second_person(
    queue: PushQueue,
) -> None:
    queue.append(alert("e1"))
    queue.append(alert("e1", stage="unanswered", audience="second"))
    assert [it.replaced for it in queue.waiting(PHONE)] == [False]
    queue.append(over("e1"))
    assert [it.replaced for it in queue.waiting(PHONE)] == [True, False]
    assert [it.replaced for it in queue.waiting(PARTNER)] == [True, False]


def test_a_target_hears_only_of_the_kinds_it_asks_for(queue: PushQueue) -> None:
    queue.append(alert("e1"))
    queue.append(fault("f1"))
    assert titles(queue, PushTarget(name="phone", kinds=["fault"])) == ["fault f1"]


def test_a_new_target_is_not_told_what_happened_before_it_was_there(queue: PushQueue) -> None:
    queue.append(alert("long ago", seconds=0))
    queue.append(alert("now", seconds=100))
    queue.enrol("phone", since_ns=at(50))
    assert titles(queue) == ["alert now"]
    queue.enrol("phone", since_ns=at(200))  # after a restart it is no longer new
    assert titles(queue) == ["alert now"]


def test_trouble_with_a_target_keeps_its_first_time_and_its_latest_reason_until_it_is_over(queue: PushQueue) -> None:
    queue.enrol("phone", at(0))
    queue.note_trouble("phone", at(1), "refused")
    queue.note_trouble("phone", at(2), "no answer")
    assert queue.troubles() == [Trouble("phone", at(1), "no answer")]
    queue.clear_trouble("phone")
    assert queue.troubles() == []


def test_old_notes_are_forgotten_with_what_became_of_them(queue: PushQueue) -> None:
    queue.append(alert("old", seconds=0))
    queue.append(alert("new", seconds=10))
    queue.settle("phone", [(1, "delivered"), (2, "delivered")], at(20))
    queue.forget(at(5))
    assert [it.note.subject for it in queue.settled(since_ns=0)] == ["new"]


def test_a_damaged_file_is_set_aside_and_who_had_it_open_goes_on_with_the_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "push.sqlite"
    with closing(PushQueue(path)) as before:
        before.append(alert("e1"))
    with closing(PushQueue(path)) as early:
        path.rename(tmp_path / "elsewhere")
        path.write_bytes(b"no database, but something else" * 1000)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        with closing(PushQueue(path)) as late:
            assert "is damaged and kept as push.sqlite.damaged" in caplog.text
            assert early.append(alert("e1"))
            assert titles(late) == ["alert e1"]


def test_a_note_that_cannot_be_read_does_not_keep_the_others_from_being_told(
    queue: PushQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queue.append(alert("e1"))
    queue.append(alert("e2"))
    queue._db.execute("UPDATE notes SET note = x'00' WHERE subject = 'e1'")
    assert titles(queue) == ["alert e2"]
    assert "a damaged PushNote is left out" in caplog.text


def test_appending_needs_nothing_that_is_slow_to_load() -> None:
    script = (
        "import sys; import detector.bedside.push_queue, detector.bedside.push_settings\n"
        "print(*sorted({'apprise', 'requests', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "\n"
