"""How the wearer lies, from the direction of gravity at the shank.

The sensor's axes: x along the shank towards the knee, z out of the shin, y completing the right-handed set and so
pointing to the wearer's right. At rest an accelerometer reads +1 g on the axis that points up.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS
from collector.contract.nights import Interval

UPRIGHT_DEGREES = 30.0
"""The shank counts as upright within this angle of the vertical: the angle at which the detector confirms no cramp."""
GRAVITY_MG = (800.0, 1200.0)
"""Outside this the mean acceleration is not gravity alone: the leg is moving, or the sensor is miscalibrated."""
DWELL_S = 10
"""A posture is one that is kept; turning over takes a few seconds and passes through others."""

WORN = "x"
"""What the settings call the axis along the shin (`shank_axis`) where a sensor is worn with the axes of above."""

UNKNOWN = "unknown"
FACE_DOWN = "face down"
POSTURES = np.array([UNKNOWN, "upright", "on the back", FACE_DOWN, "left side", "right side"])
"""In plain words, the same in the report and on the dashboards."""


def axes_known(parameters: Mapping[str, object]) -> bool:
    """Whether the sensor is worn with the axes of above, as these parameters of the detector have it.

    Without that the same gravity may be a back, a side or a front.
    """
    return parameters.get("shank_axis") == WORN


def postures(t_s: NDArray[np.int64], gravity_mg: NDArray[np.float64]) -> list[Interval]:
    """The postures of a night from gravity, shape (n, 3), at the seconds `t_s`; a missing second ends a posture."""
    kept: list[Interval] = []
    for interval in _runs(t_s, posture_of(gravity_mg)):
        if kept and kept[-1].end_ns == interval.start_ns and _continues(kept[-1], interval):
            kept[-1] = kept[-1]._replace(end_ns=interval.end_ns)
        else:
            kept.append(interval)
    return kept


def posture_of(gravity_mg: NDArray[np.float64]) -> NDArray[np.str_]:
    """The word for each row of gravity, shape (n, 3)."""
    x, y, z = gravity_mg.T
    size = np.linalg.norm(gravity_mg, axis=1)
    with np.errstate(invalid="ignore"):
        is_gravity = (size >= GRAVITY_MG[0]) & (size <= GRAVITY_MG[1])
        upright = x >= size * np.cos(np.radians(UPRIGHT_DEGREES))
        raised = -x >= size * np.cos(np.radians(UPRIGHT_DEGREES))
        on_back_or_front = np.abs(z) >= np.abs(y)
    words = np.where(on_back_or_front, np.where(z > 0, 2, 3), np.where(y > 0, 4, 5))
    words[upright] = 1
    words[raised | ~is_gravity] = 0
    return POSTURES[words]


def _continues(before: Interval, interval: Interval) -> bool:
    return before.label == interval.label or interval.seconds < DWELL_S


def _runs(t_s: NDArray[np.int64], words: NDArray[np.str_]) -> Iterator[Interval]:
    """Stretches of one word over seconds that follow one another."""
    if not len(t_s):
        return
    breaks = np.flatnonzero((words[1:] != words[:-1]) | (np.diff(t_s) != 1)) + 1
    for start, stop in zip([0, *breaks], [*breaks, len(t_s)], strict=True):
        yield Interval(int(t_s[start]) * NS, (int(t_s[stop - 1]) + 1) * NS, str(words[start]))
