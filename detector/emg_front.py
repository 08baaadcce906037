"""From EMG sample blocks to frames of all channels: everything that happens before anybody judges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.contract.errors import Inconsistent
from collector.contract.messages import NS, Channel, Clock, SampleBlock
from detector.dsp.envelope import Envelope, EnvelopeFrames
from detector.dsp.filters import BandPass
from detector.dsp.hops import HOPS_PER_STEP, HOPS_PER_WINDOW, HopSummer, hop_samples, mains_tones
from detector.dsp.state import Remembers
from detector.frames import Quality
from detector.settings import DetectorSettings

TO_UV = {"nV": 1e-3, "uV": 1.0, "µV": 1.0, "μV": 1.0, "mV": 1e3, "V": 1e6}
"""Microvolts per unit. Any other unit is taken as it is, and only ratios are judged."""
LOWEST_FS = 100.0
"""Below 100 Hz nothing of the muscle's band is left above 30 Hz."""
SETTLING_FRAMES = 3
"""Those that end within 0.5 s of a gap: the band-pass rings for some 0.1 s and the first window fills for 0.25 s."""
SLICE = 131_072
"""Samples, of all channels together, that are worked on at a time: they stay in the processor's cache."""
LONGEST_GAP_S = 26 * 3600.0
"""A night is 25 h at most; an index that jumps farther is damaged, not a gap."""


@dataclass(frozen=True, slots=True)
class RawFrames:
    """n frames of c channels, before judgement; times and samples are those of a frame's end."""

    t_ns: NDArray[np.int64]
    sample: NDArray[np.int64]
    envelope_uv: NDArray[np.float64]  # (n, c), NaN in a gap
    line_uv: NDArray[np.float64]  # (n, c)
    quality: NDArray[np.uint8]  # (n, c)
    spread_uv: NDArray[np.float64]  # (n, c) largest minus smallest raw sample, NaN in a gap

    def part(self, start: int, stop: int) -> "RawFrames":
        """Frames `start` to `stop`."""
        return RawFrames(*(getattr(self, name)[start:stop] for name in self.__slots__))

    @staticmethod
    def joined(parts: list["RawFrames"]) -> "RawFrames":
        """Several stretches of frames as one."""
        if len(parts) == 1:
            return parts[0]
        return RawFrames(*(np.concatenate([getattr(p, name) for p in parts]) for name in RawFrames.__slots__))


class EmgFront(Remembers):
    """Filters, sums and frames one session's EMG; fills gaps with frames marked MISSING."""

    memory = ("next_index", "base", "frames", "last_ns", "last_sample")

    def __init__(self, fs: float, channels: tuple[Channel, ...], settings: DetectorSettings) -> None:
        if fs < LOWEST_FS:
            raise Inconsistent(f"an EMG at {fs:g} Hz cannot be judged; at least {LOWEST_FS:g} Hz is needed, better 200")
        self.fs, self.channels = fs, channels
        self._settings = settings
        self._uv_per_digit = np.array([abs(c.scale) * TO_UV.get(c.unit, 1.0) for c in channels])
        self._hop = hop_samples(fs, settings.window_s)
        tones = mains_tones(fs, settings.band_low_hz, settings.band_high_hz)
        rails = np.array([[c.digital_min for c in channels], [c.digital_max for c in channels]], np.float64)
        self.band_pass = BandPass(fs, settings.band_low_hz, settings.band_high_hz)
        self.hops = HopSummer(fs, self._hop, tones[0] + tones[1], self._uv_per_digit, rails)
        self.envelope = Envelope(fs, self._hop, *tones)
        self.step_s = HOPS_PER_STEP * self._hop / fs
        self.next_index: int | None = None
        self.base = 0  # first sample behind the last gap
        self.frames = 0  # frames since then
        self.last_ns = 0  # end of the last frame
        self.last_sample = 0

    @property
    def calibrated(self) -> bool:
        """Whether all channels are in a known unit of voltage."""
        return all(channel.unit in TO_UV for channel in self.channels)

    def floor_uv(self, channel: int) -> float:
        """The quantisation noise of a channel's converter, the least its resting level can be."""
        return float(self._uv_per_digit[channel] / np.sqrt(12))

    def push(self, block: SampleBlock) -> list[RawFrames]:
        """The frames that this block completes, in order; samples already seen are ignored."""
        if block.fs != self.fs or block.channels != self.channels:
            raise Inconsistent("the EMG's rate or channels changed within a session; start a new session instead")
        out = []
        digital = block.digital()
        if self.next_index is None:
            self.base = block.first_index
        elif block.first_index > self.next_index:
            out.append(self._gap(block))
        skip = 0 if self.next_index is None else max(0, self.next_index - block.first_index)
        step = max(1, SLICE // len(self.channels))
        slices = (digital[start : start + step] for start in range(skip, block.count, step))
        out += [self._frames(part, block.clock) for part in slices]
        self.next_index = max(self.next_index or 0, block.end_index)
        return out

    def _frames(self, digital: NDArray[np.signedinteger], clock: Clock) -> RawFrames:
        raw = np.ascontiguousarray(digital.T)
        frames = self.envelope.push(self.hops.push(self.band_pass.push(raw.astype(np.float64)), raw))
        quality = self._quality(frames)
        number = np.arange(self.frames, self.frames + len(quality))
        sample = number * (HOPS_PER_STEP * self._hop) + (self.base + HOPS_PER_WINDOW * self._hop)
        t_ns = clock.t_ns + np.rint((sample - clock.index) * (NS / clock.fs)).astype(np.int64)
        if len(quality):
            self.last_ns, self.last_sample = int(t_ns[-1]), int(sample[-1])
        self.frames += len(quality)
        return RawFrames(t_ns, sample, frames.envelope_uv, frames.line_uv, quality, frames.spread * self._uv_per_digit)

    def _quality(self, frames: EnvelopeFrames) -> NDArray[np.uint8]:
        quality = (frames.railed > self._settings.clipped_share) * np.uint8(Quality.CLIPPED)
        quality[: max(0, SETTLING_FRAMES - self.frames)] |= np.uint8(Quality.MISSING)
        return quality

    def _gap(self, block: SampleBlock) -> RawFrames:
        """Frames for the time between the last frame and the block, and a fresh start behind it."""
        self.band_pass.reset()
        self.hops.reset()
        self.envelope.reset()
        self.base, self.frames = block.first_index, 0
        step_ns = round(self.step_s * NS)
        length_ns = max(0, block.t0_ns - self.last_ns)
        if length_ns > LONGEST_GAP_S * NS:
            raise Inconsistent(f"the EMG jumps by {length_ns / NS / 3600:.0f} h; that is no gap in a night")
        count = length_ns // step_ns if self.last_ns else 0
        shape = (count, len(self.channels))
        t_ns = self.last_ns + step_ns * np.arange(1, count + 1)
        self.last_ns += step_ns * count
        return RawFrames(
            t_ns=t_ns,
            sample=np.full(count, self.last_sample),
            envelope_uv=np.full(shape, np.nan),
            line_uv=np.zeros(shape),
            quality=np.full(shape, Quality.MISSING, np.uint8),
            spread_uv=np.full(shape, np.nan),
        )
