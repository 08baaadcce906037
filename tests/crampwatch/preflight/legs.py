"""Legs to be checked before bed, as blocks: they rest, and from the 25th second on they are tense for three."""

from collections.abc import Iterable

import numpy as np

from collector.contract.messages import SampleBlock
from crampwatch.preflight.course import Course, Observation
from detector.settings import DetectorSettings
from tests.support.signals import SESSION, Leg

SECONDS = 43.0
"""3 s of settling, 20 s of rest, 10 s for the contraction, 8 s for letting go; the last block is there whole."""
FS = 250.0
WORKED_UV = 30.0


def resting(seconds: float = SECONDS, channels: int = 1, rest_uv: float = 2.0) -> Leg:
    """A leg that does nothing."""
    return Leg(seconds, fs=FS, channels=channels, rest_uv=rest_uv)


def worked(channels: int = 1, rest_uv: float = 2.0) -> Leg:
    """A leg that rests and does as it is told."""
    leg = resting(channels=channels, rest_uv=rest_uv)
    for channel in range(channels):
        leg.contract(25, 28, WORKED_UV, channel)
    return leg


def flat(leg: Leg, channel: int = 0) -> Leg:
    """Its electrode is off: nothing but one value."""
    leg.emg_uv[channel] = 0.0
    return leg


def loose(leg: Leg, every_s: float = 1.0) -> Leg:
    """Its electrode comes off and on: jumps of 2 mV that creep back within a second."""
    dying = 2000.0 * np.exp(-np.arange(round(FS)) / (0.3 * FS))
    for start in range(0, leg.emg_uv.shape[1] - len(dying), round(every_s * FS)):
        leg.emg_uv[0, start : start + len(dying)] += dying
    return leg


def observed(blocks: Iterable[SampleBlock]) -> Observation:
    """What the course makes of these blocks."""
    course = Course(SESSION, DetectorSettings())
    for block in blocks:
        course.push(block)
    assert course.phase == "done"
    seen = course.observation()
    assert seen is not None
    return seen
