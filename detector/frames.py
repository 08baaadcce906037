"""Frames: the detector's view of the signal every tenth of a second, which everything after the filters works on."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class Quality(enum.IntFlag):
    """Why a frame of one channel cannot be judged; zero when it can."""

    GOOD = 0
    MISSING = 1  # samples were lost, or the filter is still settling behind a gap
    CLIPPED = 2  # more than a trickle of samples on the converter's rails
    FLAT = 4  # nothing but one value: a detached or dead sensor
    MAINS = 8  # the power line drowns the muscle
    LEARNING = 16  # no resting level is known yet


CAUSES: dict[Quality, str] = {
    Quality.MISSING: "no data",
    Quality.CLIPPED: "signal clipped",
    Quality.FLAT: "signal flat (electrode off?)",
    Quality.MAINS: "mains interference",
    Quality.LEARNING: "learning the resting level",
}
"""The causes in words, the gravest first: the first that applies is the one told."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive frames of one session; n frames, c EMG channels.

    Frame k ends with its last sample, at `t_ns[k]`; its envelope looks back over the RMS window, and the next frame
    follows `step_s` later. Frames inside a gap are present and marked MISSING.
    """

    channels: tuple[str, ...]
    step_s: float
    t_ns: NDArray[np.int64]  # (n,) end of the frame
    envelope_uv: NDArray[np.float64]  # (n, c) RMS of the band-passed EMG without the mains; NaN where MISSING
    rest_uv: NDArray[np.float64]  # (n, c) resting level; NaN while LEARNING
    threshold_uv: NDArray[np.float64]  # (n, c) on-threshold in force; NaN while LEARNING
    quality: NDArray[np.uint8]  # (n, c) bits of Quality
    motion_mg: NDArray[np.float64]  # (n,) dynamic acceleration; NaN where unknown
    gravity_mg: NDArray[np.float64]  # (n, 3) mean acceleration; NaN where unknown

    def __len__(self) -> int:
        return len(self.t_ns)

    @staticmethod
    def joined(parts: Sequence["Frames"]) -> "Frames":
        """Stretches of the same session that follow one another, as one."""
        if len(parts) == 1:
            return parts[0]
        whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
        return Frames(channels=parts[0].channels, step_s=parts[0].step_s, **whole)


ARRAYS = ("t_ns", "envelope_uv", "rest_uv", "threshold_uv", "quality", "motion_mg", "gravity_mg")
"""The fields of Frames with an entry for each frame."""
