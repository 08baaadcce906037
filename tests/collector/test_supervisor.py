"""The link heals itself: refused connections, drops, silence, a node that restarts. bleak's client is the real one."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from collector.contract.messages import NS, StreamKind
from collector.devices.decoder import Decoder
from collector.devices.profile import DeviceInfo, load_profile
from collector.link import Backend
from collector.settings import DeviceSettings
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from collector.supervisor import Backoff, Supervisor
from tests.support.wearables import ramp

PATIENCE_S = 20


class Host:
    """What a supervisor is surrounded by: a clock that runs a thousand times as fast, and somebody who listens."""

    def __init__(self, backend: Backend, device: DeviceSettings = DeviceSettings()) -> None:  # noqa: B008 - frozen
        self.now_s = 0.0
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
            lambda: round(self.now_s * NS),
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
        self.supervisor.heard(samples.stream, len(samples.digital), round(self.now_s * NS))
        if samples.stream == "emg" and samples.counter is not None:
            self.counters += range(samples.counter, samples.counter + len(samples.digital))
            self.next_counter = samples.counter + len(samples.digital)

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(seconds / 1000)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.001)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task: asyncio.Task[None] = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))


def node(**options: float | int | str) -> VirtualWearable:
    """An hour of signal played a thousand times as fast, like the host's clock."""
    return VirtualWearable(ramp(3600), **{"speed": 1000.0, **options})  # type: ignore[arg-type]


async def test_a_wearable_is_found_started_and_heard() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: len(host.counters) > 1000)
        health = host.supervisor.health()
    assert host.counters[:1000] == list(range(1000))
    assert (health.state, health.device, health.rssi_dbm) == ("streaming", "cramp-node virtual", -55)
    assert (health.battery_percent, health.reconnects) == (100, 0)


async def test_connections_that_fail_are_tried_again_after_growing_pauses() -> None:
    wearable = node()
    wearable.fail_next_connects = 4
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
    pauses = host.waits_s[:4]
    for k, pause in enumerate(pauses):
        assert 0.5 * 0.25 * 2**k <= pause <= 0.25 * 2**k


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


async def test_a_link_that_has_fallen_silent_is_made_anew() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        wearable.stalled = True
        await host.until(lambda: len(host.links) == 2)
        wearable.stalled = False
        heard = len(host.counters)
        await host.until(lambda: len(host.counters) > heard)
    assert host.supervisor.health().reconnects == 1


async def test_a_wearable_that_is_not_there_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.link.SCAN_S", 0.01)
    host = Host(memory_backend([]))
    async with host.running():
        await host.until(lambda: len(host.waits_s) > 12)
    # 0.25 s doubled seven times is 32 s; half a minute is the most.
    assert all(15 <= wait_s <= 30 for wait_s in host.waits_s[8:])


async def test_a_link_that_a_killed_process_left_behind_is_taken_over() -> None:
    wearable = node()
    wearable.held = True
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
        assert host.supervisor.health().rssi_dbm is None


async def test_the_wanted_one_of_two_wearables_is_taken() -> None:
    left, right = node(name="cramp-node left"), node(name="cramp-node right", address="C4:00:00:00:00:02")
    for device in (DeviceSettings(name="cramp-node right"), DeviceSettings(address="c4:00:00:00:00:02")):
        host = Host(memory_backend([left, right]), device)
        async with host.running():
            await host.until(lambda: right.connected)
            assert not left.connected


async def test_stopping_stops_the_wearable_and_frees_it_for_others() -> None:
    wearable = node()
    host = Host(memory_backend([wearable]))
    async with host.running():
        await host.until(lambda: bool(host.counters))
    assert not wearable.connected
    assert host.supervisor.health().state == "stopped"


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
