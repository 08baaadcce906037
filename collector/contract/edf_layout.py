"""Where a recording's samples go in an EDF file, which knows one rate per signal and no gaps.

The collector fits each stream's rate to the host's clock: 250 Hz may be 250.012. A file written at the nominal rate
would be seconds off by the morning, so the duration of a record is stretched until its samples take as long as they
did. What the one factor leaves over (a second sensor's crystal, a changing temperature) is borne up to a tolerance;
then samples are left out, or a gap is made.
"""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from collector.contract.errors import BadRecording
from collector.contract.messages import NS, SampleBlock, StreamKind
from collector.contract.recording import SCORING_BLOCK_S, Recording

TOLERANCE_S = 0.2
"""Events are to be right to half a second; a tighter bound would tear the signal more often."""
RECORD_S = 1
"""The record duration that EDF+ recommends: records get the longest duration up to it that the rates allow."""
LONGEST_RECORD_S = 60
LARGEST_DENOMINATOR = 10_000
"""Rates are taken for fractions up to here: 34000/27 Hz exist, and a reading each few minutes."""


class Placement(NamedTuple):
    """Where a block goes: without its first `skip` instants, `length` instants from slot `slot` of its stream on."""

    skip: int
    slot: int
    length: int


class Lane:
    """One stream's slots, `per_record` to each record, and the placements of its blocks in order."""

    def __init__(self, per_record: int, record_duration: Fraction) -> None:
        self.per_record = per_record
        self.slots_per_ns = per_record / record_duration / NS
        self.placements: list[Placement] = []
        self._next_index: int | None = None

    @property
    def end(self) -> int:
        """The slot behind the last sample."""
        return self.placements[-1].slot + self.placements[-1].length if self.placements else 0

    def place(self, block: SampleBlock, since_start_ns: int) -> None:
        """Find the slots of the next block of this stream."""
        drift = round(since_start_ns * self.slots_per_ns) - self.end
        follows = block.first_index == self._next_index
        self._next_index = block.end_index
        if follows and abs(drift) <= TOLERANCE_S * NS * self.slots_per_ns:
            drift = 0
        skip = min(max(-drift, 0), block.count)
        self.placements.append(Placement(skip, self.end + max(drift, 0), block.count - skip))

    def gaps(self, slots: int) -> list[tuple[int, int]]:
        """The slots up to `slots` that no sample fills, as (start, end)."""
        starts = [0, *(placement.slot + placement.length for placement in self.placements)]
        ends = [*(placement.slot for placement in self.placements), slots]
        return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]

    def time_ns(self, slot: int) -> int:
        """When a slot begins, since the start."""
        return round(slot / self.slots_per_ns)


class Layout:
    """The lanes of a recording's streams, side by side in `records` records of `record_duration` seconds."""

    def __init__(self, recording: Recording) -> None:
        rates = {kind: _fraction(info.fs) for kind, info in recording.streams.items()}
        nominal = _common_duration(rates.values())
        self.record_duration = _eight_digits(nominal * _stretch(recording))
        self.lanes: dict[StreamKind, Lane] = {
            kind: Lane(int(nominal * fs), self.record_duration) for kind, fs in rates.items()
        }
        self.sample_bytes = 2
        for block in recording.blocks(SCORING_BLOCK_S):
            self.lanes[block.stream].place(block, block.t0_ns - recording.start_ns)
            if block.dtype == "<i4":
                self.sample_bytes = 3
        self.records = max(-(-lane.end // lane.per_record) for lane in self.lanes.values())


def _fraction(fs: float) -> Fraction:
    return Fraction(fs).limit_denominator(LARGEST_DENOMINATOR)


def _common_duration(rates: Iterable[Fraction]) -> Fraction:
    """The longest duration up to RECORD_S, or else the shortest of all, that holds whole samples of every rate."""
    rates = list(rates)
    shortest = Fraction(math.lcm(*(fs.denominator for fs in rates)), math.gcd(*(fs.numerator for fs in rates)))
    if shortest > LONGEST_RECORD_S:
        listed = ", ".join(f"{float(fs):g}" for fs in rates)
        raise BadRecording(f"no EDF record up to {LONGEST_RECORD_S} s holds whole samples at {listed} Hz")
    return shortest * max(1, int(RECORD_S / shortest))


def _stretch(recording: Recording) -> Fraction:
    """How much longer the EMG's samples took than the nominal rate says."""
    nominal_s = fitted_s = 0.0
    for block in recording.blocks(SCORING_BLOCK_S):
        if block.stream == "emg":
            nominal_s += block.count / block.fs
            fitted_s += block.count / block.clock.fs
    return Fraction(fitted_s / nominal_s) if nominal_s else Fraction(1)


def _eight_digits(duration: Fraction) -> Fraction:
    """A duration rounded to what the header's field of eight characters can hold: 0.03 s in a night."""
    return Fraction(decimal_text(float(duration)))


def decimal_text(value: float) -> str:
    """A number in at most eight characters, with as many digits as fit; raises BadRecording when none do."""
    for digits in range(6, -1, -1):
        text = f"{value:.{digits}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if len(text) <= 8:
            return text
    raise BadRecording(f"{value:g} does not fit into a field of an EDF header")
