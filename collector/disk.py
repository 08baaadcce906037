"""Room on the disk: how long it lasts, and what is given up, in which order, when it does not.

1. At the start and at every noon the journals of all but the last `keep_nights` nights are deleted.
2. When an hour's room above RESERVE is no longer there, the oldest published journals are deleted before their time.
3. When that is not enough, tonight's journal stays as large as it is: new samples take the place of the oldest
   published ones. They go on being published; what the detector finds is kept, the reserve is for its store.
   Should others have filled the disk to the last byte, a ballast file makes way first.
4. When the disk takes nothing at all, samples wait in memory, and are tried again, until the packet queue is full.
"""

import asyncio
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from collector.contract.messages import NS, Fault
from collector.contract.nights import bounds_ns, night_of
from collector.devices.profile import Stream
from collector.night_session import NightSession
from collector.retention import KEEP_NIGHTS, Kept, delete, kept_journals, outlived

log = logging.getLogger(__name__)

RESERVE = 64 << 20
"""Bytes left to others. The night store grows by 1 MB an hour, by 6 with four channels (docs/reference/disk-growth.md):
room for a night of events and envelopes after the last sample."""
BALLAST = 16 << 20
"""Four times what SQLite's write-ahead log may still have to bring into the journal: 1000 pages of 4096 bytes."""
LOOK_EVERY_S = 30.0
"""In half a minute a collector writes less than a megabyte."""
RETRY_S = 1.0
"""As often as there is a new block."""
SPARE_H = 1.0
"""Whoever is told in the evening wants time to do something, and estimates are no promises."""
SLOW_S = 2.0
"""A commit takes milliseconds on a healthy disk or card; this long, several of them wait."""
SLOW_TOLD_S = 600.0
"""How long a slow commit is talked about: a card that stalls does so every few minutes."""
ROW = 430
"""Bytes of a journalled block besides its samples: names, clock, channel, index. Measured."""
EMPTY = 1.15
"""Where the next row does not fit into a page, its rest stays empty: 5 to 30 %, measured at 250 to 2000 Hz."""

_MAKE_ROOM = "delete other files, or old nights with `crampwatch prune --keep-nights 3`"
_REPLACE = "use another card or disk: this one may be about to fail"
_WRITABLE = "look whether the disk is full or was mounted read-only; a card that did that by itself is failing"


