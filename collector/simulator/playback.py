"""Signals to be played by a virtual wearable: a recording's samples, whole, with its gaps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from collector.contract.messages import Channel, SampleBlock, StreamKind


@dataclass(frozen=True)
class Signal:
    """One stream's samples: runs of (index of the first instant, digital values of shape (instants, channels))."""

    fs: float
    channels: tuple[Channel, ...]
    runs: tuple[tuple[int, NDArray[np.int16]], ...]

    @property
    def end(self) -> int:
        """The index behind the last instant."""
        index, digital = self.runs[-1]
        return index + len(digital)

    def packets(self, start: int, most: int, *, whole: bool = False) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """The instants from index `start` on, at most `most` at a time, none across a gap.

        With `whole` exactly `most` at a time: what does not fill a packet is not sent.
        """
        for first, digital in self.runs:
            for k in range(max(0, start - first), len(digital), most):
                if not whole or k + most <= len(digital):
                    yield first + k, digital[k : k + most]


def signals_of(blocks: Iterable[SampleBlock]) -> dict[StreamKind, Signal]:
    """The streams of a recording, whole; 16 bit as wearables have them, so an 8 h night at 1 kHz takes 60 MB."""
    parts: dict[StreamKind, list[SampleBlock]] = {}
    for block in blocks:
        if block.dtype != "<i2":
            raise ValueError(f"stream {block.stream} has {block.dtype} samples; a cramp-node sends 16 bit")
        parts.setdefault(block.stream, []).append(block)
    return {kind: _joined(part) for kind, part in parts.items()}


def _joined(blocks: list[SampleBlock]) -> Signal:
    """Consecutive blocks become one run."""
    starts = (
        [0] + [k for k in range(1, len(blocks)) if blocks[k].first_index != blocks[k - 1].end_index] + [len(blocks)]
    )
    runs = tuple(
        (blocks[a].first_index, np.concatenate([block.digital() for block in blocks[a:b]]).astype(np.int16))
        for a, b in pairwise(starts)
    )
    return Signal(blocks[0].fs, blocks[0].channels, runs)


def digitised(signal: Signal, channels: tuple[Channel, ...]) -> Signal:
    """The signal as other converters would have measured it: rounded to their steps, clipped at their rails.

    Raises ValueError when the units or the number of channels differ.
    """
    if [c.unit for c in signal.channels] != [c.unit for c in channels]:
        has, wants = (f"{len(c)} channels in {c[0].unit}" for c in (signal.channels, channels))
        raise ValueError(f"the signal has {has}; the wearable has {wants}")
    if all(_same_steps(own, other) for own, other in zip(signal.channels, channels, strict=True)):
        return Signal(signal.fs, channels, signal.runs)
    runs = tuple((first, _converted(digital, signal.channels, channels)) for first, digital in signal.runs)
    return Signal(signal.fs, channels, runs)


def _same_steps(own: Channel, other: Channel) -> bool:
    def steps(channel: Channel) -> tuple[float, float, int, int]:
        return channel.scale, channel.offset, channel.digital_min, channel.digital_max

    return steps(own) == steps(other)


def _converted(digital: NDArray[np.int16], own: tuple[Channel, ...], other: tuple[Channel, ...]) -> NDArray[np.int16]:
    converted = np.empty_like(digital)
    for k, (source, target) in enumerate(zip(own, other, strict=True)):
        physical = digital[:, k] * source.scale + source.offset
        steps = np.rint((physical - target.offset) / target.scale)
        converted[:, k] = np.clip(steps, target.digital_min, target.digital_max)
    return converted
