"""The link heals itself: refused connections, drops, silence, a node that restarts. bleak's client is the real one."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from bleak import BleakClient
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from collector.backend import Backend
from collector.backoff import Backoff
from collector.causes import RadioFailed
from collector.contract.messages import NS, StreamKind
from collector.devices.decoder import Decoder
from collector.devices.profile import DeviceInfo, load_profile
from collector.settings import DeviceSettings
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.supervisor import Supervisor
from tests.collector.virtual_time import in_virtual_time, now_s
from tests.support.wearables import ramp

PATIENCE_S = 900


class Host:
    """What a supervisor is surrounded by: somebody who listens, and keeps the waits in mind."""

    def __init__(self, backend: Backend, device: DeviceSettings = DeviceSettings()) -> None:  # noqa: B008 - frozen
        self.waits_s: list[float] = []
        self.failures: list[Exception] = []
        self.links: list[DeviceInfo] = []
        self.next_counter = 0
        self.counters: list[int] = []
        self.supervisor = Supervisor(
            load_profile("cramp-node"),
            device,
            self.begin,
            self.on_packet,
            lambda: round(now_s() * NS),
            backend,
            random.Random(1),
            self.sleep,
        )

    async def begin(self, info: DeviceInfo) -> dict[StreamKind, int]:
        if self.failures:
            raise self.failures.pop()
        self.links.append(info)
        self.decoder = Decoder(info.streams)
        return {"emg": self.next_counter}

    def on_packet(self, char: str, payload: bytes) -> None:
        samples = self.decoder.decode(char, payload)
        self.supervisor.heard(samples.stream, len(samples.digital), round(now_s() * NS))
        if samples.stream == "emg" and samples.counter is not None:
            self.counters += range(samples.counter, samples.counter + len(samples.digital))
            self.next_counter = samples.counter + len(samples.digital)

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task: asyncio.Task[None] = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))


def node(**options: float | int | str) -> VirtualWearable:
    """An hour of signal."""
    return VirtualWearable(ramp(3600), **options)  # type: ignore[arg-type]


@in_virtual_time
async def test_a_wearable_is_found_started_and_heard() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: len(host.counters) > 1000)
        health = host.supervisor.health()
    assert host.counters[:1000] == list(range(1000))
    assert (health.state, health.device, health.rssi_dbm) == ("streaming", "cramp-node virtual", -55)
    assert (health.battery_percent, health.reconnects) == (100, 0)


@in_virtual_time
async def test_connections_that_fail_are_tried_again_after_growing_pauses() -> None:
    wearable = node()
    wearable.fail_next_connects = 4
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
    pauses = host.waits_s[:4]
    for k, pause in enumerate(pauses):
        assert 0.5 * 0.25 * 2**k <= pause <= 0.25 * 2**k


@in_virtual_time
async def test_a_dropped_link_goes_on_where_it_stopped() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        for links in (1, 2, 3):
            await host.until(lambda links=links: len(host.links) == links and host.supervisor.state == "streaming")  # type: ignore[misc]  # mypy cannot type a lambda with a default
            heard = len(host.counters)
            await host.until(lambda heard=heard: len(host.counters) > heard + 500)  # type: ignore[misc]  # as above
            wearable.drop()
    assert host.counters == list(range(len(host.counters)))


@in_virtual_time
async def test_a_stream_that_has_fallen_silent_is_first_subscribed_anew_over_the_same_link() -> None:
    class Forgetful(VirtualWearable):
        """Forgets that somebody listens, until it is started anew."""

        def write(self, char: str, data: bytes) -> None:
            self.stalled = False
            super().write(char, data)

    wearable = Forgetful(ramp(3600))
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        wearable.stalled = True
        heard = len(host.counters)
        await host.until(lambda: len(host.counters) > heard)
        assert host.supervisor.health().reconnects == 0
    assert host.counters == list(range(len(host.counters)))


@in_virtual_time
async def test_a_link_that_stays_silent_is_made_anew() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        wearable.stalled = True
        await host.until(lambda: host.supervisor.health().reconnects == 1)
        wearable.stalled = False
        heard = len(host.counters)
        await host.until(lambda: len(host.counters) > heard)
    assert host.counters == list(range(len(host.counters)))


@in_virtual_time
async def test_a_wearable_that_has_sent_data_is_connected_again_without_a_scan() -> None:
    class Shy(VirtualWearable):
        """Advertises only until it is connected for the first time."""

        advertised = True

        @property
        def advertising(self) -> bool:
            self.advertised = self.advertised and not self.connected
            return self.advertised

    wearable = Shy(ramp(3600))
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        wearable.advertised = False
        wearable.drop()
        await host.until(lambda: len(host.links) == 2)


@in_virtual_time
async def test_a_link_that_brought_no_data_is_made_anew_with_a_scan() -> None:
    wearable = node()
    wearable.stalled = True
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: host.supervisor.state == "streaming")
        wearable.leave()
        await host.until(lambda: host.supervisor.state == "scanning")


@in_virtual_time
async def test_links_are_made_by_the_connect_factory_where_there_is_one() -> None:
    backend = memory_backend([node()])
    own, through = backend.connect, []

    async def proxy(device: BLEDevice, on_lost: Callable[[BleakClient], None], pair: bool) -> BleakClient:
        through.append(device.name)
        return await own(device, on_lost, pair)

    backend.connect = proxy
    host = Host(backend)
    async with host.running():
        await host.until(lambda: bool(host.counters))
    assert through == ["cramp-node virtual"]


@in_virtual_time
async def test_a_connector_that_tries_again_by_itself_takes_the_place_of_our_own() -> None:
    wearable = node()
    wearable.fail_next_connects = 2
    backend = memory_backend([wearable])

    async def establish_connection(
        client_class: type[BleakClient],
        device: BLEDevice,
        name: str,
        disconnected_callback: Callable[[BleakClient], None] | None = None,
        max_attempts: int = 4,
        **kwargs: Any,
    ) -> BleakClient:
        """Called like bleak-retry-connector's; that itself is not installed here."""
        for _ in range(max_attempts):
            client = client_class(device, disconnected_callback, backend=backend.client, **kwargs)
            with suppress(BleakError):
                await client.connect()
                return client
        raise BleakError(f"{name} cannot be connected")

    async def connect(device: BLEDevice, on_lost: Callable[[BleakClient], None], pair: bool) -> BleakClient:
        return await establish_connection(BleakClient, device, device.name or device.address, on_lost, pair=pair)

    backend.connect = connect
    host = Host(backend)
    async with host.running():
        await host.until(lambda: bool(host.counters))
        wearable.drop()
        await host.until(lambda: len(host.links) == 2 and host.supervisor.state == "streaming")
    # Of the refused connections the supervisor knows nothing; of the lost link it was told, and waited the shortest.
    assert len([wait_s for wait_s in host.waits_s if wait_s <= 0.25]) == 1


