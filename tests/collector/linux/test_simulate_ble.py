"""`crampwatch simulate --ble`: a wearable that any program on this machine can find with bleak."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.contract.messages import StreamKind
from collector.devices.decoder import Decoder
from collector.devices.profile import load_profile
from collector.simulator.bluez.private_bus import NoBus, PrivateBus
from collector.simulator.firmware.models import MODELS
from collector.simulator.night import simulate_night
from collector.simulator.night_signals import signals_of_night
from collector.simulator.spec import NightSpec
from crampwatch.commands.simulate import simulate
from crampwatch.errors import UserError
from tests.support.bluez import bleak_has_let_go, connected, until

NIGHT = ("--hours", "0.05", "--profile", "empty")


@pytest.fixture(autouse=True)
def _needs_a_bus() -> None:
    try:
        PrivateBus().kill()
    except NoBus as missing:
        pytest.skip(f"{missing}; tests against it did not run")


@contextmanager
def offered(directory: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "crampwatch", "simulate", *NIGHT, *options]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def bus_address(running: "subprocess.Popen[str]") -> str:
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("DBUS_SYSTEM_BUS_ADDRESS="):
            return line.strip().partition("=")[2]
    raise AssertionError(running.stderr.read() if running.stderr else "")


@pytest.mark.parametrize("model", ["cramp-node", "umyo"])
async def test_the_offered_wearable_is_found_and_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    profile, heard = load_profile(model), set[StreamKind]()
    decoder = Decoder(profile.stream)
    with offered(tmp_path, "--ble", model) as running:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", await asyncio.to_thread(bus_address, running))
        async with connected(MODELS[model].name) as client:
            for char in {char for stream in profile.stream for char in stream.characteristics}:
                await client.start_notify(char, lambda c, data: heard.add(decoder.decode(c.uuid, bytes(data)).stream))
            for command in profile.start:
                await client.write_gatt_char(command.char, command.payload({}), response=True)
            await until(lambda: heard == {stream.kind for stream in profile.stream})
        running.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(running.wait, 10) == 0
    await bleak_has_let_go()


async def test_killed_it_leaves_no_bus_behind(tmp_path: Path) -> None:
    with offered(tmp_path, "--ble", "cramp-node") as running:
        address = await asyncio.to_thread(bus_address, running)
        path = address.partition("unix:path=")[2]
        assert listens(path)
        running.kill()
    await until(lambda: not Path(path).parent.exists())
    assert not listens(path)


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


async def test_the_night_is_written_and_offered_in_one_go(tmp_path: Path) -> None:
    with offered(tmp_path, "--ble", "npg-lite", "--out", "nights", "--seed", "4") as running:
        await asyncio.to_thread(bus_address, running)
        assert sorted(path.suffix for path in (tmp_path / "nights").iterdir()) == [".edf", ".json"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [({}, "--out FOLDER"), ({"ble": "myo", "fs": 250.0}, "200 Hz"), ({"ble": "myo", "channels": 1}, "8 channels")],
)
def test_what_cannot_be_offered_is_said_in_one_line(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        simulate(hours=0.05, profile="empty", **options)


def test_in_the_radio_gaps_of_a_night_nothing_is_sent() -> None:
    night = simulate_night(NightSpec(seed=2, hours=0.5, fs=250, profile="empty", loss_per_hour=20))
    assert night.gaps
    emg = signals_of_night(night)["emg"]
    spans = [(first / 250, (first + len(digital)) / 250) for first, digital in emg.runs]
    for (_, lost_s), (back_s, _), (start_s, end_s) in zip(spans[:-1], spans[1:], night.gaps, strict=True):
        assert lost_s == pytest.approx(start_s, abs=1 / 250)
        assert back_s == pytest.approx(end_s, abs=1 / 250)
