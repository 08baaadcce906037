"""The samples of one EMG channel around a moment, as recorded and as the detector filters them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS, SampleBlock
from detector.dsp.filters import BandPass
from detector.emg_front import TO_UV
from detector.settings import DetectorSettings


@dataclass(frozen=True, slots=True)
class Samples:
    """n samples of one channel; `t_s` counts from the start of the stretch."""

    fs: float
    unit: str  # uV wherever the channel's unit is a voltage
    t_s: NDArray[np.float64]  # (n,)
    raw: NDArray[np.float64]  # (n,) without the median of the stretch
    band: NDArray[np.float64]  # (n,) band-passed


def samples(
    blocks: Iterable[SampleBlock], channel: str, settings: DetectorSettings, start_ns: int, end_ns: int
) -> Samples | None:
    """The samples between two moments; None where there are none.

    The blocks should begin before, or the filter's settling shows.
    """
    parts = [part for part in _filtered(blocks, channel, settings, start_ns) if part.t_s[-1] >= 0]
    if not parts:
        return None
    t_s, raw, band = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t_s", "raw", "band"))
    inside = (t_s >= 0) & (t_s < (end_ns - start_ns) / NS)
    if not inside.any():
        return None
    raw = raw[inside] - np.median(raw[inside])
    return Samples(parts[0].fs, parts[0].unit, t_s[inside], raw, band[inside])


def _filtered(
    blocks: Iterable[SampleBlock], channel: str, settings: DetectorSettings, start_ns: int
) -> Iterator[Samples]:
    """Block by block; behind a gap the filter starts afresh, as the detector's does."""
    band_pass: BandPass | None = None
    expected = -1
    for block in blocks:
        k = [c.name for c in block.channels].index(channel)
        shown = block.channels[k]
        if band_pass is None:
            band_pass = BandPass(block.fs, settings.band_low_hz, settings.band_high_hz)
        if block.first_index != expected:
            band_pass.reset()
        expected = block.end_index
        uv = block.physical()[:, k] * TO_UV.get(shown.unit, 1.0)
        band = band_pass.push(uv[np.newaxis].copy())[0]
        t_s = (block.t0_ns - start_ns) / NS + np.arange(block.count) / block.clock.fs
        yield Samples(block.fs, "µV" if shown.unit in TO_UV else shown.unit, t_s, uv, band)
