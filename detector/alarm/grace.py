"""When what is wrong becomes a fault, and when the fault is over. Time is handed in."""

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from collector.contract.messages import NS
from detector.alarm.messages import FaultKind
from detector.alarm.precedence import in_order
from detector.alarm.settings import AlarmSettings

BLINDING: frozenset[FaultKind] = frozenset(
    {"collector_gone", "detector_dead", "no_data", "silent", "electrode_off", "clipping", "mains"}
)
"""While one of these is wrong nobody would see a cramp. To the sleeper they are one trouble, whatever its cause."""
UNHEARD: frozenset[FaultKind] = frozenset({"broker", "no_sound", "phones", "database"})
"""The bedside notices these itself; of the others it knows what it is told."""
LOOK_BACK_S = 300.0
"""Over so long the time is added up in which nothing was judged: the longest cramps last about as long."""
TOO_MUCH_S = 120.0
"""A fault, if so much of it was lost: four graces, each of which might have been chance."""
WELL_S = 60.0
"""What comes and goes is over after a minute without a break.

What is blind for less than the grace and then well for a minute never adds up to TOO_MUCH_S within LOOK_BACK_S. So a
fault that began by adding up does not end and begin again while nothing changes.
"""
JITTER_S = 1.0
"""Since when something is wrong is told as an age, by messages of which one may take so much longer than another."""


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, since when by our clock, and what the collector said of it."""

    kind: FaultKind
    since_ns: int
    detail: str = ""

    def later(self, step_ns: int) -> "Wrong":
        """The same by a clock that was set."""
        return msgspec.structs.replace(self, since_ns=self.since_ns + step_ns)


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch in which nothing was judged, and why; None: the resting level was being learnt."""

    kind: FaultKind | None
    start_ns: int
    end_ns: int

    def seconds_since(self, t_ns: int) -> float:
        """How much of it lies after a moment."""
        return max(0, self.end_ns - max(self.start_ns, t_ns)) / NS

    def later(self, step_ns: int) -> "Lost":
        """The same by a clock that was set."""
        return msgspec.structs.replace(self, start_ns=self.start_ns + step_ns, end_ns=self.end_ns + step_ns)


