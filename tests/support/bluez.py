"""A private D-Bus for tests of bleak's Linux backend, and the waiting that goes with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice

from collector.simulator.bluez.private_bus import NoBus, PrivateBus

PATIENCE_S = 30


@pytest_asyncio.fixture
async def bus(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PrivateBus]:
    """A running D-Bus that bleak takes for the system's."""
    try:
        private = PrivateBus()
    except NoBus as missing:
        pytest.skip(f"{missing}; tests against it did not run")
    with private:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
        yield private
        private.kill()
        # bleak keeps one connection for each event loop; seeing the bus die is what makes it let go.
        await bleak_has_let_go()


async def bleak_has_let_go() -> None:
    async with asyncio.timeout(PATIENCE_S):
        while any("_monitor_bus_disconnect" in repr(task) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def found(name: str) -> BLEDevice:
    device = await BleakScanner.find_device_by_name(name, timeout=5)
    assert device is not None
    return device


@contextlib.asynccontextmanager
async def connected(name: str, on_lost: Callable[[BleakClient], None] | None = None) -> AsyncIterator[BleakClient]:
    """bleak's client, connected; however the test leaves the bus, leaving is not what is tested."""
    client = BleakClient(await found(name), on_lost)
    await client.connect()
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(0.2):
                await client.disconnect()
