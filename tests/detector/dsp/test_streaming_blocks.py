"""What every streaming block keeps to, whatever it computes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.dsp.envelope import Envelope
from detector.dsp.filters import BandPass
from detector.dsp.hops import HopSummer, hop_samples, mains_tones
from detector.dsp.motion import Motion
from detector.dsp.state import Remembers

FS = 1000.0
N = 4000
RNG = np.random.default_rng(5)
EMG = np.rint(RNG.normal(0, 40, (2, N))).astype(np.int16)
ACC = np.rint(RNG.normal(0, 40, (N, 3))).astype(np.int16)


class Stage(Protocol):
    """A block, or a chain of them, fed by a range of samples."""

    def parts(self) -> tuple[Remembers, ...]: ...
    def feed(self, start: int, stop: int) -> list[NDArray[np.float64]]: ...


class Filtered:
    def __init__(self) -> None:
        self.band_pass = BandPass(FS, 30, 200)

    def parts(self) -> tuple[Remembers, ...]:
        return (self.band_pass,)

    def feed(self, start: int, stop: int) -> list[NDArray[np.float64]]:
        return [self.band_pass.push(EMG[:, start:stop].astype(np.float64)).T]


class Enveloped:
    def __init__(self) -> None:
        hop, tones = hop_samples(FS, 0.25), mains_tones(FS, 30, 200)
        self.band_pass = BandPass(FS, 30, 200)
        rails = np.array([[-100.0, -100.0], [100.0, 100.0]])
        self.hops = HopSummer(FS, hop, tones[0] + tones[1], np.array([0.25, 0.25]), rails)
        self.envelope = Envelope(FS, hop, *tones)

    def parts(self) -> tuple[Remembers, ...]:
        return (self.band_pass, self.hops, self.envelope)

    def feed(self, start: int, stop: int) -> list[NDArray[np.float64]]:
        raw = EMG[:, start:stop]
        frames = self.envelope.push(self.hops.push(self.band_pass.push(raw.astype(np.float64)), raw))
        return [frames.envelope_uv, frames.line_uv, frames.spread, frames.railed]


class Moving:
    def __init__(self) -> None:
        self.motion = Motion(50.0, np.full(3, 0.25), np.zeros(3))

    def parts(self) -> tuple[Remembers, ...]:
        return (self.motion,)

    def feed(self, start: int, stop: int) -> list[NDArray[np.float64]]:
        frames = self.motion.push(ACC[start:stop])
        return [frames.motion_mg, frames.gravity_mg]


STAGES: list[Callable[[], Stage]] = [Filtered, Enveloped, Moving]
cuts = st.lists(st.integers(0, N), max_size=40).map(lambda inner: [0, *sorted(inner), N])


def run(stage: Stage, edges: list[int]) -> list[NDArray[np.float64]]:
    outputs = [stage.feed(start, stop) for start, stop in pairwise(edges)]
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


def same_bits(a: list[NDArray[np.float64]], b: list[NDArray[np.float64]]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("make", STAGES)
@given(edges=cuts)
@settings(max_examples=60, deadline=None)
def test_gives_the_same_bits_however_the_samples_are_cut(make: Callable[[], Stage], edges: list[int]) -> None:
    assert same_bits(run(make(), edges), run(make(), [0, N]))


@pytest.mark.parametrize("make", STAGES)
def test_gives_the_same_bits_sample_by_sample(make: Callable[[], Stage]) -> None:
    assert same_bits(run(make(), list(range(601))), run(make(), [0, 600]))


@pytest.mark.parametrize("make", STAGES)
@given(cut=st.integers(0, N))
@settings(max_examples=30, deadline=None)
def test_continues_from_a_remembered_state_as_if_never_stopped(make: Callable[[], Stage], cut: int) -> None:
    first, second = make(), make()
    before = first.feed(0, cut)
    for old, new in zip(first.parts(), second.parts(), strict=True):
        new.restore(old.state())
    after = second.feed(cut, N)
    assert same_bits([np.concatenate(pair) for pair in zip(before, after, strict=True)], run(make(), [0, N]))


@pytest.mark.parametrize("make", STAGES)
def test_a_reset_block_is_as_good_as_new(make: Callable[[], Stage]) -> None:
    used = make()
    used.feed(0, 777)
    for part in used.parts():
        part.reset()  # type: ignore[attr-defined]  # every block has one; the base class only knows about memory
    assert same_bits(used.feed(0, N), make().feed(0, N))


def saturated(edges: list[int]) -> list[NDArray[np.float64]]:
    """A square wave at the mains' frequency, far beyond the limit, at the highest rate for which sums are exact."""
    fs = 20_000.0
    hop, tones = hop_samples(fs, 0.25), mains_tones(fs, 30, 200)
    hops = HopSummer(fs, hop, tones[0] + tones[1], np.array([1.0]), np.array([[-32768.0], [32767.0]]))
    envelope = Envelope(fs, hop, *tones)
    square = np.where(np.arange(edges[-1]) // 200 % 2, -1e9, 1e9)[np.newaxis]
    raw = np.sign(square).astype(np.int16)
    cuts = [slice(start, stop) for start, stop in pairwise(edges)]
    frames = [envelope.push(hops.push(square[:, part].copy(), raw[:, part])) for part in cuts]
    return [np.concatenate([getattr(part, name) for part in frames]) for name in ("envelope_uv", "line_uv")]


def test_gives_the_same_bits_at_the_limit_of_all_sums() -> None:
    assert same_bits(saturated([0, 17, 4001, 4999, 5000, 11_111, 20_000]), saturated([0, 20_000]))


def test_limits_the_filtered_signal_to_8_millivolts() -> None:
    envelope, line = saturated([0, 20_000])
    assert np.hypot(envelope, line) == pytest.approx(8192)