class Grace:
    """A fault stands once it has been wrong for the grace, and until it has been right for the time to settle.

    For the BLINDING kinds the grace runs as long as any of them is wrong, and much that was lost in pieces counts like
    an unbroken stretch. Such a fault keeps the name under which it was told until another cause has lasted for a grace.
    """

    def __init__(self, settings: AlarmSettings, standing: Iterable[Wrong] = (), lost: Iterable[Lost] = ()) -> None:
        self._settings = settings
        self.standing: dict[FaultKind, Wrong] = {fault.kind: fault for fault in standing}
        self.lost = list(lost)
        self._wrong_ns: dict[FaultKind, int] = {}  # when each was last seen to be wrong
        self._blind: Wrong | None = None  # what is blinding now
        self._blind_ns = 0  # since when something has been
        self._is_lost = False  # whether the last moment was

    def update(
        self, wrong: Iterable[Wrong], now_ns: int, *, learning_ns: int | None = None, heard_from_ns: int = 0
    ) -> None:
        """All that is wrong now. Of a kind that is wrong in several ways, that which began first counts.

        `learning_ns`: since when the resting level has been learnt, if it is. By `heard_from_ns` whoever is well has
        spoken; until then no fault is over for want of anybody who speaks of it.
        """
        found: dict[FaultKind, Wrong] = {}
        for fault in sorted(wrong, key=lambda fault: fault.since_ns):
            found.setdefault(fault.kind, fault)
        for kind in (*found, *self.standing):
            self._wrong_ns[kind] = now_ns if kind in found else self._wrong_ns.get(kind, now_ns)
        self._look(next((found[kind] for kind in in_order(found) if kind in BLINDING), None))
        self._add_up(now_ns, learning_ns)
        for fault in found.values():
            if fault.kind not in BLINDING and self._has_lasted(fault.since_ns, now_ns):
                self.standing.setdefault(fault.kind, fault)
        if self._blind:
            self._stand_blind(self._blind, now_ns)
        self._settle(now_ns, heard_from_ns)

    def clock_set(self, step_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: all stays as old as it was."""
        self.standing = {kind: fault.later(step_ns) for kind, fault in self.standing.items()}
        self.lost = [lost.later(step_ns) for lost in self.lost]
        self._wrong_ns = {kind: wrong_ns + step_ns for kind, wrong_ns in self._wrong_ns.items()}
        self._blind = self._blind and self._blind.later(step_ns)
        self._blind_ns += step_ns

    def forget_lost(self) -> None:
        """Another night: what was lost of the last one is no fault of this one."""
        self.lost.clear()
        self._blind, self._is_lost = None, False

    def _look(self, blind: Wrong | None) -> None:
        """Since when nothing has been judged: through every change of the cause, and up to each break of the same."""
        before, self._blind = self._blind, blind
        if blind is None:
            return
        if before is None or (before.kind == blind.kind and before.since_ns + JITTER_S * NS < blind.since_ns):
            self._blind_ns = blind.since_ns
        else:
            self._blind_ns = min(self._blind_ns, blind.since_ns)

    def _add_up(self, now_ns: int, learning_ns: int | None) -> None:
        """Keep count of what was lost lately; learning does not last, and is lost all the same."""
        if self._is_lost:
            self.lost[-1] = msgspec.structs.replace(self.lost[-1], end_ns=now_ns)
        self.lost = [lost for lost in self.lost if now_ns - lost.end_ns <= LOOK_BACK_S * NS]
        was_lost, self._is_lost = self._is_lost, self._blind is not None or learning_ns is not None
        if not self._is_lost:
            return
        kind, since_ns = (self._blind.kind, self._blind.since_ns) if self._blind else (None, learning_ns or now_ns)
        last = self.lost[-1] if self.lost else None
        if last is None or last.kind != kind or not was_lost:
            start_ns = now_ns if was_lost else max(since_ns, last.end_ns if last else since_ns)
            self.lost.append(Lost(kind=kind, start_ns=start_ns, end_ns=now_ns))

    def _stand_blind(self, blind: Wrong, now_ns: int) -> None:
        if not BLINDING & self.standing.keys():
            if self._has_lasted(self._blind_ns, now_ns):
                self.standing[blind.kind] = msgspec.structs.replace(blind, since_ns=self._blind_ns)
            elif self._is_too_much(now_ns):
                kinds = {lost.kind for lost in self.lost if lost.kind}
                most = max(in_order(kinds), key=lambda kind: self._lost_s(now_ns, kind))
                detail = blind.detail if blind.kind == most else ""
                self.standing[most] = Wrong(kind=most, since_ns=self.lost[0].start_ns, detail=detail)
                self._wrong_ns.setdefault(most, now_ns)  # it may be known from before a restart only
        elif self._has_lasted(self.lost[-1].start_ns, now_ns):
            self.standing.setdefault(blind.kind, msgspec.structs.replace(blind, since_ns=self.lost[-1].start_ns))

    def _settle(self, now_ns: int, heard_from_ns: int) -> None:
        blind_ns = max((self._wrong_ns[kind] for kind in BLINDING & self._wrong_ns.keys()), default=0)
        well_s = WELL_S if self._is_too_much(now_ns) and self._comes_and_goes() else self._settings.fault_settle_s
        sees = now_ns - max(blind_ns, heard_from_ns) >= well_s * NS
        for kind in list(self.standing):
            # Nothing is judged under another name then, and of that something was heard.
            is_renamed = kind in BLINDING and not sees and len(BLINDING & self.standing.keys()) > 1
            right_ns = max(self._wrong_ns[kind], 0 if kind in UNHEARD or is_renamed else heard_from_ns)
            may_end = kind not in BLINDING or sees or is_renamed
            if may_end and now_ns - right_ns >= self._settings.fault_settle_s * NS:
                del self.standing[kind]

    def _has_lasted(self, since_ns: int, now_ns: int) -> bool:
        return now_ns - since_ns >= self._settings.fault_grace_s * NS

    def _is_too_much(self, now_ns: int) -> bool:
        """Whether too much was lost, and not to learning alone."""
        named_s = sum(self._lost_s(now_ns, kind) for kind in BLINDING)
        return named_s >= self._settings.fault_grace_s and named_s + self._lost_s(now_ns, None) >= TOO_MUCH_S

    def _lost_s(self, now_ns: int, kind: FaultKind | None) -> float:
        begin_ns = now_ns - round(LOOK_BACK_S * NS)
        return sum(lost.seconds_since(begin_ns) for lost in self.lost if lost.kind == kind)

    def _comes_and_goes(self) -> bool:
        return any(earlier.end_ns < later.start_ns for earlier, later in pairwise(self.lost))
