"""Keeps a wearable connected: scan, connect, subscribe, start, watch; after any failure wait and begin again."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Literal

from collector.contract.messages import NS, LinkHealth, StreamKind
from collector.devices.profile import DeviceInfo, Profile
from collector.link import PLATFORM, Backend, Link, find
from collector.settings import DeviceSettings
from collector.watchdog import Watchdog

log = logging.getLogger(__name__)

State = Literal["scanning", "connecting", "streaming", "waiting", "stopped"]
LEAST_WAIT_S = 0.25
"""A dropped link often comes back at once."""
LONGEST_WAIT_S = 30.0
"""The sleeper is unwatched while we wait."""
WATCH_EVERY_S = 0.5
"""A quarter of the shortest silence that counts."""
BATTERY_EVERY_S = 300.0
"""A battery that lasts a night loses less than one percent in this time."""


class Stalled(Exception):
    """The link is up, yet a stream has fallen silent."""


class Backoff:
    """Waiting times that double from 0.25 s to 30 s, each varied by up to a half, so that two hosts do not collide."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.reset()

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._base_s = LEAST_WAIT_S

    def next_s(self) -> float:
        """How long to wait this time."""
        wait_s = self._base_s * self._rng.uniform(0.5, 1.0)
        self._base_s = min(2 * self._base_s, LONGEST_WAIT_S)
        return wait_s


class Supervisor:
    """Runs one wearable's link.

    `begin(info)` is awaited for each connection before the device is started; it returns the indices to resume from.
    `on_packet(characteristic, bytes)` receives every notification. `heard` is to be called for each decoded packet.
    """

    def __init__(
        self,
        profile: Profile,
        settings: DeviceSettings,
        begin: Callable[[DeviceInfo], Awaitable[dict[StreamKind, int]]],
        on_packet: Callable[[str, bytes], None],
        monotonic_ns: Callable[[], int],
        backend: Backend = PLATFORM,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._profile = profile
        self._settings = settings
        self._begin = begin
        self._on_packet = on_packet
        self._monotonic_ns = monotonic_ns
        self._backend = backend
        self._sleep = sleep
        self._backoff = Backoff(rng or random.Random())
        self._watchdog = Watchdog((), 0)
        self._watched: DeviceInfo | None = None
        self.state: State = "stopped"
        self.connections = 0
        self._device = settings.name or settings.address or settings.profile
        self._complaint = ""
        self._rssi_dbm: int | None = None
        self._battery_percent: float | None = None

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        try:
            while True:
                try:
                    await self._serve_link()
                # Whatever fails in a Bluetooth stack, half of it in none of bleak's own classes, the answer is another
                # attempt; the reason is for the log.
                except Exception as error:
                    self._complain(_in_words(error))
                self.state = "waiting"
                await self._sleep(self._backoff.next_s())
        finally:
            self.state = "stopped"

    def heard(self, stream: StreamKind, count: int, arrival_ns: int) -> None:
        """A packet of `count` samples was decoded: the link is good."""
        self._watchdog.heard(stream, count, arrival_ns)
        self._backoff.reset()
        self._complaint = ""

    def health(self) -> LinkHealth:
        """How the link is doing."""
        last_ns = self._watchdog.last_ns()
        return LinkHealth(
            device=self._device,
            state=self.state,
            rssi_dbm=self._rssi_dbm,
            battery_percent=self._battery_percent,
            reconnects=max(0, self.connections - 1),
            last_data_age_s=None if last_ns is None else round((self._monotonic_ns() - last_ns) / NS, 3),
        )

    async def _serve_link(self) -> None:
        """One connection from scan to loss; returns when the device disconnects, raises for everything else."""
        self.state = "scanning"
        found = await find(self._profile.device.match, self._settings, self._backend)
        self._device, self._rssi_dbm = found.device.name or found.device.address, found.rssi_dbm
        self.state = "connecting"
        link = Link(found.device, self._profile, self._backend, self._settings.adapter)
        try:
            info = await link.connect()
            self.connections += 1
            resume = await self._begin(info)
            self._watch_anew(info)
            await link.start(info, resume, self._on_packet)
            self.state = "streaming"
            await self._watch(link)
        finally:
            await link.close()

    def _complain(self, text: str) -> None:
        """Log why there is no data; the same reason again and again, as while the wearable charges, only once."""
        log.log(logging.DEBUG if text == self._complaint else logging.WARNING, "%s: %s", self._device, text)
        self._complaint = text

    def _watch_anew(self, info: DeviceInfo) -> None:
        """The watchdog keeps what it learned about silent streams, unless the device has other streams now."""
        if self._watched is None or self._watched.streams != info.streams:
            self._watchdog = Watchdog(info.streams, self._monotonic_ns())
        self._watched = info
        self._watchdog.link_up(self._monotonic_ns())

    async def _watch(self, link: Link) -> None:
        battery_due_ns = self._monotonic_ns()
        while not link.lost.is_set():
            now_ns = self._monotonic_ns()
            if now_ns >= battery_due_ns:
                battery_due_ns = now_ns + round(BATTERY_EVERY_S * NS)
                self._battery_percent = await link.battery_percent()
            if stream := self._watchdog.stalled(now_ns):
                raise Stalled(f"no {stream} data although the link is up; connecting anew")
            await self._sleep_or_lost(link)
        self._complain("the link was lost; connecting anew")

    async def _sleep_or_lost(self, link: Link) -> None:
        sleeping = asyncio.ensure_future(self._sleep(WATCH_EVERY_S))
        lost = asyncio.ensure_future(link.lost.wait())
        try:
            await asyncio.wait((sleeping, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            lost.cancel()


def _in_words(error: Exception) -> str:
    """Why there is no link, and where it is known, what to do."""
    if isinstance(error, FileNotFoundError):  # how bleak tells that the D-Bus socket is not there
        return "there is no D-Bus and so no Bluetooth here; start bluetoothd, or in a container mount /run/dbus"
    return str(error) or type(error).__name__
