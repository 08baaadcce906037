"""A time of day, as someone reads it off a clock in the morning, to a moment of a recording."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from collector.contract.messages import NS
from collector.contract.recording import Recording
from detector.report.local_clock import LocalClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class BadMoment(ValueError):
    """The text is no time, or none of this recording, or more than one; the message says which times there are."""


def moment_ns(text: str, recording: Recording) -> int:
    """The moment in the recording that `02:13`, `02:13:12.5` or `2026-11-20T02:13:12` means.

    Times are by the wearer's clock, or by the recorder's where the recording knows no zone. A time that comes twice
    has to be told with its date or its offset from UTC (`02:30:00+01:00`). Raises BadMoment.
    """
    zone = zone_of(recording)
    try:
        readings = sorted(set(_readings(text.strip(), recording, zone)))
    except ValueError as error:
        raise BadMoment(f"{text!r} is no time; write it like 02:13:12 or 2026-11-20T02:13:12") from error
    inside = [t_ns for t_ns in readings if recording.start_ns <= t_ns <= recording.end_ns]
    if not inside:
        covered = " to ".join(_iso(t_ns, zone) for t_ns in (recording.start_ns, recording.end_ns))
        raise BadMoment(f"{text} is not in {recording.name}, which covers {covered}")
    if len(inside) > 1:
        choices = " or ".join(_iso(t_ns, zone, offset=True) for t_ns in inside)
        raise BadMoment(f"{text} comes {len(inside)} times in {recording.name}; write {choices}")
    return inside[0]


def zone_of(recording: Recording) -> ZoneInfo:
    """The zone by which the recording's times read as the wearer's; UTC leaves those without a zone as they are."""
    return ZoneInfo(recording.timezone or "UTC")


def tenths(clock: LocalClock, t_ns: int) -> str:
    """`02:13:12.4`, with the zone's name where the clock changes."""
    time_of_day, *zone = clock.hhmmss(t_ns).split()
    return " ".join([f"{time_of_day}.{t_ns % NS // (NS // 10)}", *zone])


def clock_of(recording: Recording) -> LocalClock:
    """The wall clock through the recording."""
    return LocalClock(zone_of(recording), recording.start_ns, recording.end_ns)


def _readings(text: str, recording: Recording, zone: ZoneInfo) -> Iterator[int]:
    """Every moment the text may mean, inside the recording or not; raises ValueError for what is no time."""
    for moment in _dated(text, recording, zone):
        if moment.tzinfo is not None:
            yield _ns(moment)
            continue
        for fold in (0, 1):
            local = moment.replace(tzinfo=zone, fold=fold)
            if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == moment:  # else the clock skips this time
                yield _ns(local)


def _dated(text: str, recording: Recording, zone: ZoneInfo) -> list[datetime]:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        return [datetime.fromisoformat(text)]
    first, last = (_local(t_ns, zone).date() for t_ns in (recording.start_ns, recording.end_ns))
    return [datetime.combine(first + timedelta(days=k), at) for k in range((last - first).days + 1)]


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND * 1000


def _local(t_ns: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(microseconds=t_ns // 1000)).astimezone(zone)


def _iso(t_ns: int, zone: ZoneInfo, *, offset: bool = False) -> str:
    local = _local(t_ns, zone)
    return (local if offset else local.replace(tzinfo=None)).isoformat(timespec="seconds")