class PowerSwitch:
    """Counts how often it is used."""

    def __init__(self) -> None:
        self.used: list[str | None] = []

    async def __call__(self, adapter: str | None) -> None:
        self.used.append(adapter)


@pytest.mark.parametrize("allowed", [True, False])
@in_virtual_time
async def test_after_ten_failures_the_adapter_is_power_cycled_if_allowed(allowed: bool) -> None:
    backend, switch = memory_backend([]), PowerSwitch()
    backend.power_cycle = switch
    host = Host(backend, DeviceSettings(adapter="hci1", power_cycle=allowed))
    async with host.running():
        await host.until(lambda: len(host.waits_s) == 11)
    assert switch.used == (["hci1"] if allowed else [])


AIR: Any = memory_backend([])


class NoDBus(AIR.scanner):  # type: ignore[misc]  # a class made by a function
    """What bleak says where bluetoothd does not run."""

    async def start(self) -> None:
        raise BleakError("[org.freedesktop.DBus.Error.ServiceUnknown] org.bluez was not provided")


@in_virtual_time
async def test_while_another_link_streams_neither_is_the_adapter_switched_nor_the_process_ended() -> None:
    backend, switch = Backend(scanner=NoDBus, adapter=AIR.adapter), PowerSwitch()
    backend.power_cycle, backend.streaming = switch, 1
    host = Host(backend, DeviceSettings(power_cycle=True))
    async with host.running():
        # Ten failures take half an hour at one scan in five minutes, twenty take 80 minutes.
        await asyncio.sleep(2 * 3600)
        assert host.supervisor.state == "waiting"
    assert switch.used == []


@in_virtual_time
async def test_where_scanning_itself_fails_again_and_again_the_supervisor_ends() -> None:
    host = Host(Backend(scanner=NoDBus, adapter=AIR.adapter))
    with pytest.raises(RadioFailed, match=r"20 scans in a row have failed: .*not provided; .*bluetooth service"):
        await asyncio.wait_for(host.supervisor.run(), PATIENCE_S)
    assert len(host.waits_s) == 20


@in_virtual_time
async def test_a_silence_is_told_with_its_cause_within_half_a_minute_and_is_over_with_the_next_data() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        assert host.supervisor.trouble() is None
        wearable.stalled = True
        left_s = now_s()
        await host.until(lambda: host.supervisor.trouble() is not None)
        assert now_s() - left_s < 30
        trouble = host.supervisor.trouble()
        assert trouble is not None
        assert trouble.streams == ("emg", "acc", "temp")
        assert trouble.cause.what == "no emg data although the link is up"
        wearable.stalled = False
        await host.until(lambda: host.supervisor.trouble() is None)


@in_virtual_time
async def test_a_wearable_that_is_not_there_is_waited_for() -> None:
    host = Host(memory_backend([]))
    async with host.running():
        await host.until(lambda: len(host.waits_s) > 12)
    # 0.25 s doubled seven times is 32 s; half a minute is the most.
    assert all(15 <= wait_s <= 30 for wait_s in host.waits_s[8:])


@in_virtual_time
async def test_a_link_that_a_killed_process_left_behind_is_taken_over() -> None:
    wearable = node()
    wearable.held = True
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        assert host.supervisor.health().rssi_dbm is None


@in_virtual_time
async def test_the_wanted_one_of_two_wearables_is_taken() -> None:
    left, right = node(name="cramp-node left"), node(name="cramp-node right", address="C4:00:00:00:00:02")
    for device in (DeviceSettings(name="cramp-node right"), DeviceSettings(address="c4:00:00:00:00:02")):
        host = Host(memory_backend([left, right]), device)
        async with host.running():
            await host.until(lambda: right.connected)
            assert not left.connected


@in_virtual_time
async def test_stopping_stops_the_wearable_and_frees_it_for_others() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
    assert not wearable.connected
    assert host.supervisor.health().state == "stopped"


@in_virtual_time
async def test_an_error_in_the_session_does_not_end_the_supervision() -> None:
    host = Host(memory_backend([node()]))
    host.failures = [OSError("disk full"), ValueError("odd")]
    async with host.running():
        await host.until(lambda: bool(host.counters))
    assert host.failures == []


def test_the_pause_after_data_is_the_shortest_again() -> None:
    backoff = Backoff(random.Random(1))
    pauses = [backoff.next_s() for _ in range(20)]
    assert max(pauses) <= 30
    backoff.reset()
    assert backoff.next_s() <= 0.25
