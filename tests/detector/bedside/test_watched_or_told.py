"""What holds in any night, however its causes change: what is not watched is told, and what is told is not taken back.

One place, with a collector and a detector that speak every 10 s of what they see; a bedside that looks once a second,
is restarted now and then, and has its clock set.
"""

from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.contract.messages import NS, LinkHealth, Status
from detector.alarm.messages import FaultKind
from detector.alarm.settings import AlarmSettings
from detector.bedside.bed import Bed, BedMemory
from detector.catalogue.catalogue import load
from detector.sight import Blindness, Seen
from tests.detector.bedside.stand_ins import EVENING_NS, health
from tests.support.frames import PLACE, SESSION

CATALOGUE = load("en")
KINDS: dict[str, FaultKind] = {
    "offline": "collector_gone",  # the broker says so
    "silent": "collector_gone",  # and here nobody does
    "link": "no_data",
    "stopped": "detector_dead",
    "flat": "electrode_off",
    "clipped": "clipping",
    "mains": "mains",
}
BLIND: dict[str, Blindness] = {"flat": "flat", "clipped": "clipped", "mains": "mains"}
NOTICED_S = 16
"""Who speaks every 10 s is missed after 15, and 1 s later that is seen."""


class Night:
    """A bed, and what is true beside it, second by second."""

    def __init__(self) -> None:
        self.second = 0
        self.clock_s = 0  # by how much the clock was set
        self.cause = "well"
        self.begun_s = 0
        self.causes: list[str] = []
        self.restarts: list[int] = []
        self.told: list[frozenset[FaultKind]] = []
        self.over: list[int] = []  # the seconds at which phones were told that something is over
        self._start(None)

    @property
    def now_ns(self) -> int:
        return EVENING_NS + (self.second + self.clock_s) * NS

    def go(self, cause: str, seconds: int) -> None:
        """So long one cause, or none."""
        if cause != self.cause:
            self.cause, self.begun_s = cause, self.second
            self.bed.status(self._status, self.now_ns)
        for _ in range(seconds):
            if self.second % 10 == 0:
                self._speak()
            self.bed.look(self.now_ns)
            state = self.bed.state(self.now_ns)
            self.told.append(frozenset(fault.kind for fault in state.faults))
            notes = self.bed.notes(state.text, self.now_ns)
            self.over += [self.second for note in notes if note.stage == "over"]
            self.causes.append(self.cause)
            self.second += 1

    def restart(self) -> None:
        self.restarts.append(self.second)
        self._start(self.bed.memory(self.now_ns))

    def set_clock(self, step_s: int) -> None:
        self.clock_s += step_s
        self.bed.clock_set(step_s * NS, self.now_ns)

    def _start(self, memory: BedMemory | None) -> None:
        self.bed = Bed(PLACE, AlarmSettings(), ZoneInfo("Europe/Berlin"), CATALOGUE, self.now_ns, memory)
        self.bed.status(self._status, self.now_ns)  # as the broker keeps it

    @property
    def _status(self) -> Status:
        if self.cause == "offline":
            return Status(state="offline", t_ns=self.now_ns, reason="the collector vanished")
        return Status(state="online", t_ns=self.now_ns, session=SESSION)

    def _speak(self) -> None:
        if self.cause in ("offline", "silent"):
            return
        age_s = self.second - self.begun_s + 0.5 if self.cause == "link" else 0.5
        state = "scanning" if self.cause == "link" else "streaming"
        link = LinkHealth(device="cramp-node", state=state, streams=("emg",), last_data_age_s=age_s)
        self.bed.health(msgspec.structs.replace(health(self.now_ns), links=(link,)), self.now_ns)
        if self.cause in ("link", "stopped"):
            return
        blind_s = self.second - self.begun_s
        seen = Seen(
            state="WATCHING",
            since_ns=0,
            text="",
            judged_ns=self.now_ns,
            blind=BLIND.get(self.cause),
            blind_since_ns=self.now_ns - blind_s * NS if self.cause in BLIND else None,
            t_ns=self.now_ns,
        )
        self.bed.seen(seen, self.now_ns, retained=False)


short = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(NOTICED_S, 29))  # below the grace
causes = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(NOTICED_S, 60))
happenings = st.one_of(
    causes,
    short,
    st.tuples(st.just("well"), st.integers(1, 70)),
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("clock"), st.integers(-3600, 3600)),
)
gaps = st.tuples(st.just("well"), st.integers(1, 50))
nights = st.one_of(
    st.lists(happenings, max_size=14),
    st.tuples(short, gaps).map(lambda turn: [*turn] * 8),
    st.tuples(short, gaps, short, gaps, happenings).map(lambda turn: [*turn] * 4),
)


