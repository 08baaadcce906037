"""The collector: packets from the radio, into the journal, out to MQTT."""

import asyncio
import logging
import sqlite3
import time
from datetime import date

from collector.backend import Backend
from collector.buzzing import Buzzing
from collector.contract.codec import RefusalCounter
from collector.contract.file_lock import FileLock
from collector.contract.journal import Journal
from collector.contract.messages import NS, Fault, Health, StreamKind
from collector.contract.nights import night_of
from collector.contract.topics import place
from collector.devices.decoder import PacketRefused
from collector.devices.profile import BadProfile, load_profile
from collector.disk import Disk
from collector.night_session import NightSession, Streams, journals
from collector.packet_queue import Packet, PacketQueue
from collector.publisher import Publisher
from collector.settings import CollectorSettings
from collector.time_source import CLOCK_STEP_NS, HostTime, TimeSource
from collector.wearable import Wearable, shares

log = logging.getLogger(__name__)

CANCEL_AGAIN_S = 5.0
"""Longer than stopping and disconnecting a device takes, as a rule; cancelling that would cut it short."""
OVERSEE_EVERY_S = 5.0
"""How late it may be noticed that publishing has ended, or that it is noon: seconds do no harm."""
_SET_CLOCK = "times before that are wrong by as much; if it happens again, switch on: timedatectl set-ntp true"


