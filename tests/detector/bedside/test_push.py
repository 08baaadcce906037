"""The push process: at least once, each target by itself, nothing stale, no flood; whatever fails or is killed."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector.contract.file_lock import Occupied
from collector.contract.salvage import set_aside
from detector.bedside.push import Courier, serve
from detector.bedside.push_apprise import NotTaken
from detector.bedside.push_queue import Outcome, PushQueue
from detector.bedside.push_settings import PushSettings, PushTarget
from detector.catalogue.catalogue import load
from tests.detector.bedside.push_notes import alert, at, fault, over
from tests.detector.bedside.push_sink import Sink, sink

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

UTC = ZoneInfo("UTC")
PHONE = PushTarget(name="phone")


class Phone:
    """A recipient that takes messages or does not."""

    def __init__(self) -> None:
        self.reached = True
        self.attempts = 0
        self.told: list[str] = []

    def send(self, title: str, text: str, *, quiet: bool) -> None:
        self.attempts += 1
        if not self.reached:
            raise NotTaken("it is in a tunnel")
        self.told.append(f"{title} (quiet)" if quiet else title)


class Bench:
    """A courier with its queue, its recipient and a clock that is set by hand, in seconds after ten in the evening."""

    def __init__(self, path: Path, target: PushTarget = PHONE, limit: int = 12) -> None:
        self.queue = PushQueue(path)
        self.phone = Phone()
        self._path, self._target, self._limit = path, target, limit
        self.seconds = 0.0
        self.begin()

    def begin(self) -> None:
        """Start the courier, as after a restart."""
        self.courier = Courier(
            PushQueue(self._path),
            self._target,
            self.phone,
            self._limit,
            UTC,
            load("en"),
            now_ns=lambda: at(self.seconds),
            monotonic_s=lambda: self.seconds,
            random=lambda: 1.0,  # pauses of 1, 2, 4, ... 60 s
        )

    def run(self, until: float) -> None:
        """Let the courier look once a second until then, that second included."""
        while self.seconds < until:
            self.seconds += 1
            self.courier.step()

    def outcomes(self) -> list[tuple[str, Outcome]]:
        return [(it.note.subject, it.outcome) for it in self.queue.settled(0)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "push.sqlite")


def test_a_note_is_told_once_and_so_is_its_follow_up(bench: Bench) -> None:
    bench.queue.append(alert("e1"))
    bench.run(until=5)
    bench.queue.append(over("e1"))
    bench.run(until=10)
    bench.begin()
    bench.run(until=20)
    assert bench.phone.told == ["alert e1", "over e1 (quiet)"]


def test_what_is_not_taken_is_tried_again_after_pauses_that_grow_to_a_minute(bench: Bench) -> None:
    bench.phone.reached = False
    bench.queue.append(fault("f1"))
    bench.run(until=63)  # at 1, 2, 4, 8, 16, 32 s
    assert bench.phone.attempts == 6
    bench.run(until=63 + 600)
    assert 15 <= bench.phone.attempts <= 17
    bench.phone.reached = True
    bench.run(until=63 + 661)
    assert bench.phone.told == ["fault f1"]
    attempts, bench.phone.reached = bench.phone.attempts, False
    bench.queue.append(fault("f2", seconds=bench.seconds))
    bench.run(until=bench.seconds + 4)  # once it was taken the pauses begin anew: after 1, 2 and 4 s
    assert bench.phone.attempts == attempts + 3


def test_a_new_alert_does_not_wait_for_the_pause_after_a_failure(bench: Bench) -> None:
    bench.phone.reached = False
    bench.queue.append(fault("f1"))
    bench.run(until=600)
    bench.phone.reached = True
    bench.queue.append(alert("e1", seconds=600))
    bench.run(until=601)
    assert bench.phone.told == ["alert e1", "fault f1"]


def test_after_an_outage_only_what_still_holds_is_told_and_of_all_else_one_line(bench: Bench) -> None:
    bench.phone.reached = False
    for n in range(8):
        bench.queue.append(alert(f"e{n}", seconds=60 * n))
        bench.run(until=60 * n + 30)
        bench.queue.append(over(f"e{n}", seconds=60 * n + 30))
        bench.run(until=60 * n + 59)
    bench.queue.append(fault("still there", seconds=479))
    bench.phone.reached = True
    bench.run(until=600)
    assert bench.phone.told == ["fault still there", "crampwatch (quiet)"]
    assert bench.outcomes().count(("e0", "summed up")) == 1
    bench.begin()
    bench.run(until=1200)
    assert len(bench.phone.told) == 2


def test_an_alert_that_is_no_news_any_more_is_not_rung_with_but_told_in_the_line(bench: Bench) -> None:
    bench.phone.reached = False
    bench.queue.append(alert("e1", good_until_ns=at(120)))
    bench.run(until=121)
    bench.phone.reached = True
    bench.run(until=200)
    assert bench.phone.told == ["crampwatch (quiet)"]


def test_a_cramp_nobody_told_the_end_of_is_no_news_after_ten_minutes(bench: Bench) -> None:
    bench.phone.reached = False
    bench.queue.append(alert("e1"))
    bench.queue.append(fault("f1"))
    bench.run(until=600)
    bench.phone.reached = True
    bench.run(until=700)
    assert bench.phone.told == ["fault f1", "crampwatch (quiet)"]


def test_notes_that_piled_up_while_no_push_process_ran_are_no_flood_either(tmp_path: Path) -> None:
    with closing(PushQueue(tmp_path / "push.sqlite")) as queue:
        queue.enrol("phone", at(-1))
        for n in range(50):
            queue.append(alert(f"e{n}", good_until_ns=at(120)))
    late = Bench(tmp_path / "push.sqlite", limit=100)
    late.run(until=200)
    assert len(late.phone.told) == 50  # within two minutes they are alerts
    again = Bench(tmp_path / "push.sqlite", PushTarget(name="other"))
    again.seconds = 121.0
    again.begin()
    again.run(until=300)
    assert again.phone.told == ["crampwatch (quiet)"]


def test_the_nightly_limit_holds_across_restarts_and_begins_anew_at_noon(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "push.sqlite", limit=3)
    for n in range(5):
        bench.queue.append(alert(f"e{n}"))
        bench.run(until=10 * n + 5)
        bench.begin()
    assert bench.phone.told == ["alert e0", "alert e1", "alert e2"]
    bench.seconds = 14 * 3600.0  # noon of the next day
    bench.queue.append(alert("next night", seconds=bench.seconds))
    bench.run(until=bench.seconds + 1)
    assert bench.phone.told[3:] == ["alert next night"]


def test_the_second_person_is_told_when_nobody_answered_and_that_it_is_over_only_if_told(tmp_path: Path) -> None:
    phone = Bench(tmp_path / "push.sqlite")
    partner = Bench(tmp_path / "push.sqlite", PushTarget(name="partner", audience="second"))
    both = (phone, partner)
    phone.queue.append(alert("answered"))
    phone.queue.append(alert("unanswered"))
    for each in both:
        each.run(until=60)
    phone.queue.append(alert("unanswered", 60, stage="unanswered", audience="second", title="please look in"))
    for each in both:
        each.run(until=61)
    phone.queue.append(over("answered", 62))
    phone.queue.append(over("unanswered", 62))
    for each in both:
        each.run(until=70)
    assert phone.phone.told == [
        "alert answered",
        "alert unanswered",
        "over answered (quiet)",
        "over unanswered (quiet)",
    ]
    assert partner.phone.told == ["please look in", "over unanswered (quiet)"]


def test_a_failure_is_told_once_when_it_begins_and_once_when_it_is_over_and_kept_for_who_asks(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.phone.reached = False
    bench.queue.append(fault("f1"))
    bench.run(until=90)
    bench.begin()
    bench.run(until=120)
    ((name, since_ns, reason),) = bench.queue.troubles()
    assert (name, since_ns, reason) == ("phone", at(1), "it is in a tunnel")
    bench.phone.reached = True
    bench.run(until=181)
    assert bench.queue.troubles() == []
    assert [record.message for record in caplog.records] == [
        "phone is not reached: it is in a tunnel; trying again for ever",
        "phone is reached again after 2.0 min",  # tried at 91, 92, 94, 98, 106 and 122 s
    ]


def test_an_address_that_was_mended_is_no_trouble_any_more_though_nothing_waits_for_it(bench: Bench) -> None:
    bench.queue.note_trouble("phone", at(0), "Apprise does not understand its address")
    bench.begin()
    bench.run(until=1)
    assert bench.queue.troubles() == []


def test_who_is_not_reached_stays_in_trouble_for_as_long_as_something_waits(bench: Bench) -> None:
    bench.phone.reached = False
    bench.queue.append(fault("f1"))
    bench.run(until=30)
    bench.begin()
    bench.run(until=60)
    assert [trouble.target for trouble in bench.queue.troubles()] == ["phone"]


def test_it_notes_that_it_is_at_work_and_two_minutes_after_the_last_such_note_it_counts_as_gone(bench: Bench) -> None:
    assert bench.queue.served(at(0)) == set()
    bench.run(until=300)  # notes at 1, 31, ... 271 s
    assert bench.queue.served(at(391)) == {"phone"}
    assert bench.queue.served(at(392)) == set()


def test_a_clock_that_was_set_back_makes_nobody_count_as_gone(bench: Bench) -> None:
    bench.run(until=100)
    bench.seconds = -3600
    assert bench.queue.served(at(-3600)) == set()
    bench.run(until=-3599)
    assert bench.queue.served(at(-3599)) == {"phone"}


def test_an_answer_goes_quietly_to_who_was_called_and_in_place_of_a_call_that_did_not_arrive(tmp_path: Path) -> None:
    called = Bench(tmp_path / "push.sqlite", PushTarget(name="partner", audience="second"))
    away = Bench(tmp_path / "push.sqlite", PushTarget(name="neighbour", audience="second"))
    away.phone.reached = False
    called.queue.append(alert("e1", stage="unanswered", audience="second", title="please look in"))
    for each in (called, away):
        each.run(until=2)
    called.queue.append(alert("e1", 3, stage="answered", audience="told", title="answered"))
    away.phone.reached = True
    for each in (called, away):
        each.run(until=10)
    assert called.phone.told == ["please look in", "answered (quiet)"]
    assert away.phone.told == ["crampwatch (quiet)"]


def test_what_was_sent_and_cannot_be_noted_because_the_disk_is_full_is_not_sent_again_and_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    bench.queue.append(alert("e1"))
    with monkeypatch.context() as patched:
        patched.setattr(PushQueue, "settle", full)
        for _ in range(20):
            with pytest.raises(sqlite3.OperationalError):
                bench.run(until=bench.seconds + 1)
    bench.run(until=60)
    assert bench.phone.told == ["alert e1"]
    assert bench.outcomes() == [("e1", "delivered")]


def test_what_was_sent_from_a_queue_that_was_set_aside_is_not_noted_of_a_message_in_the_new_one(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    bench.queue.append(alert("e1"))
    with monkeypatch.context() as patched:
        patched.setattr(PushQueue, "settle", damaged)
        with pytest.raises(sqlite3.DatabaseError):
            bench.run(until=1)
    bench.queue.close()
    set_aside(tmp_path / "push.sqlite")
    bench.queue = PushQueue(tmp_path / "push.sqlite")
    bench.queue.append(alert("e2"))
    bench.run(until=3)
    assert bench.phone.told == ["alert e1", "alert e2"]
    bench.phone.reached = False
    bench.queue.append(alert("e3"))
    bench.run(until=4)
    assert [trouble.target for trouble in bench.queue.troubles()] == ["phone"]


def test_a_full_disk_does_not_make_the_pauses_between_attempts_shorter(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(PushQueue, "note_trouble", full)
    bench.phone.reached = False
    bench.queue.append(fault("f1"))
    bench.run(until=63)  # at 1, 2, 4, 8, 16, 32 s
    assert bench.phone.attempts == 6


@contextmanager
def serving(
    path: Path, sinks: dict[str, Sink], timeout_s: float = 1.0, others: tuple[PushTarget, ...] = ()
) -> Iterator[None]:
    """All targets of a household served by threads of this process."""
    settings = PushSettings(
        targets=[PushTarget(name=name, url=each.address()) for name, each in sinks.items()] + [*others],
        timeout_s=timeout_s,
        poll_s=0.01,
    )
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(path, settings, UTC, load("en"), stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_services_that_are_gone_silent_or_broken_do_not_hold_up_the_one_that_works(tmp_path: Path) -> None:
    path = tmp_path / "push.sqlite"
    with ExitStack() as stack:
        sinks = {
            "silent": stack.enter_context(sink("silence")),
            "trickling": stack.enter_context(sink("trickle")),
            "broken": stack.enter_context(sink("error")),
            "gone": Sink(),
            "working": stack.enter_context(sink()),
        }
        sinks["gone"].close()
        stack.enter_context(serving(path, sinks, timeout_s=30))  # nobody is saved by the timeout here
        for each in sinks.values():
            stack.callback(each.close)
        with closing(PushQueue(path)) as queue:
            for n in range(3):
                queue.append(alert(f"e{n}", t_ns=2**62))
                sinks["working"].wait_for(n + 1)
        assert sinks["working"].titles == ["alert e0", "alert e1", "alert e2"]


def test_a_service_that_comes_back_after_an_outage_gets_what_holds(tmp_path: Path) -> None:
    path = tmp_path / "push.sqlite"
    with closing(PushQueue(path)) as queue, sink("error") as inbox, serving(path, {"phone": inbox}):
        queue.append(alert("e1", t_ns=2**62))
        inbox.wait_until_asked(1)
        queue.append(over("e1", t_ns=2**62))
        queue.append(fault("f1", t_ns=2**62))
        inbox.wait_until_asked(2)
        inbox.answer = "taken"
        assert [message.title for message in inbox.wait_for(2)] == ["fault f1", "crampwatch"]


PROCESS = "import sys; from crampwatch.commands.push import app; app(['--config', sys.argv[1]])"


@contextmanager
def push_process(path: Path, inbox: Sink) -> Iterator["subprocess.Popen[bytes]"]:
    config = path.with_name("crampwatch.toml")
    config.write_text(
        f'data_directory = "."\n[[sensor]]\nwearer = "p1"\nsite = "left_calf"\n'
        f'[[alerts.target]]\nname = "phone"\nurl = "{inbox.address()}"\n'
    )
    process = subprocess.Popen([sys.executable, "-c", PROCESS, str(config)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_target_whose_address_cannot_be_used_is_told_and_does_not_keep_the_others_from_being_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "push.sqlite"
    with closing(PushQueue(path)) as queue, sink() as inbox:
        nobody = PushTarget(name="nobody", url="nothing://secret")
        missing = PushTarget(name="missing", url_file=str(tmp_path / "none"))
        (tmp_path / "picture").write_bytes(b"\xff\xd8")
        binary = PushTarget(name="binary", url_file=str(tmp_path / "picture"))
        with serving(path, {"phone": inbox}, others=(nobody, missing, binary)):
            queue.append(alert("e1", t_ns=2**62))
            inbox.wait_for(1)
        troubles = {trouble.target: trouble.reason for trouble in queue.troubles()}
    assert "does not understand" in troubles["nobody"]
    assert "No such file" in troubles["missing"]
    told = [record.message for record in caplog.records if record.name == "detector.bedside.push"]
    assert [line.split()[0] for line in told] == ["nobody", "missing", "binary"]
    assert "secret" not in "".join(told) + troubles["nobody"]


def test_a_second_push_process_is_refused_as_it_would_send_everything_once_more(tmp_path: Path) -> None:
    path = tmp_path / "push.sqlite"
    with sink() as inbox, serving(path, {"phone": inbox}), closing(PushQueue(path)) as queue:
        queue.append(alert("e1", t_ns=2**62))
        inbox.wait_for(1)
        settings = PushSettings(targets=[PushTarget(name="phone", url=inbox.address())])
        with pytest.raises(Occupied, match="already sent by another push process"):
            serve(path, settings, UTC, load("en"), threading.Event())


def test_killed_between_delivery_and_taking_note_of_it_the_process_tells_it_once_more_and_then_never_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "push.sqlite"
    with closing(PushQueue(path)) as queue, sink() as inbox:
        queue.append(alert("e1", t_ns=2**62))
        with push_process(path, inbox) as first:
            inbox.before_answering = lambda: first.send_signal(signal.SIGKILL)
            assert first.wait(30) == -signal.SIGKILL
        inbox.before_answering = lambda: None
        with push_process(path, inbox):
            inbox.wait_for(2)
            queue.append(alert("e2", t_ns=2**62))
            inbox.wait_for(3)
        assert inbox.titles == ["alert e1", "alert e1", "alert e2"]
