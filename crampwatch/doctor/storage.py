"""Whether the nights have a place, and for how long."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.contract.errors import BadRecording
from collector.contract.journal import SUFFIX, Journal
from collector.contract.nights import night_of
from crampwatch.doctor.finding import Finding
from crampwatch.words import counted
from detector.catalogue import Catalogue
from detector.store import NightStore
from detector.store_schema import BadStore

FEW_NIGHTS = 7
"""Nights left at which to say so: a week to do something about it."""
ASSUMED_NIGHT_BYTES = 250_000_000
"""While no night is there to go by: eight hours of 8 channels at 200 Hz in 16 bits are 92 MB and as journals double
that; one channel at 1 kHz is less."""


def nearest(path: Path) -> Path:
    """The folder itself or, before it is made, the one it will be in."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def data_directory(path: Path) -> Finding:
    """Whether journals can be written there."""
    there = nearest(path)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        cure = "give it to the user who runs crampwatch, or name another data_directory"
        return Finding("data", "problem", f"the data directory cannot be written ({error.strerror})", cure, str(path))
    says = "can be written" if there == path else "is not there yet; it will be made"
    return Finding("data", "ok", says, about=str(path))


def disk(path: Path, free_bytes: int, zone: ZoneInfo, catalogue: Catalogue) -> Finding:
    """For how many nights there is room, by the largest of those that are there already."""
    by_night = Counter[date]()
    for night, size in _journals(path, zone):
        by_night[night] += size
    night_bytes = max(by_night.values(), default=ASSUMED_NIGHT_BYTES) or ASSUMED_NIGHT_BYTES
    nights = free_bytes // night_bytes
    says = catalogue.say(
        "preflight.disk.measured" if by_night else "preflight.disk.assumed",
        nights=catalogue.say("preflight.disk.night" if nights == 1 else "preflight.disk.nights", n=nights),
        free=_mb(free_bytes, catalogue),
        night=_mb(night_bytes, catalogue),
    )
    if nights >= FEW_NIGHTS:
        return Finding("disk", "ok", says)
    return Finding("disk", "warning" if nights else "problem", says, catalogue.say("preflight.disk.cure"))


def night_store(path: Path) -> Finding:
    """Whether what earlier nights have shown can be read."""
    if not path.exists():
        return Finding("night store", "ok", "is not there yet; it will be made")
    try:
        with NightStore(path, read_only=True) as store:
            return Finding("night store", "ok", f"holds {counted(sum(1 for _ in store.sessions()), 'session')}")
    except BadStore as error:
        cure = "move the file away, or restore it; it can be made again from the journals"
        return Finding("night store", "problem", "nights.sqlite cannot be read", cure, str(error))


def _journals(path: Path, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    """Of each journal its night and its bytes on disk, those not yet in the file itself included."""
    for file in path.glob(f"*{SUFFIX}"):
        try:
            with Journal.open(file, read_only=True) as journal:
                night = night_of(journal.header.started_ns, zone)
        except BadRecording:
            continue
        log = file.with_name(f"{file.name}-wal")
        yield night, file.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _mb(count: int, catalogue: Catalogue) -> str:
    size, unit = (count / 1e9, "GB") if count >= 1e9 else (count / 1e6, "MB")
    return f"{catalogue.figure(size, 1)} {unit}"
