"""`crampwatch collect` where Bluetooth itself, or publishing, does not work."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bleak.exc import BleakError

from collector.backend import Backend
from collector.publisher import Publisher
from collector.simulator.memory_backend import memory_backend
from crampwatch import wiring
from crampwatch.commands.collect import run_sensors
from crampwatch.config import load
from crampwatch.errors import USER_ERROR
from tests.collector.virtual_time import in_virtual_time, now_s
from tests.support.edf_files import signal, write
from tests.support.wearables import NO_BROKER, journalled

AIR: Any = memory_backend([])


class NoDBus(AIR.scanner):  # type: ignore[misc]  # a class made by a function
    """What bleak says where bluetoothd does not run."""

    async def start(self) -> None:
        raise BleakError("org.bluez was not provided")


@in_virtual_time
async def test_bluetooth_that_fails_is_told_in_a_line_and_recordings_play_on_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "right.edf", [signal("EMG", np.arange(900 * 250) % 30_000)])
    path = tmp_path / "crampwatch.toml"
    path.write_text(f"""
        [broker]
        port = {NO_BROKER.port}
        [[sensor]]
        wearer = "w1"
        site = "left_calf"
        [[sensor]]
        wearer = "w1"
        site = "right_calf"
        recording = "{tmp_path / "right.edf"}"
    """)
    backend = Backend(scanner=NoDBus, adapter=AIR.adapter)
    monkeypatch.setattr(wiring, "host_bluetooth", lambda: backend)
    code = await run_sensors(load(path))
    assert code not in (0, USER_ERROR)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "org.bluez was not provided" in line
    assert "restart the bluetooth service" in line
    # It was told after some minutes, and the recording of 15 went on.
    assert now_s() > 890
    assert len(journalled(tmp_path / "crampwatch-data")["emg"]) == 900 * 250


async def test_a_collector_that_publishes_nothing_any_more_ends_to_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("collector.service.OVERSEE_EVERY_S", 0.05)
    monkeypatch.setattr(wiring, "host_bluetooth", lambda: AIR)
    monkeypatch.setattr(Publisher, "_step", lambda self: 1 / 0)
    path = tmp_path / "crampwatch.toml"
    path.write_text('[broker]\n[[sensor]]\nwearer = "w1"\nsite = "left_calf"\n')
    code = await run_sensors(load(path))
    assert code not in (0, USER_ERROR)
    assert "Nothing is published any more" in caplog.text
    assert "Ending, to be started again" in caplog.text
