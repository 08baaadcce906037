"""What is wrong at one place, told from what collector, detector and host say of themselves. Time is handed in."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS, Faults, Health, LinkHealth, Status
from collector.contract.nights import night_of
from detector.alarm.grace import Grace, Lost, Wrong
from detector.alarm.messages import FaultKind
from detector.alarm.night_times import next_noon_ns, next_time_ns
from detector.alarm.precedence import in_order
from detector.alarm.settings import AlarmSettings
from detector.sight import Seen

__all__ = ["FaultMemory", "FaultWatch", "Wrong"]

ALIVE_S = 15.0
"""Collector and detector speak every 10 s; who has been silent for longer has missed a turn."""
BEHIND_S = 15.0
"""The detector's usual lag is under 7 s: blocks of a second, and up to 5 s in which motion is waited for."""
EMPTY_PERCENT = 10.0
"""Where no rate of discharge is known; wearables switch off at a few percent."""
_BLINDNESS: dict[str | None, FaultKind] = {
    "missing": "no_data",
    "clipped": "clipping",
    "flat": "electrode_off",
    "mains": "mains",
}
"""`learning` is none: it passes within a minute."""


class FaultMemory(msgspec.Struct, frozen=True, kw_only=True):
    """What has to outlast a restart.

    `recorded_ns`: the last word of a session that goes on; None: no night is being recorded. `has_health`: its
    collector gives account of itself, which the replay of a recording does not.
    """

    standing: tuple[Wrong, ...] = ()
    lost: tuple[Lost, ...] = ()
    recorded_ns: int | None = None
    has_health: bool = False