class Disk:
    """Watches the disk of one collector, and commits its session however the disk is.

    `sharing` collectors write to the folder at the same rate. `now_ns` is the time by which nights are told, `free`
    tells the bytes left in the folder. `faults` may be asked from any thread.
    """

    def __init__(
        self,
        directory: Path,
        zone: ZoneInfo,
        now_ns: Callable[[], int],
        *,
        keep_nights: int = KEEP_NIGHTS,
        sharing: int = 1,
        reserve: int = RESERVE,
        ballast: int = BALLAST,
        free: Callable[[Path], int] = lambda directory: shutil.disk_usage(directory).free,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._zone = zone
        self._now_ns = now_ns
        self._keep_nights = keep_nights
        self._sharing = sharing
        self._reserve = reserve
        self._ballast, self._ballast_size = directory / "ballast", ballast
        self._free = free
        self._monotonic_s = monotonic_s
        self._bytes_per_hour = 0.0
        self._tidied: date | None = None  # the night for which outlived journals have been deleted
        self._giving_up = False
        self._slow_s = float("-inf")  # when a commit was slow
        self._faults: dict[str, Fault] = {}
        self._telling = threading.Lock()  # commits and looks are in threads of their own

    async def watch(self) -> None:
        """Look after the disk until cancelled."""
        try:
            while True:
                try:
                    await asyncio.to_thread(self.look)
                except OSError as error:
                    log.error("The disk cannot be looked after: %s", error)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            with suppress(OSError):
                self._ballast.unlink(missing_ok=True)

    def expect(self, streams: Iterable[Stream], block_s: float) -> None:
        """These streams are going to be written."""
        self._bytes_per_hour = self._sharing * bytes_per_hour(streams, block_s)

    def look(self) -> None:
        """Delete what has outlived its time, make room where there is too little, and see how long the rest lasts.

        Raises OSError when the folder cannot be read or nothing in it deleted.
        """
        if not self._directory.is_dir():
            return  # before the first session
        tonight = night_of(self._now_ns(), self._zone)
        if tonight != self._tidied or self._is_short():
            self._tidy(tonight)
        if self._room() > self._ballast_size and not self._ballast.exists():
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._ballast_size)
        self._see_how_long_it_lasts(tonight)
        if self._monotonic_s() - self._slow_s > SLOW_TOLD_S:
            self._tell("slow", "", "")

    async def keep(self, session: NightSession, stop: asyncio.Event) -> None:
        """Commit the session's blocks, as often as it takes; once `stop` is set, raises what the disk says."""
        while True:
            try:
                await asyncio.to_thread(self.commit, session)
                return
            except sqlite3.OperationalError as error:
                self._tell("write", f"nothing can be written ({error}); samples wait in memory", _WRITABLE)
                if stop.is_set():
                    raise
            await asyncio.sleep(RETRY_S)

    def commit(self, session: NightSession) -> None:
        """Commit once; raises sqlite3.OperationalError when the disk does not take it."""
        begun_s = self._monotonic_s()
        self._give_up(self._room() <= 0)
        try:
            session.commit(in_place_of_oldest=self._giving_up)
        except sqlite3.OperationalError as error:
            if not _is_full(error):
                raise
            self._ballast.unlink(missing_ok=True)
            self._give_up(True)
            session.commit(in_place_of_oldest=True)
        self._tell("write", "", "")
        if self._monotonic_s() - begun_s >= SLOW_S:
            self._slow_s = self._monotonic_s()
            self._tell("slow", f"the disk is slow: keeping a second of samples took over {SLOW_S:.0f} s", _REPLACE)

    def faults(self) -> tuple[Fault, ...]:
        """What a person has to know about the disk."""
        return tuple(self._faults.values())

    def _tidy(self, tonight: date) -> None:
        """Delete what has outlived its time; where that leaves too little room, the oldest before their time."""
        journals = kept_journals(self._directory, self._zone, tonight)
        old = outlived(journals, tonight, self._keep_nights)
        for kept in old:
            self._delete(kept, f"{self._keep_nights} nights are kept")
        self._tidied = tonight
        for kept in journals:
            if kept not in old and not kept.because and self._is_short():
                self._delete(kept, "the disk is nearly full")

    def _is_short(self) -> bool:
        """Whether there is less than an hour's room."""
        return self._room() < self._bytes_per_hour

    def _see_how_long_it_lasts(self, tonight: date) -> None:
        if self._giving_up or not self._bytes_per_hour:
            return
        left_h = max(self._room() / self._bytes_per_hour, 0.0)
        needed_h = (bounds_ns(tonight, self._zone)[1] - self._now_ns()) / NS / 3600 + SPARE_H
        told = f"the disk will be full in {left_h:.0f} h, the night may last {needed_h:.0f} h"
        self._tell("room", told if left_h < needed_h else "", _MAKE_ROOM)

    def _give_up(self, giving_up: bool) -> None:
        if giving_up != self._giving_up:
            told = "the disk is full: new samples take the place of tonight's oldest, which were published"
            self._tell("room", told if giving_up else "", _MAKE_ROOM)
        self._giving_up = giving_up

    def _room(self) -> float:
        """The bytes that samples may still take."""
        return self._free(self._directory) - self._reserve

    def _delete(self, kept: Kept, why: str) -> None:
        delete(kept)
        log.warning("%s was deleted: %s.", kept.path.name, why)

    def _tell(self, kind: str, cause: str, cure: str) -> None:
        """Tell a fault of this kind, or with an empty cause that it is over."""
        with self._telling:
            known = self._faults.get(kind)
            if (known.cause if known else "") == cause:
                return
            faults = {other: fault for other, fault in self._faults.items() if other != kind}
            if cause:
                log.error("%s; %s", cause, cure)
                since_ns = known.since_ns if known else self._now_ns()
                faults[kind] = Fault(device="disk", streams=(), since_ns=since_ns, cause=cause, cure=cure)
            self._faults = faults  # in one step, for those who ask meanwhile


def bytes_per_hour(streams: Iterable[Stream], block_s: float) -> float:
    """How fast a journal of these streams grows, within 20 %."""
    total = 0.0
    for stream in streams:
        count = max(1, round(block_s * stream.rate_hz))
        item_bytes = 2 if stream.rails[0] >= -(2**15) and stream.rails[1] < 2**15 else 4
        total += 3600 * stream.rate_hz / count * (ROW + count * len(stream.names) * item_bytes)
    return EMPTY * total


def _is_full(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
