"""A night of any length for timing: one simulated stretch, played over and over.

Where it begins again the signal may jump, which the detector takes for a short movement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import NS, Channel, Clock, SampleBlock, StreamKind
from collector.contract.topics import Place
from collector.simulator.muscle import EMG_UV_PER_LSB
from collector.simulator.night import ACC_MG_PER_LSB, simulate_night
from collector.simulator.spec import NightSpec
from detector.pipeline import CrampDetector

SEED = 1
START_NS = 1_795_125_600 * NS  # 2026-11-19T22:00:00Z
PLACE = Place("bench", "left_calf")
SESSION = "bench"
STREAMS: tuple[StreamKind, ...] = ("acc", "emg")
"""In the order in which they are pushed: motion has to be known when the EMG is judged."""


@dataclass(frozen=True)
class LoopedNight:
    """Digits of shape (instants, channels) and their rate, for each stream."""

    digital: dict[StreamKind, NDArray[np.int16]]
    fs: dict[StreamKind, float]

    def blocks(self, hours: float, block_s: float) -> Iterator[SampleBlock]:
        """The first `hours` in blocks of `block_s`, the accelerometer's before the EMG's."""
        for seq in range(round(hours * 3600 / block_s)):
            for stream in STREAMS:
                yield self._block(stream, seq, block_s)

    def emg(self, hours: float) -> NDArray[np.float64]:
        """The same EMG as digits in double precision, shape (channels, samples), contiguous: ready to be filtered."""
        index = np.arange(round(hours * 3600 * self.fs["emg"]))
        return np.ascontiguousarray(np.take(self.digital["emg"].T, index, axis=1, mode="wrap"), np.float64)

    def _block(self, stream: StreamKind, seq: int, block_s: float) -> SampleBlock:
        digital, fs = self.digital[stream], self.fs[stream]
        first, end = round(seq * block_s * fs), round((seq + 1) * block_s * fs)
        unit, scale = ("uV", EMG_UV_PER_LSB) if stream == "emg" else ("mg", ACC_MG_PER_LSB)
        return SampleBlock(
            session=SESSION,
            streams=STREAMS,
            stream=stream,
            seq=seq,
            first_index=first,
            fs=fs,
            clock=Clock(index=0, t_ns=START_NS, fs=fs),
            channels=tuple(Channel(name=f"{stream} {k}", unit=unit, scale=scale) for k in range(digital.shape[1])),
            samples=np.take(digital, np.arange(first, end), axis=0, mode="wrap").tobytes(),
        )


def simulate(hours: float, fs: float, channels: int = 1) -> LoopedNight:
    """A healthy wearer's stretch of `hours` with one cramp in it, to be looped."""
    spec = NightSpec(seed=SEED, hours=hours, fs=fs, emg_channels=channels, cramps=1)
    night = simulate_night(spec)
    digital: dict[StreamKind, NDArray[np.int16]] = {
        "acc": np.ascontiguousarray(night.acc.T),
        "emg": np.ascontiguousarray(night.emg.T),
    }
    return LoopedNight(digital, {"acc": spec.acc_fs, "emg": spec.fs})


class Watcher:
    """The whole detector, used as the live service and `score` use it; what it finds is thrown away."""

    def __init__(self) -> None:
        self._detector = CrampDetector(PLACE, SESSION, STREAMS)

    def push(self, block: SampleBlock) -> None:
        """One block in, events and frames out."""
        self._detector.push(block)
        self._detector.take_frames()

    def finish(self) -> None:
        """The end of the night."""
        self._detector.finish()
        self._detector.take_frames()
