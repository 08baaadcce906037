"""Plain synthetic nights for the detector: white noise made louder here and there, and a leg that moves now and then.

Not the product's simulator: these signals are simple enough to know by hand what must come out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS, Channel, Clock, SampleBlock, StreamKind
from collector.contract.topics import place
from detector.events import Event
from detector.frames import Frames
from detector.pipeline import CrampDetector
from detector.settings import DetectorSettings

START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
LEFT_CALF = place("w1", "left_calf")
SESSION = "2026-11-19_w1_left_calf_test"
ACC_FS = 50.0
LYING_MG = (0.0, 0.0, 1000.0)
IN_BAND = np.sqrt(170 / 500)
"""The share of white noise's RMS at 1000 Hz that falls between 30 and 200 Hz."""


@dataclass
class Leg:
    """A calf at rest, `seconds` long; its muscle and its motion are added by hand."""

    seconds: float
    fs: float = 1000.0
    rest_uv: float = 2.0
    seed: int = 1
    channels: int = 1
    emg_uv: NDArray[np.float64] = field(init=False)  # (channels, n)
    acc_mg: NDArray[np.float64] = field(init=False)  # (m, 3)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.emg_uv = self.rng.normal(0, self.rest_uv, (self.channels, round(self.seconds * self.fs)))
        self.acc_mg = self.rng.normal(0, 2, (round(self.seconds * ACC_FS), 3)) + np.array(LYING_MG)

    def contract(self, start_s: float, stop_s: float, uv: float, channel: int = 0) -> "Leg":
        """Muscle activity of this RMS on top of the rest."""
        part = slice(round(start_s * self.fs), round(stop_s * self.fs))
        self.emg_uv[channel, part] += self.rng.normal(0, uv, self.emg_uv[channel, part].shape)
        return self

    def move(self, start_s: float, stop_s: float, mg: float = 200.0) -> "Leg":
        """Motion of this RMS on every axis."""
        part = slice(round(start_s * ACC_FS), round(stop_s * ACC_FS))
        self.acc_mg[part] += self.rng.normal(0, mg, self.acc_mg[part].shape)
        return self

    def hum(self, start_s: float, stop_s: float, uv: float, hz: float = 50.0) -> "Leg":
        """Mains of this amplitude."""
        t = np.arange(self.emg_uv.shape[1]) / self.fs
        self.emg_uv += np.where((t >= start_s) & (t < stop_s), uv * np.sin(2 * np.pi * hz * t), 0.0)
        return self


def recording(
    leg: Leg,
    *,
    accelerometer: bool = True,
    unit: str = "uV",
    scale: float = 0.25,
    gaps: Sequence[tuple[float, float]] = (),
    block_s: float = 1.0,
) -> list[SampleBlock]:
    """The leg as sample blocks in the order of time; the accelerometer's come before the EMG's of the same second."""
    streams: tuple[StreamKind, ...] = ("emg", "acc") if accelerometer else ("emg",)
    per_uv = {"uV": 1.0, "mV": 1e-3, "adc": 1.0}[unit]
    names = [f"EMG {k + 1}" for k in range(leg.channels)]
    emg = tuple(Channel(name=name, unit=unit, scale=scale * per_uv) for name in names)
    digits = np.clip(np.rint(leg.emg_uv.T / scale), -32768, 32767).astype("<i2")
    keep = [(0.0, leg.seconds)]
    for start, stop in gaps:
        last_start, last_stop = keep.pop()
        keep += [(last_start, start), (stop, last_stop)]
    blocks = _cut("emg", streams, emg, digits, leg.fs, keep, block_s)
    if accelerometer:
        acc = tuple(Channel(name=f"ACC {axis}", unit="mg", scale=0.25) for axis in "XYZ")
        mg = np.clip(np.rint(leg.acc_mg / 0.25), -32768, 32767).astype("<i2")
        blocks += _cut("acc", streams, acc, mg, ACC_FS, keep, block_s)
    return in_time_order(blocks)


def in_time_order(blocks: Iterable[SampleBlock]) -> list[SampleBlock]:
    """As a well-behaved collector sends them: by their end, the accelerometer first."""
    return sorted(blocks, key=lambda block: (block.end_ns, block.stream))


def _cut(
    stream: StreamKind,
    streams: tuple[StreamKind, ...],
    channels: tuple[Channel, ...],
    digits: NDArray[np.int16],
    fs: float,
    stretches: Sequence[tuple[float, float]],
    block_s: float,
) -> list[SampleBlock]:
    blocks: list[SampleBlock] = []
    for start_s, stop_s in stretches:
        first, last = round(start_s * fs), round(stop_s * fs)
        edges = [*range(first, last, max(1, round(block_s * fs))), last]
        for start, stop in pairwise(edges):
            blocks.append(
                SampleBlock(
                    session=SESSION,
                    streams=streams,
                    stream=stream,
                    seq=len(blocks),
                    first_index=start,
                    fs=fs,
                    clock=Clock(index=0, t_ns=START_NS, fs=fs),
                    channels=channels,
                    samples=digits[start:stop].tobytes(),
                )
            )
    return blocks


@dataclass(frozen=True)
class Outcome:
    """What a detector said about a recording."""

    events: list[Event]
    frames: Frames

    def stage(self, *stages: str) -> list[Event]:
        """The events of these stages."""
        return [event for event in self.events if event.stage in stages]


def detect(blocks: Iterable[SampleBlock], settings: DetectorSettings | None = None) -> Outcome:
    """Everything the detector makes of these blocks."""
    blocks = list(blocks)
    detector = CrampDetector(LEFT_CALF, SESSION, blocks[0].streams, settings)
    events, frames = [], []
    for block in blocks:
        events += detector.push(block)
        frames.append(detector.take_frames())
    events += detector.finish()
    frames.append(detector.take_frames())
    return Outcome(events, Frames.joined([part for part in frames if part is not None]))


def seconds(t_ns: int | None) -> float:
    """A time as seconds from the recording's start."""
    assert t_ns is not None
    return (t_ns - START_NS) / NS