def lived(happened: list[tuple[str, int]], *, restarting: bool = True, setting: bool = True) -> Night:
    night = Night()
    night.go("well", 30)
    for what, value in happened:
        if what == "restart":
            if restarting:
                night.restart()
        elif what == "clock":
            if setting:
                night.set_clock(value)
        else:
            night.go(what, value)
    return night


def has_lasted(night: Night, second: int, *, causes: int) -> bool:
    """Whether so many seconds up to this one were like it, and nothing was restarted meanwhile."""
    lately = night.causes[max(0, second - causes + 1) : second + 1]
    restarted = any(second - causes < restart <= second for restart in night.restarts)
    return len(lately) == causes and len(set(lately)) == 1 and not restarted


def lost_s(night: Night, second: int) -> int:
    """How much of the five minutes before was not watched, without what nobody could know just after a restart."""
    return sum(
        night.causes[then] != "well" and not any(0 <= then - restart < NOTICED_S for restart in night.restarts)
        for then in range(max(0, second - 299), second + 1)
    )


@settings(max_examples=30)
@given(nights)
def test_while_two_of_five_minutes_are_not_watched_a_fault_stands_whatever_the_causes(
    happened: list[tuple[str, int]],
) -> None:
    night = lived(happened)
    for second, told in enumerate(night.told):
        is_lost = night.causes[second] != "well" and has_lasted(night, second, causes=NOTICED_S)
        if is_lost and lost_s(night, second) >= 120:
            assert told


@settings(max_examples=30)
@given(nights)
def test_no_fault_is_told_to_be_over_while_its_cause_lasts_whatever_is_restarted_or_set(
    happened: list[tuple[str, int]],
) -> None:
    night = lived(happened)
    for second, (before, after) in enumerate(pairwise(night.told), 1):
        lasting = night.causes[max(0, second - NOTICED_S) : second + 1]
        if len(set(lasting)) == 1 and lasting[0] != "well":
            assert KINDS[lasting[0]] not in before - after
    for second in night.over:
        assert night.told[second] or "well" in night.causes[second - NOTICED_S + 1 : second + 1]


@settings(max_examples=30)
@given(nights)
@example([("flat", 40), ("well", 10), ("clock", 3600), ("well", 20)])  # while a fault settles
@example([("flat", 40), ("well", 10), ("clock", -3600), ("well", 20)])
@example([*[("flat", 20), ("well", 10)] * 4, ("clock", 3600), *[("flat", 20), ("well", 10)] * 4])  # while it adds up
def test_a_clock_that_is_set_changes_nothing_that_is_told(happened: list[tuple[str, int]]) -> None:
    assert lived(happened).told == lived(happened, setting=False).told


def test_a_restart_while_the_collector_is_gone_neither_ends_the_night_nor_the_fault() -> None:
    for cause in ("offline", "silent"):
        night = lived([(cause, 60), ("restart", 0), (cause, 300), ("restart", 0), (cause, 5)])
        assert set(night.told[60:]) == {frozenset({"collector_gone"})}
        assert night.over == []
        assert night.bed.state(night.now_ns).state == "FAULT"


def test_the_night_goes_on_after_a_restart_until_its_end_is_heard_or_noon_comes() -> None:
    ended, until_noon = (lived([("offline", 60), ("restart", 0)]) for _ in range(2))
    ended.bed.status(Status(state="ended", t_ns=ended.now_ns, session=SESSION), ended.now_ns)
    ended.bed.look(ended.now_ns)
    assert ended.bed.state(ended.now_ns).state == "DISARMED"
    last_ns = EVENING_NS + (13 * 3600 - 1) * NS  # from 23 h to noon
    for now_ns, state in ((last_ns, "FAULT"), (last_ns + NS, "DISARMED")):
        until_noon.bed.look(now_ns)
        assert until_noon.bed.state(now_ns).state == state


def test_a_clock_that_was_set_back_while_the_bedside_was_away_stops_no_ring() -> None:
    night = lived([("flat", 60)])
    assert night.bed.ring(night.now_ns) is not None
    night.clock_s -= 3600  # as after a power cut, where no battery keeps the clock
    night.restart()
    rung = []
    for _ in range(600):
        night.go("flat", 1)
        rung += [night.second] if night.bed.ring(night.now_ns) else []
    begun_s = 30 + 30  # well for half a minute, and then the grace
    assert rung[-2:] == [begun_s + 60 + 1, begun_s + 300 + 1]
