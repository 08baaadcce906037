"""Simulated wearables with small signals, and the collector's settings for them."""

from pathlib import Path

import numpy as np

from collector.contract.broker import BrokerSettings
from collector.contract.journal import Journal
from collector.contract.messages import NS, Channel, StreamKind
from collector.settings import CollectorSettings
from collector.simulator.firmware.firmware import BuiltInFirmware
from collector.simulator.playback import Signal

START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
NO_BROKER = BrokerSettings(port=1)
"""Port 1 (tcpmux) answers nowhere."""


def ramp(seconds: float, emg_fs: float = 250.0) -> dict[StreamKind, Signal]:
    """Three streams in which every sample tells its own index (modulo 30,000)."""
    return {
        "emg": _ramp(seconds, emg_fs, (Channel("emg", "uV", 0.25),)),
        "acc": _ramp(seconds, 50.0, tuple(Channel(f"acc {axis}", "mg", 0.25) for axis in "xyz")),
        "temp": _ramp(seconds, 0.2, (Channel("skin", "degC", 0.01),)),
    }


def _ramp(seconds: float, fs: float, channels: tuple[Channel, ...]) -> Signal:
    index = np.arange(round(seconds * fs), dtype=np.int64) % 30_000
    digital = np.repeat(index[:, None], len(channels), axis=1).astype(np.int16)
    return Signal(fs, channels, ((0, digital),))


def ramp_of(firmware: BuiltInFirmware, seconds: float) -> dict[StreamKind, Signal]:
    """A built-in converter's streams; every sample tells its own index, modulo the converter's range."""
    signals: dict[StreamKind, Signal] = {}
    for kind, (fs, channels, _) in firmware.front_ends.items():
        low, high = channels[0].digital_min, channels[0].digital_max
        counted = np.arange(round(seconds * fs)) % (high - low + 1) + low
        signals[kind] = Signal(
            fs, channels, ((0, np.repeat(counted[:, None], len(channels), axis=1).astype(np.int16)),)
        )
    return signals


def settings(directory: Path, broker: BrokerSettings = NO_BROKER) -> CollectorSettings:
    return CollectorSettings(wearer="w1", site="left_calf", data_directory=directory, broker=broker)


def journalled(directory: Path) -> dict[StreamKind, list[int]]:
    """Of each stream the index of every sample in the only journal; fails if a sample does not tell that index."""
    (path,) = directory.glob("*.journal")
    found: dict[StreamKind, list[int]] = {"emg": [], "acc": [], "temp": []}
    with Journal.open(path, read_only=True) as journal:
        for block in journal.blocks():
            indices = range(block.first_index, block.end_index)
            assert block.digital()[:, 0].tolist() == [index % 30_000 for index in indices]
            found[block.stream] += indices
    return found