class FaultWatch:
    """Follows what is said at one place, from `now_ns` on; `memory` is that of before a restart.

    A night that was recorded then goes on until its end is heard, or noon comes.
    """

    def __init__(self, settings: AlarmSettings, zone: ZoneInfo, now_ns: int, memory: FaultMemory | None = None) -> None:
        known = memory or FaultMemory()
        self._settings = settings
        self._zone = zone
        self._session_ns = known.recorded_ns  # the last word of a session that goes on
        self._has_health = known.has_health
        self._offline_ns: int | None = None
        self._health: tuple[Health, int] | None = None
        self._reported: tuple[Faults, int] | None = None
        self._seen: tuple[Seen, int] | None = None
        self._behind_ns: int | None = None
        self._battery_low_ns: int | None = None
        self._emg_ns: int | None = None  # when the last EMG came, or was first missed
        self._host: dict[FaultKind, Wrong] = {}
        self._grace = Grace(settings, known.standing, known.lost)
        self._turn_ns = now_ns  # since when there is something for the detector to speak of
        self._ears_ns = now_ns  # since when anybody could be heard

    @property
    def memory(self) -> FaultMemory:
        """What to store."""
        return FaultMemory(
            standing=tuple(self._grace.standing.values()),
            lost=tuple(self._grace.lost),
            recorded_ns=self._session_ns,
            has_health=self._has_health,
        )

    def clock_set(self, step_ns: int) -> None:
        """The time of day is so much later than it would be had nobody set it: all stays as old as it was."""
        self._session_ns, self._offline_ns, self._behind_ns, self._battery_low_ns, self._emg_ns = (
            moment_ns and moment_ns + step_ns
            for moment_ns in (
                self._session_ns,
                self._offline_ns,
                self._behind_ns,
                self._battery_low_ns,
                self._emg_ns,
            )
        )
        self._turn_ns, self._ears_ns = self._turn_ns + step_ns, self._ears_ns + step_ns
        self._health = self._health and (self._health[0], self._health[1] + step_ns)
        self._reported = self._reported and (self._reported[0], self._reported[1] + step_ns)
        self._seen = self._seen and (self._seen[0], self._seen[1] + step_ns)
        self._host = {kind: fault.later(step_ns) for kind, fault in self._host.items()}
        self._grace.clock_set(step_ns)

    def status(self, status: Status, now_ns: int) -> None:
        """The collector's status, retained or not."""
        self._offline_ns = (self._offline_ns or now_ns) if status.state == "offline" else None
        another_goes_on = self._health is not None and self._health[0].session != status.session
        # An earlier session's end may be announced when the network is back, while the next one is recorded.
        if status.state == "ended" and not another_goes_on:
            self._forget_session()
        elif status.state == "online" and status.session:
            self._goes_on(status.t_ns, now_ns)

    def health(self, health: Health, now_ns: int) -> None:
        """The collector's account of itself."""
        if health.session is None:
            self._forget_session()
            return
        self._goes_on(now_ns, now_ns)
        self._offline_ns = None
        self._health, self._has_health = (health, now_ns), True
        ages_s = [link.last_data_age_s for link in _emg_links(health) if link.last_data_age_s is not None]
        self._emg_ns = now_ns - round(min(ages_s) * NS) if ages_s else (self._emg_ns or now_ns)
        is_low = any(self._is_low(link, now_ns) for link in health.links)
        self._battery_low_ns = (self._battery_low_ns or now_ns) if is_low else None

    def reported(self, faults: Faults, now_ns: int) -> None:
        """What the collector says is wrong."""
        self._reported = faults, now_ns

    def seen(self, seen: Seen, now_ns: int) -> None:
        """What the detector sees; a retained one, which may be old, only tells anything when it is repeated."""
        self._seen = seen, now_ns
        is_behind = seen.judged_ns is not None and seen.t_ns - seen.judged_ns > BEHIND_S * NS
        self._behind_ns = (self._behind_ns or now_ns) if is_behind else None

    def host(self, kind: FaultKind, now_ns: int, *, wrong: bool, detail: str = "") -> None:
        """What the bedside notices itself: broker, disk, no_sound, phones, database."""
        if not wrong:
            self._host.pop(kind, None)
        elif kind not in self._host:
            self._host[kind] = Wrong(kind=kind, since_ns=now_ns, detail=detail)

    def recording(self, now_ns: int) -> bool:
        """Whether a night is being recorded, or would be if nothing were wrong."""
        if self._session_ns is None:
            return False
        return night_of(self._session_ns, self._zone) == night_of(now_ns, self._zone)

    def standing(self, now_ns: int) -> tuple[Wrong, ...]:
        """The faults to be told now, the nearest cause first."""
        if "broker" in self._host:  # then nobody can be heard, and silence says nothing of anybody
            self._ears_ns = self._turn_ns = now_ns
        if self.recording(now_ns):
            wrong = [*self._host.values(), *self._of_night(now_ns)]
            self._grace.update(wrong, now_ns, learning_ns=self._learning_ns, heard_from_ns=self._heard_from_ns)
        else:
            self._grace.update(self._host.values(), now_ns)
        return tuple(self._grace.standing[kind] for kind in in_order(self._grace.standing))

    def _of_night(self, now_ns: int) -> Iterator[Wrong]:
        """Nothing is asked of the detector while nothing reaches it, and nothing of a link whose collector is gone."""
        gone_ns = self._gone_ns(now_ns)
        if gone_ns is not None:
            self._turn_ns = now_ns
            yield Wrong(kind="collector_gone", since_ns=gone_ns)
            return
        yield from self._of_reports(now_ns)
        if self._battery_low_ns is not None:
            yield Wrong(kind="battery", since_ns=self._battery_low_ns)
        missed_ns = max(self._emg_ns or now_ns, self._ears_ns)
        if now_ns - missed_ns > ALIVE_S * NS:
            self._turn_ns = now_ns
            yield Wrong(kind=self._missing, since_ns=missed_ns)
        else:
            yield from self._of_detector(now_ns)

    def _gone_ns(self, now_ns: int) -> int | None:
        """Since when the collector has been away. A replay of a recording sends no health and is never missed."""
        if self._offline_ns is not None:
            return self._offline_ns
        said_ns = max(self._health[1] if self._health else 0, self._ears_ns)
        return said_ns if self._has_health and now_ns - said_ns > ALIVE_S * NS else None

    def _of_reports(self, now_ns: int) -> Iterator[Wrong]:
        faults, heard_ns = self._reported or (Faults(t_ns=now_ns, faults=()), now_ns)
        for fault in faults.faults:
            # By the collector's clock; only its age is taken over.
            since_ns = heard_ns - max(0, faults.t_ns - fault.since_ns)
            kind: FaultKind = "disk"
            if fault.streams:
                kind = self._missing if "emg" in fault.streams else "companion"
            elif fault.device == "clock":
                kind = "clock"
            yield Wrong(kind=kind, since_ns=since_ns, detail=f"{fault.device}: {fault.cause}; {fault.cure}")

    def _of_detector(self, now_ns: int) -> Iterator[Wrong]:
        seen, heard_ns = self._seen or (None, 0)
        silent_ns = max(heard_ns, self._turn_ns)
        if now_ns - silent_ns > ALIVE_S * NS:
            yield Wrong(kind="detector_dead", since_ns=silent_ns)
            return
        if self._behind_ns is not None:
            yield Wrong(kind="detector_behind", since_ns=self._behind_ns)
        if seen and seen.blind in _BLINDNESS:
            yield Wrong(kind=_BLINDNESS[seen.blind], since_ns=_blind_ns(seen, heard_ns))

    @property
    def _heard_from_ns(self) -> int:
        """By when whoever is well has spoken."""
        has_spoken = self._seen is not None and self._seen[1] > self._turn_ns
        waited_ns = self._ears_ns if has_spoken else max(self._ears_ns, self._turn_ns)
        return waited_ns + round(ALIVE_S * NS)

    @property
    def _learning_ns(self) -> int | None:
        seen, heard_ns = self._seen or (None, 0)
        return _blind_ns(seen, heard_ns) if seen and seen.blind == "learning" else None

    @property
    def _missing(self) -> FaultKind:
        """By which name missing EMG goes: once told it keeps its name, though the link comes and goes meanwhile."""
        if "no_data" in self._grace.standing:
            return "no_data"
        links = _emg_links(self._health[0]) if self._health else []
        connected = "silent" in self._grace.standing or any(link.state == "streaming" for link in links)
        return "silent" if connected else "no_data"

    def _is_low(self, link: LinkHealth, now_ns: int) -> bool:
        if link.battery_hours_left is None:
            return link.battery_percent is not None and link.battery_percent < EMPTY_PERCENT
        up_ns = next_time_ns(now_ns, self._settings.battery_until, self._zone)
        is_tonight = up_ns <= next_noon_ns(now_ns, self._zone)
        return is_tonight and link.battery_hours_left * 3600 * NS < up_ns - now_ns

    def _goes_on(self, said_ns: int, now_ns: int) -> None:
        if self._session_ns is None:
            self._turn_ns = now_ns
        self._session_ns = said_ns

    def _forget_session(self) -> None:
        """The night has ended: what was wrong with it is over."""
        self._session_ns = self._offline_ns = self._emg_ns = self._behind_ns = self._battery_low_ns = None
        self._health = self._reported = self._seen = None
        self._has_health = False
        self._grace.forget_lost()


def _emg_links(health: Health) -> list[LinkHealth]:
    return [link for link in health.links if "emg" in link.streams]


def _blind_ns(seen: Seen, heard_ns: int) -> int:
    """Since when nothing could be judged, by our clock."""
    return heard_ns - max(0, seen.t_ns - (seen.blind_since_ns or seen.t_ns))
