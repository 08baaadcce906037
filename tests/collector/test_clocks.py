"""The collector's clocks: the host's is set, the computer sleeps; each sample keeps its time and none is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from collector.contract.journal import Journal
from collector.contract.messages import NS
from collector.service import Collector
from collector.simulator.memory_backend import memory_backend
from collector.simulator.virtual_wearable import VirtualWearable
from tests.collector.virtual_time import VirtualHost, VirtualTimeLoop, in_virtual_time
from tests.support.wearables import START_NS, ramp, settings

ACC_FS = 50
"""Of the ramp's acceleration every sample of ten minutes tells its own index."""
NOON_NS = START_NS + 14 * 3600 * NS
HOUR_S = 3600.0


class Kept(NamedTuple):
    """One journal: its night, whether it was ended, and of its acceleration the values, indices and times."""

    night: str
    ended: bool
    values: NDArray[np.int64]
    indices: NDArray[np.int64]
    times_ns: NDArray[np.int64]

    def off_s(self, start_ns: int) -> NDArray[np.float64]:
        """By how much the samples are dated later than a device would that began at `start_ns` and never paused."""
        return (self.times_ns - start_ns) / NS - self.values / ACC_FS


def kept(directory: Path) -> list[Kept]:
    """All journals in the order of their first sample, as the device counted it."""
    found = []
    for path in directory.glob("*.journal"):
        with Journal.open(path, read_only=True) as journal:
            blocks = [block for block in journal.blocks() if block.stream == "acc"]
            values = np.concatenate([block.digital()[:, 0] for block in blocks])
            indices = np.concatenate([np.arange(block.first_index, block.end_index) for block in blocks])
            times_ns = [block.clock.time_ns(k) for block in blocks for k in range(block.first_index, block.end_index)]
            found.append(Kept(path.name[:10], journal.ended, values, indices, np.array(times_ns)))
    return sorted(found, key=lambda session: int(session.values[0]))


@asynccontextmanager
async def collecting(
    directory: Path, wearable: VirtualWearable, host: VirtualHost, *, ends: bool = True
) -> AsyncIterator[Collector]:
    options = msgspec.structs.replace(settings(directory), block_s=4.0)
    collector = Collector(options, memory_backend([wearable]), host.time())
    running = asyncio.create_task(collector.run())
    yield collector
    collector.stop(end_session=ends)
    await running


def assert_nothing_is_missing(sessions: list[Kept]) -> None:
    values = np.concatenate([session.values for session in sessions])
    assert np.array_equal(values, np.arange(values[0], values[0] + len(values)))


@pytest.mark.parametrize("step_s", [-HOUR_S, HOUR_S])
def test_a_clock_that_is_set_in_the_night_begins_a_session_with_the_new_time(tmp_path: Path, step_s: float) -> None:
    @in_virtual_time
    async def night() -> None:
        host = VirtualHost(START_NS + round(2 * HOUR_S) * NS)
        async with collecting(tmp_path, VirtualWearable(ramp(600)), host) as collector:
            await asyncio.sleep(300)
            assert collector.faults() == ()
            host.step(step_s)
            await asyncio.sleep(200)
            (fault,) = collector.faults()
        assert (fault.device, fault.streams) == ("clock", ())
        assert fault.cause == f"this computer's clock was set {'back' if step_s < 0 else 'on'} by 60 min"

    night()
    before, after = kept(tmp_path)
    assert_nothing_is_missing([before, after])
    assert before.ended
    assert before.night == after.night == "2026-11-19"
    start_ns = START_NS + round(2 * HOUR_S) * NS
    assert np.abs(before.off_s(start_ns)).max() < 1
    assert np.abs(after.off_s(start_ns) - step_s).max() < 1


@in_virtual_time
async def test_small_corrections_move_no_sample_and_begin_no_session(tmp_path: Path) -> None:
    host = VirtualHost(START_NS)
    async with collecting(tmp_path, VirtualWearable(ramp(600)), host) as collector:
        for step_s in (-30, 20, -25, 30):
            await asyncio.sleep(100)
            host.step(step_s)
        await asyncio.sleep(100)
        assert collector.faults() == ()
    (session,) = kept(tmp_path)
    assert_nothing_is_missing([session])
    assert np.abs(session.off_s(START_NS)).max() < 1


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(("step_s", "sessions"), [(-HOUR_S, 2), (-30.0, 1)])
def test_started_again_with_a_clock_that_was_set_back_no_sessions_time_runs_back(
    tmp_path: Path, step_s: float, sessions: int, reset: bool
) -> None:
    @in_virtual_time
    async def night() -> None:
        host = VirtualHost(START_NS + round(2 * HOUR_S) * NS)
        wearable = VirtualWearable(ramp(600))
        async with collecting(tmp_path, wearable, host, ends=False):
            await asyncio.sleep(200)
        host.step(step_s)
        if reset:
            wearable.restart(boot=2)
        async with collecting(tmp_path, wearable, host):
            await asyncio.sleep(200)

    night()
    found = kept(tmp_path)
    assert len(found) == sessions
    assert all(session.ended and (np.diff(session.times_ns) > 0).all() for session in found)
    if sessions == 2:
        start_ns = START_NS + round(2 * HOUR_S) * NS
        assert np.abs(found[1].off_s(start_ns) - step_s).max() < 1


@in_virtual_time
async def test_over_noon_and_back_each_session_is_of_the_night_that_its_clock_told(tmp_path: Path) -> None:
    host = VirtualHost(NOON_NS - 100 * NS)
    async with collecting(tmp_path, VirtualWearable(ramp(600)), host) as collector:
        await asyncio.sleep(200)  # noon has passed
        assert collector.faults() == ()
        host.step(-HOUR_S)
        await asyncio.sleep(100)
        host.step(HOUR_S)
        await asyncio.sleep(200)
    found = kept(tmp_path)
    assert [session.night for session in found] == ["2026-11-19", "2026-11-20", "2026-11-19", "2026-11-20"]
    assert all(session.ended for session in found)
    assert_nothing_is_missing(found)


@in_virtual_time
async def test_a_fault_of_the_clock_is_over_with_the_night(tmp_path: Path) -> None:
    host = VirtualHost(NOON_NS - round(HOUR_S) * NS - 300 * NS)
    async with collecting(tmp_path, VirtualWearable(ramp(600)), host) as collector:
        await asyncio.sleep(100)
        host.step(HOUR_S)
        await asyncio.sleep(100)
        assert [fault.device for fault in collector.faults()] == ["clock"]
        await asyncio.sleep(200)
        assert collector.faults() == ()


@in_virtual_time
async def test_a_computer_that_slept_an_hour_goes_on_with_the_session_and_marks_just_that_hour(tmp_path: Path) -> None:
    host = VirtualHost(START_NS)
    wearable = VirtualWearable(ramp(600 + HOUR_S), memory_s=0.0)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    async with collecting(tmp_path, wearable, host) as collector:
        await asyncio.sleep(200)
        wearable.drop()
        loop.sleep_through(HOUR_S)
        await asyncio.sleep(200)
        assert [fault.device for fault in collector.faults()] == []
    (session,) = kept(tmp_path)
    (gap,) = np.flatnonzero(np.diff(session.indices) > 1)
    for length in (np.diff(session.indices)[gap] / ACC_FS, np.diff(session.times_ns)[gap] / NS):
        assert HOUR_S < length < HOUR_S + 10  # and the time that a new link takes
    assert (np.diff(session.times_ns) > 0).all()
