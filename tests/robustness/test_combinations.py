"""Disturbances rarely come alone: two at a time that are harmless by themselves stay so."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.robustness import disturbances
from benchmarks.robustness.night import Night
from benchmarks.robustness.watching import Converter, blocks, watch
from collector.contract.messages import SampleBlock

COARSE = Converter(4.0, -128, 127)


def hummed(night: Night, uv: float = 10.0) -> Night:
    return night.heard(disturbances.hum(night.emg_uv, night.fs, uv, hz=49.7, start_s=600.0, stop_s=night.seconds))


def beaten(night: Night) -> Night:
    emg = disturbances.heart(night.emg_uv, night.fs, np.random.default_rng(5), peak_uv=30.0, bpm=70.0)
    return night.heard(emg)


def drifting(night: Night) -> Night:
    return night.heard(disturbances.gain_drift(night.emg_uv, 0.5, 2.0))


def put_on_anew(night: Night) -> Night:
    rng = np.random.default_rng(5)
    return night.heard(disturbances.reseat(night.emg_uv, night.fs, 300.0, rng, gain=0.7))


def losing(night: Night) -> list[SampleBlock]:
    return blocks(night, gaps=[(at_s, at_s + 0.1) for at_s in range(100, int(night.seconds) - 1, 10)])


COMBINATIONS: dict[str, Callable[[Night], list[SampleBlock]]] = {
    "hum and heart": lambda night: blocks(hummed(beaten(night))),
    "hum and eight bits": lambda night: blocks(hummed(night), converter=COARSE),
    "hum and a drifting gain": lambda night: blocks(hummed(drifting(night))),
    "hum and no accelerometer": lambda night: blocks(hummed(night), motion=None),
    "heart and eight bits": lambda night: blocks(beaten(night), converter=COARSE),
    "heart and losses": lambda night: losing(beaten(night)),
    "drifting gain and losses": lambda night: losing(drifting(night)),
    "new electrode and hum": lambda night: blocks(hummed(put_on_anew(night))),
    "eight bits and no accelerometer": lambda night: blocks(night, converter=COARSE, motion=None),
}


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_two_harmless_disturbances_are_harmless_together(night: Night, combination: str) -> None:
    watched = watch(night, COMBINATIONS[combination](night))
    assert set(watched.found) == set(night.cramps)
    assert not watched.false_alarms
