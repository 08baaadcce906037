"""The collector: packets from the radio, into the journal, out to MQTT."""

import asyncio
import logging
import time
from datetime import date

from collector.contract.codec import RefusalCounter
from collector.contract.journal import Journal
from collector.contract.messages import Health, StreamKind
from collector.contract.nights import night_of
from collector.contract.topics import place
from collector.devices.decoder import Decoder, PacketRefused
from collector.devices.profile import DeviceInfo, load_profile
from collector.link import PLATFORM, Backend
from collector.night_session import NightSession, journals
from collector.packet_queue import Packet, PacketQueue
from collector.publisher import Publisher
from collector.settings import CollectorSettings
from collector.supervisor import Supervisor
from collector.time_source import HostTime, TimeSource

log = logging.getLogger(__name__)

CANCEL_AGAIN_S = 5.0
"""Longer than stopping and disconnecting a device takes, as a rule; cancelling that would cut it short."""


class Collector:
    """Collects one wearable's nights until stopped.

    `time_source` tells where sample times come from: `HostTime()` fits them to arrivals, `DeviceTime(start_ns)` is for
    a simulated device played at any speed. Raises BadProfile, BadTopic or OSError for settings that cannot work.
    """

    def __init__(
        self, settings: CollectorSettings, backend: Backend = PLATFORM, time_source: TimeSource | None = None
    ) -> None:
        self._settings = settings
        self._time = time_source or HostTime()
        self._profile = load_profile(settings.device.profile)
        self._decoder = Decoder(())
        self._info = DeviceInfo(None, ())
        self._refusals = RefusalCounter()
        self._packets = PacketQueue(settings.queue_packets)
        self._session: NightSession | None = None
        self._stop = asyncio.Event()
        self._linger: asyncio.Event | None = None
        self._end_session = False
        self._supervisor = Supervisor(
            self._profile, settings.device, self._link_up, self._on_packet, self._time.monotonic_ns, backend
        )
        self._publisher = Publisher(
            place(settings.wearer, settings.site),
            settings.broker,
            settings.data_directory,
            self.health,
            settings.health_every_s,
        )

    async def run(self) -> None:
        """Collect until `stop`; raises sqlite3.Error or OSError when the journal cannot be written."""
        self._publish_what_is_left()
        self._publisher.start()
        radio = asyncio.create_task(self._supervisor.run())
        journal = asyncio.create_task(self._keep_packets())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait((radio, journal, stopped), return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(radio)
            if stopped in done:
                settled = asyncio.create_task(self._packets.settled())
                await asyncio.wait((journal, settled), return_when=asyncio.FIRST_COMPLETED)
                await _cancelled(settled)
            for task in done:
                task.result()
        finally:
            for task in (radio, journal, stopped):
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

    def _on_packet(self, char: str, payload: bytes) -> None:
        self._packets.put(Packet(char, payload, self._time.monotonic_ns()))

    async def _link_up(self, info: DeviceInfo) -> dict[StreamKind, int]:
        """A device is connected: go on with tonight's session or begin one; the indices to resume from."""
        await self._packets.settled()
        if self._session is not None and not self._session.suits(info):
            self._end()
        if self._session is None:
            self._begin(info)
        assert self._session is not None
        if info != self._info:
            self._info, self._decoder = info, Decoder(info.streams)
        return self._session.link_up(info.boot)

    def _begin(self, info: DeviceInfo) -> None:
        device = self._supervisor.health().device
        self._session = NightSession.begin(info, device, self._settings, self._time)
        self._publisher.publish(self._session.path)
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
            self._roll_over_at_noon()
            for packet in packets:
                self._accept(packet)
            if self._session is not None:
                # The commit waits for the disk; the radio must not.
                await asyncio.to_thread(self._session.commit)

    def _accept(self, packet: Packet) -> None:
        try:
            samples = self._decoder.decode(packet.char, packet.payload)
        except PacketRefused as refusal:
            if self._refusals.count(refusal):
                log.warning("A packet was refused (%s): %s", refusal.reason, refusal)
            return
        assert self._session is not None  # no device is started before there is a session
        self._session.accept(samples, packet.arrival_ns)
        self._supervisor.heard(samples.stream, len(samples.digital), packet.arrival_ns)

    def _roll_over_at_noon(self) -> None:
        if self._session is None or self._session.night == night_of(self._time.night_ns(), self._settings.zone):
            return
        self._end()
        self._begin(self._info)
        assert self._session is not None
        self._session.link_up(self._info.boot)

    def _publish_what_is_left(self) -> None:
        """Publish what earlier runs could not, the oldest first; sessions of past nights can only be ended.

        Sessions that ended tonight are announced once more: a crash may have come between the last block and that.
        """
        tonight = night_of(self._time.night_ns(), self._settings.zone)
        for journal, path in journals(self._settings):
            if not journal.ended and self._night(journal) != tonight:
                journal.end()
                self._publisher.publish(path)
            elif journal.published < journal.last_row or (journal.ended and self._night(journal) == tonight):
                self._publisher.publish(path)
            journal.close()

    def _night(self, journal: Journal) -> date:
        return night_of(journal.header.started_ns, self._settings.zone)

    def health(self, unpublished: int = 0) -> Health:
        """The collector's account of itself; how many rows are unpublished only the publisher knows."""
        session = self._session
        tracks = dict(session.tracks) if session else {}
        return Health(
            t_ns=time.time_ns(),
            session=session.journal.header.session if session else None,
            links=(self._supervisor.health(),),
            samples={kind: track.samples for kind, track in tracks.items()},
            lost={kind: track.lost for kind, track in tracks.items()},
            fitted_ppm={kind: round(track.ppm, 2) for kind, track in tracks.items()},
            refused={**self._refusals.counts, "overflow": self._packets.overflowed},
            unpublished=unpublished,
        )


async def _cancelled(task: "asyncio.Task[object]") -> None:
    """Cancel a task and wait until it has gone; what it raised is not lost, `result` still tells."""
    while not task.done():
        # More than once: the clean-up of a Bluetooth stack may swallow a cancellation.
        task.cancel()
        await asyncio.wait((task,), timeout=CANCEL_AGAIN_S)