class Collector:
    """Collects the nights of one wearer at one site until stopped.

    `time_source` tells where sample times come from: `HostTime()` fits them to arrivals, `DeviceTime(start_ns)` is for
    a simulated device played at any speed. Raises BadProfile, BadTopic or OSError for settings that cannot work.
    """

    def __init__(
        self, settings: CollectorSettings, backend: Backend | None = None, time_source: TimeSource | None = None
    ) -> None:
        self._settings = settings
        self._time = time_source or HostTime()
        self._refusals = RefusalCounter()
        self._packets = PacketQueue(settings.queue_packets)
        self._session: NightSession | None = None
        self._stop = asyncio.Event()
        self._linger: asyncio.Event | None = None
        self._end_session = False
        self._clock_fault: tuple[Fault, ...] = ()
        self._looked_for: date | None = None  # the night for which open sessions of the past were looked for
        self._disk = Disk(
            settings.data_directory,
            settings.zone,
            self._time.night_ns,
            keep_nights=settings.keep_nights,
            sharing=settings.sharing_disk,
        )
        self._wearables = self._make_wearables(backend or Backend())
        self._buzzing = Buzzing(self._wearables)
        self._first_found = asyncio.Event()
        self._publisher = Publisher(
            place(settings.wearer, settings.site),
            settings.broker,
            settings.data_directory,
            self.health,
            settings.health_every_s,
            self.faults,
            self._buzzing.ask,
        )

    async def run(self) -> None:
        """Collect until `stop`.

        Raises Occupied where another collector records this site into the same folder, sqlite3.Error or OSError when
        the journal cannot be made or read, RadioFailed when only another process can make Bluetooth work again,
        PublisherStopped when what is recorded is not published any more.
        """
        lock = self._lock()
        try:
            await self._collect()
        finally:
            lock.release()

    async def _collect(self) -> None:
        self._publish_what_is_left()
        self._publisher.start()
        disk = asyncio.create_task(self._disk.watch())
        buzzing = asyncio.create_task(self._buzzing.serve())
        radio = asyncio.create_task(self._supervise())
        journal = asyncio.create_task(self._keep_packets())
        overseer = asyncio.create_task(self._oversee())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait((radio, journal, overseer, stopped), return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(radio)
            if stopped in done:
                settled = asyncio.create_task(self._packets.settled())
                await asyncio.wait((journal, settled), return_when=asyncio.FIRST_COMPLETED)
                await _cancelled(settled)
            for task in done:
                task.result()
        finally:
            for task in (radio, journal, overseer, stopped, disk, buzzing):
                await _cancelled(task)
            await self._close()

    def stop(self, *, end_session: bool = True, linger: asyncio.Event | None = None) -> None:
        """Make `run` finish: the open blocks are kept and published. To be called in the event loop's thread.

        With `end_session` the session is complete; without, the next start in the same night goes on with it, as it
        does after any other end of `run`. With `linger`, what is in the journals can still be asked for until then.
        """
        if not self._stop.is_set():
            self._end_session = end_session
            self._linger = linger
            self._stop.set()

    async def settled(self) -> None:
        """Wait until every packet received so far is in the journal."""
        await self._packets.settled()

    def _lock(self) -> FileLock:
        """Two writers would give the blocks of one journal the same numbers."""
        site = f"{self._settings.wearer}@{self._settings.site}"  # no name has an @
        folder = self._settings.data_directory
        told = f"another collector records {self._settings.wearer}/{self._settings.site} into {folder}"
        return FileLock(folder / f"{site}.lock", told, "stop that one, or name another data_directory")

    def _make_wearables(self, backend: Backend) -> tuple[Wearable, ...]:
        wanted = (self._settings.device, *self._settings.companions)
        devices = [(device, load_profile(device.profile, self._settings.profile_directory)) for device in wanted]
        wearables = tuple(
            Wearable(device, profile, kinds, self._link_up, self._on_packet, self._time.monotonic_ns, backend)
            for (device, profile), kinds in zip(devices, shares(devices), strict=True)
        )
        if not any(stream.kind == "emg" for wearable in wearables for stream in wearable.streams):
            whose = f"{self._settings.wearer} {self._settings.site}"
            cure = "add one, see `crampwatch devices list`"
            raise BadProfile(f"no wearable of {whose} measures muscle activity (EMG); {cure}")
        return wearables

    async def _supervise(self) -> None:
        """Hold all links. The companions wait for the first wearable: what it is decides what the session is."""
        first, *companions = self._wearables
        try:
            async with asyncio.TaskGroup() as links:
                links.create_task(first.supervisor.run())
                await self._first_found.wait()
                for wearable in companions:
                    links.create_task(wearable.supervisor.run())
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    def _on_packet(self, wearable: Wearable, char: str, payload: bytes) -> None:
        self._packets.put(Packet(wearable, char, payload, self._time.monotonic_ns()))

    async def _link_up(self, wearable: Wearable) -> dict[StreamKind, int]:
        """A wearable is connected: go on with tonight's session or begin one; the indices to resume from."""
        await self._packets.settled()
        if self._session is not None and not self._session.suits(self._streams):
            self._end()
        if self._session is None:
            self._begin()
        assert self._session is not None
        self._first_found.set()
        return self._session.link_up(wearable.info)

    @property
    def _streams(self) -> Streams:
        return tuple(stream for wearable in self._wearables for stream in wearable.streams)

    def _begin(self) -> None:
        device = ", ".join(wearable.supervisor.health().device for wearable in self._wearables)
        publish = self._publisher.publish
        self._session = NightSession.begin(self._streams, device, self._settings, self._time, ended=publish)
        for wearable in self._wearables:
            if wearable.known:
                self._session.link_up(wearable.info)
        publish(self._session.path)
        self._disk.expect(self._streams, self._settings.block_s)
        log.info("Session %s", self._session.journal.header.session)

    def _end(self) -> None:
        assert self._session is not None
        self._session.close(end=True)
        self._session = None

    async def _close(self) -> None:
        try:
            if self._session is not None:
                self._session.close(end=self._end_session)
            if self._linger is not None:
                await self._linger.wait()
        finally:
            await asyncio.to_thread(self._publisher.stop)

    async def _keep_packets(self) -> None:
        while True:
            packets = await self._packets.take()
            self._roll_over()
            for packet in packets:
                self._accept(packet)
            if self._session is not None:
                # The commit waits for the disk; the radio must not.
                await self._disk.keep(self._session, self._stop)

    def _accept(self, packet: Packet) -> None:
        try:
            samples = packet.wearable.take(packet.char, packet.payload, packet.arrival_ns)
        except PacketRefused as refusal:
            if self._refusals.count(refusal):
                log.warning("A packet was refused (%s): %s", refusal.reason, refusal)
            return
        assert self._session is not None  # no device is started before there is a session
        if samples is not None:
            self._session.accept(samples, packet.arrival_ns)

    async def _oversee(self) -> None:
        """Raises PublisherStopped; ends at noon what was left open, though no wearable may be there to begin anew."""
        while True:
            await asyncio.sleep(OVERSEE_EVERY_S)
            self._publisher.check(self._session.journal.header.session if self._session else None)
            if self._session is None and self._tonight() != self._looked_for:
                self._publish_what_is_left()

    def _roll_over(self) -> None:
        """At noon the next night begins; when the host's clock was set anew, nobody knows which night it was."""
        if self._session is None:
            return
        step_ns = self._time.wall_offset_ns() - self._session.wall_offset_ns
        if abs(step_ns) > CLOCK_STEP_NS:
            self._clock_fault = (self._clock_was_set(step_ns / NS),)
        elif self._session.night == self._tonight():
            return
        else:
            self._clock_fault = ()
        self._end()
        self._begin()

    def _clock_was_set(self, by_s: float) -> Fault:
        """What a person has to know about it until the next noon."""
        cause = f"this computer's clock was set {'on' if by_s > 0 else 'back'} by {abs(by_s) / 60:.0f} min"
        log.warning("%s; a new session begins", cause)
        return Fault(device="clock", streams=(), since_ns=self._time.night_ns(), cause=cause, cure=_SET_CLOCK)

    def _publish_what_is_left(self) -> None:
        """Publish what earlier runs could not, the oldest first; sessions of past nights can only be ended.

        Sessions that ended tonight are announced once more: a crash may have come between the last block and that.
        """
        self._looked_for = tonight = self._tonight()
        for journal, path in journals(self._settings):
            try:
                if not journal.ended and self._night(journal) != tonight:
                    journal.end()
                    self._publisher.publish(path)
                elif journal.published < journal.last_row or (journal.ended and self._night(journal) == tonight):
                    self._publisher.publish(path)
            except sqlite3.Error as error:
                log.error("What is left to publish of %s cannot be told: %s; it is left alone.", path.name, error)
            journal.close()

    def _tonight(self) -> date:
        return night_of(self._time.night_ns(), self._settings.zone)

    def _night(self, journal: Journal) -> date:
        return night_of(journal.header.started_ns, self._settings.zone)

    def health(self, unpublished: int = 0) -> Health:
        """The collector's account of itself, from any thread; how many rows are `unpublished` the publisher knows."""
        session, now_ns = self._session, self._time.monotonic_ns()
        tracks = dict(session.tracks) if session else {}
        shares = {kind: track.rate_share(now_ns) for kind, track in tracks.items()}
        return Health(
            t_ns=time.time_ns(),
            session=session.journal.header.session if session else None,
            links=tuple(wearable.supervisor.health() for wearable in self._wearables),
            samples={kind: track.samples for kind, track in tracks.items()},
            lost={kind: track.lost for kind, track in tracks.items()},
            fitted_ppm={kind: round(track.ppm, 2) for kind, track in tracks.items()},
            rate={kind: share for kind, share in shares.items() if share is not None},
            refused={**self._refusals.counts, "overflow": self._packets.overflowed},
            unpublished=unpublished,
        )

    def faults(self) -> tuple[Fault, ...]:
        """What a person has to know and to do something about. From any thread."""
        now_ns, wall_ns = self._time.monotonic_ns(), time.time_ns()
        missing = tuple(
            Fault(
                device=wearable.supervisor.health().device,
                streams=trouble.streams,
                since_ns=wall_ns - now_ns + trouble.since_ns,
                cause=trouble.cause.what,
                cure=trouble.cause.cure,
            )
            for wearable in self._wearables
            if (trouble := wearable.supervisor.trouble())
        )
        return missing + self._disk.faults() + self._clock_fault


async def _cancelled(task: "asyncio.Task[object]") -> None:
    """Cancel a task and wait until it has gone; what it raised is not lost, `result` still tells."""
    while not task.done():
        # More than once: the clean-up of a Bluetooth stack may swallow a cancellation.
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_AGAIN_S)
