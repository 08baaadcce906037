"""Keeps a wearable connected: scan, connect, subscribe, start, watch; after any failure wait and begin again.

What is tried grows with the trouble. A stream that falls silent is subscribed anew over the same link; if that does not
help, the link is made anew without a scan; after a link that brought no data, with one. After many failures in a row
the adapter is power-cycled, if that is allowed and no other link would be lost; where scanning itself fails again and
again and nothing streams, the process ends, for the service manager to start it afresh. Otherwise it goes on for ever.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Literal, NamedTuple

from collector.backend import Backend
from collector.backoff import Backoff
from collector.battery import Battery
from collector.causes import IN_REACH, Cause, Dropped, NotFound, RadioFailed, Stalled, explain, silent
from collector.chores import Chore, Chores
from collector.contract.messages import NS, STREAMS, BuzzKind, LinkHealth, StreamKind
from collector.devices.profile import DeviceInfo, Profile
from collector.link import Link, OnPacket, Streams
from collector.scan import Found, find
from collector.scan_pace import ScanPace
from collector.settings import DeviceSettings
from collector.watchdog import Watchdog

log = logging.getLogger(__name__)

State = Literal["scanning", "connecting", "streaming", "waiting", "stopped"]
WATCH_EVERY_S = 0.5
"""A quarter of the shortest silence that counts."""
BATTERY_EVERY_S = 300.0
"""A battery that lasts a night loses less than one percent in this time."""
RESTART_S = 2.0
"""The same link has to answer as soon as that when it is subscribed to anew; a new link takes no longer."""
TROUBLE_AFTER_S = 15.0
"""What heals by itself takes less: a new link some 5 s. What lasts longer is for a person to know."""
POWER_CYCLE_EVERY = 10
"""Failures in a row: after one and a half minutes of waits, and up to 15 s for each scan."""
POWER_CYCLE_S = 10.0
"""It takes some 2 s, unless the Bluetooth service hangs as well."""
FAILED_SCANS = 20
"""In a row while nothing streams, some 5 min: Bluetooth does not work. A wearable that is away makes no scan fail."""


class Trouble(NamedTuple):
    """Which streams a person should know to be missing, why, and since when in monotonic time."""

    streams: tuple[StreamKind, ...]
    cause: Cause
    since_ns: int


class Supervisor:
    """Runs one wearable's link.

    `begin(info)` is awaited each time before the device is started; it returns the indices to resume from. `on_packet`
    receives every notification. `heard` is to be called for each decoded packet. Of the device's streams those in
    `kinds` are wanted.
    """

    def __init__(
        self,
        profile: Profile,
        settings: DeviceSettings,
        begin: Callable[[DeviceInfo], Awaitable[dict[StreamKind, int]]],
        on_packet: OnPacket,
        monotonic_ns: Callable[[], int],
        backend: Backend | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        kinds: Collection[StreamKind] = STREAMS,
    ) -> None:
        self._profile = profile
        self._settings = settings
        self._begin = begin
        self._on_packet = on_packet
        self._monotonic_ns = monotonic_ns
        self._backend = backend or Backend()
        self._sleep = sleep
        self._backoff = Backoff(rng or random.Random())
        self._battery = Battery()
        self._kinds = kinds
        self._info = DeviceInfo(None, profile.stream)
        self._watchdog = Watchdog(self._streams, 0)
        self.state: State = "stopped"
        self.connections = 0
        self._device = settings.name or settings.address or settings.profile
        self._found: Found | None = None
        self._link: Link | None = None  # while it streams
        self._proven = False  # the device found last has sent data since
        self._failures = self._failed_scans = 0  # in a row
        self._scan_pace = ScanPace()
        self._cause: Cause | None = None
        self._well_ns = 0

    async def run(self) -> None:
        """Keep the link up until cancelled; raises RadioFailed when only another process can."""
        self._well_ns = self._monotonic_ns()
        try:
            while True:
                self.state = "waiting"
                await self._escalate()
                await self._attempt()
        finally:
            self.state = "stopped"

    def heard(self, stream: StreamKind, count: int, arrival_ns: int) -> None:
        """A packet of `count` samples was decoded: the link is good."""
        self._watchdog.heard(stream, count, arrival_ns)
        self._backoff.reset()
        self._proven = True
        self._failures = 0
        self._cause = None

    async def buzz(self, kind: BuzzKind) -> None:
        """Have the wearable buzz, where it can and is connected; a failure is logged and leaves the link as it is."""
        buzzer = self._profile.buzz
        if buzzer is None or self._link is None:
            return
        try:
            await self._link.send(buzzer.command(kind), {})
        except Exception as error:  # whatever a Bluetooth stack raises: the samples matter more
            log.warning("%s did not buzz: %s", self._device, explain(error).what)

    def health(self) -> LinkHealth:
        """How the link is doing. From any thread."""
        last_ns = self._watchdog.last_ns()
        return LinkHealth(
            device=self._device,
            state=self.state,
            streams=tuple(stream.kind for stream in self._streams),
            rssi_dbm=self._found.rssi_dbm if self._found else None,
            battery_percent=self._battery.percent,
            battery_hours_left=self._battery.hours_left,
            reconnects=max(0, self.connections - 1),
            last_data_age_s=None if last_ns is None else round((self._monotonic_ns() - last_ns) / NS, 3),
        )

    def trouble(self) -> Trouble | None:
        """What has been wrong for longer than things take to heal by themselves. From any thread."""
        now_ns = self._monotonic_ns()
        if self.state == "stopped" or now_ns - self._well_ns <= TROUBLE_AFTER_S * NS:
            return None
        missing = tuple(self._watchdog.silent(now_ns)) if self.state == "streaming" else ()
        if missing:
            return Trouble(missing, silent(missing[0]), self._well_ns)
        streams = tuple(stream.kind for stream in self._streams)
        return Trouble(streams, self._cause or Cause("there is no connection yet", IN_REACH), self._well_ns)

    @property
    def _streams(self) -> Streams:
        return tuple(stream for stream in self._info.streams if stream.kind in self._kinds)

    async def _attempt(self) -> None:
        try:
            await self._serve_link()
        # Whatever fails in a Bluetooth stack, half of it in none of bleak's own classes, the answer is another attempt;
        # the reason is for the log.
        except Exception as error:
            self._failures += 1
            self._complain(explain(error))
        self.state = "waiting"
        await self._sleep(self._backoff.next_s())

    async def _escalate(self) -> None:
        """What is left to do when attempt after attempt has failed."""
        if self._failed_scans >= FAILED_SCANS:
            assert self._cause is not None
            raise RadioFailed(f"Bluetooth does not work, {FAILED_SCANS} scans in a row have failed", self._cause)
        due = self._failures and self._failures % POWER_CYCLE_EVERY == 0
        if due and self._settings.power_cycle and not self._backend.streaming:
            log.warning("%s: %d attempts have failed; power-cycling the adapter", self._device, self._failures)
            with suppress(Exception):  # without it we are where we were; the next attempt tells
                async with asyncio.timeout(POWER_CYCLE_S):
                    await self._backend.power_cycle(self._settings.adapter)

    async def _serve_link(self) -> None:
        """One connection from scan to loss; always raises."""
        found = await self._find()
        self._device = found.device.name or found.device.address
        self.state = "connecting"
        link = Link(found.device, self._profile, self._backend, self._on_packet)
        try:
            info = await link.connect()
            self.connections += 1
            resume = await self._begin(info)
            self._watch_anew(info)
            await link.start(self._streams, resume)
            self.state = "streaming"
            await self._watch(link)
        finally:
            await link.close()

    async def _find(self) -> Found:
        """The device that sent data last time, without a scan; otherwise the one that is heard."""
        proven, self._proven = self._proven, False
        if self._found and proven:
            return self._found
        await self._may_scan()
        self.state = "scanning"
        # When bluetoothd has died, bleak goes on to believe in the connections it had; only a scan puts that right.
        believed = self._failures > 0 and self._found is not None and self._found.rssi_dbm is None
        try:
            match = self._profile.device.match
            self._found = await find(match, self._settings, self._backend, take_over=not believed)
        except NotFound:
            self._failed_scans = 0
            raise
        except Exception:
            # A link that streams would be lost with the process, and shows that Bluetooth works for others.
            self._failed_scans = 0 if self._backend.streaming else self._failed_scans + 1
            raise
        self._failed_scans = 0
        return self._found

    async def _may_scan(self) -> None:
        """At once where no EMG streams; beside a link that brings some, now and then."""
        while self._backend.streaming_emg and not self._scan_pace.take(self._monotonic_ns()):
            await self._sleep(WATCH_EVERY_S)

    def _complain(self, cause: Cause) -> None:
        """Log why there is no data; the same reason again and again, as while the wearable charges, only once."""
        log.log(logging.DEBUG if cause == self._cause else logging.WARNING, "%s: %s; %s", self._device, *cause)
        self._cause = cause

    def _watch_anew(self, info: DeviceInfo) -> None:
        """The watchdog keeps what it learned about silent streams, unless the device has other streams now."""
        before, self._info = self._streams, info
        if self._streams != before:
            self._watchdog = Watchdog(self._streams, self._monotonic_ns())
        self._watchdog.link_up(self._monotonic_ns())

    async def _watch(self, link: Link) -> None:
        """Stay with a link until it is lost or has to be given up; always raises."""
        chores = asyncio.create_task(self._tend(link))
        brings_emg = any(stream.kind == "emg" for stream in self._streams)
        self._backend.streaming += 1
        self._backend.streaming_emg += brings_emg
        self._link = link
        try:
            while not link.lost.is_set():
                if chores.done():
                    chores.result()
                await self._look_after_streams(link)
                await self._sleep_or_lost(link)
        finally:
            self._link = None
            self._backend.streaming -= 1
            self._backend.streaming_emg -= brings_emg
            chores.cancel()
            await asyncio.gather(chores, return_exceptions=True)  # what a chore met at a dying link is no news
        raise Dropped

    async def _look_after_streams(self, link: Link) -> None:
        now_ns = self._monotonic_ns()
        if self._watchdog.well(now_ns):
            self._well_ns = now_ns
        stream = self._watchdog.stalled(now_ns)
        if stream is None:
            return
        if self._watchdog.excused(stream):
            self._watchdog.give_up(stream)
            raise Stalled(stream)
        log.info("%s: no %s data; subscribing anew", self._device, stream)
        try:
            await link.pause(self._streams)
            resume = await self._begin(self._info)
            async with asyncio.timeout(RESTART_S):
                await link.start(self._streams, resume)
        except Exception as error:
            raise Stalled(stream) from error
        self._watchdog.excuse(stream, self._monotonic_ns())

    async def _tend(self, link: Link) -> None:
        """Do what a link needs now and then. Apart from the watch, which must not wait for an answer."""
        chores = [Chore(BATTERY_EVERY_S, partial(self._read_battery, link))]
        chores += [Chore(it.poll_s, partial(link.poll, it.char)) for it in self._streams if it.poll_s is not None]
        if keep_alive := self._profile.device.keep_alive:
            chores.append(Chore(keep_alive.every_s, partial(link.send, keep_alive, {})))
        due = Chores(chores)
        while True:
            await due.do_due(self._monotonic_ns())
            await self._sleep(WATCH_EVERY_S)

    async def _read_battery(self, link: Link) -> None:
        percent = await link.battery_percent()
        if percent is not None:
            self._battery.read(percent, self._monotonic_ns())

    async def _sleep_or_lost(self, link: Link) -> None:
        sleeping = asyncio.ensure_future(self._sleep(WATCH_EVERY_S))
        lost = asyncio.ensure_future(link.lost.wait())
        try:
            await asyncio.wait((sleeping, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            lost.cancel()
