"""An EDF, EDF+C, EDF+D or BDF file as a recording."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.contract.channel_roles import Choice
from collector.contract.edf_annotations import Annotation
from collector.contract.edf_file import EdfFile
from collector.contract.edf_streams import REDUCED_FS, UNCALIBRATED_UNIT, EdfStream, find_streams
from collector.contract.errors import BadRecording
from collector.contract.messages import NS, Clock, SampleBlock, StreamKind
from collector.contract.recording import Gap, StreamInfo
from collector.contract.topics import Place

UNNAMED = Place("unnamed", "leg")
"""An EDF file gives neither pseudonym nor site in a way that could be relied on."""
SHORTEST_S = 1.0
"""A few envelope windows of 250 ms; a shorter file holds nothing to be watched."""
LONGEST_S = 26 * 3600
"""A night, noon to noon, has 25 h when the clocks go back; longer files are several nights."""
GAP_TEXT = "gap"
"""The annotation that marks filled samples; `gap@@<label>` marks those of the label's stream alone."""


class _Stretch(NamedTuple):
    """Records that follow each other without a gap; `onset_ns` counts from the start of the recording."""

    first: int
    stop: int
    onset_ns: int


class _Window(NamedTuple):
    """A stream's samples of some records, shape (instants, channels), before gaps are left out."""

    stream: EdfStream
    clock: Clock
    first_index: int
    samples: NDArray[np.signedinteger]


class EdfRecording:
    """A recording from an EDF file. Raises BadRecording, in one line, when there is nothing in it to watch."""

    def __init__(self, path: Path, choice: Choice | None = None, place: Place = UNNAMED) -> None:
        self._file = file = EdfFile(path)
        self.path, self.name, self.place = path, path.name, place
        self.timezone: str | None = None
        self._stretches = _stretches(file)
        _check_length(self.end_ns - self.start_ns)
        self._streams, self.left_out = find_streams(file.header, choice or Choice())
        self.streams: Mapping[StreamKind, StreamInfo] = {
            stream.kind: StreamInfo(float(stream.fs), stream.channels) for stream in self._streams
        }
        self._filled = {stream.kind: self._filled_gaps(stream) for stream in self._streams}
        self.notes = (*file.notes, *_notes(file, self._streams[-1]))
        self.cut_short = file.cut_short
        self.session = _session(file)

    @property
    def start_ns(self) -> int:
        """When the first sample was taken: local time counted as if it were UTC."""
        return self.header_start_ns + self._first_onset_ns

    @property
    def header_start_ns(self) -> int:
        """The start in the header, in whole seconds, from which annotations count."""
        return round(self._file.header.start.replace(tzinfo=UTC).timestamp()) * NS

    @property
    def end_ns(self) -> int:
        """When the sample after the last one would have been taken."""
        last = self._stretches[-1]
        return self.start_ns + last.onset_ns + self._file.duration_ns(last.stop - last.first)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing within each stream: between records of an EDF+D, or filled and marked `gap`."""
        return tuple(gap for stream in self._streams for gap in self._gaps_of(stream))

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """All annotations of the file; their times count from `header_start_ns`."""
        return tuple(self._file.annotations)

    def blocks(self, block_s: float) -> Iterator[SampleBlock]:
        """All samples in blocks of at most about `block_s`, accelerometer first."""
        numbers = dict.fromkeys(self.streams, 0)
        for windows in self._windows(block_s):
            for window, start, stop in windows:
                for part_start, part_stop in _outside(self._filled[window.stream.kind], start, stop):
                    yield self._block(window, part_start, part_stop, numbers[window.stream.kind])
                    numbers[window.stream.kind] += 1

    def _windows(self, block_s: float) -> Iterator[list[tuple[_Window, int, int]]]:
        """The streams side by side, each as a window and the indices to use of it.

        Short records are read several at a time, long ones are cut.
        """
        duration = self._file.header.record_duration
        step = max(1, math.floor(Fraction(block_s) / duration))
        parts = math.ceil(step * duration / Fraction(block_s))
        for stretch in self._stretches:
            for first, records in self._file.read(stretch.first, stretch.stop, step):
                windows = [self._window(stream, stretch, first, records) for stream in self._streams]
                for part in range(parts):
                    yield [(window, *_part(window, part, parts)) for window in windows]

    def _window(self, stream: EdfStream, stretch: _Stretch, first: int, records: NDArray[np.uint8]) -> _Window:
        base = stream.index_at(stretch.onset_ns)
        samples = np.stack([self._file.digital(records, signal) for signal in stream.signals], axis=1)
        clock = Clock(base, self.start_ns + stretch.onset_ns, float(stream.fs))
        return _Window(stream, clock, base + (first - stretch.first) * stream.per_record, samples)

    def _block(self, window: _Window, start: int, stop: int, seq: int) -> SampleBlock:
        samples = window.samples[start - window.first_index : stop - window.first_index]
        return SampleBlock(
            session=self.session,
            streams=tuple(self.streams),
            stream=window.stream.kind,
            seq=seq,
            first_index=start,
            fs=float(window.stream.fs),
            clock=window.clock,
            channels=window.stream.channels,
            dtype="<i2" if samples.dtype.itemsize == 2 else "<i4",
            samples=samples.tobytes(),
        )

    def _filled_gaps(self, stream: EdfStream) -> list[Gap]:
        """The stretches of a stream that `gap` annotations mark, without overlaps."""
        last = stream.index_at(self.end_ns - self.start_ns)
        labels = {self._file.header.signals[k].label for k in stream.signals}
        merged: list[Gap] = []
        for annotation in sorted(self._file.annotations, key=lambda annotation: annotation.onset_ns):
            text, _, label = annotation.text.partition("@@")
            if text.strip().lower() != GAP_TEXT or (label and label not in labels):
                continue
            start = stream.index_at(annotation.onset_ns - self._first_onset_ns)
            end = min(stream.index_at(annotation.end_ns - self._first_onset_ns), last)
            if merged and start <= merged[-1].end_index:
                start, end = merged[-1].start_index, max(end, merged.pop().end_index)
            merged.append(Gap(stream.kind, start, end))
        return merged

    def _gaps_of(self, stream: EdfStream) -> list[Gap]:
        ends = [stream.index_at(s.onset_ns) + (s.stop - s.first) * stream.per_record for s in self._stretches[:-1]]
        starts = [stream.index_at(stretch.onset_ns) for stretch in self._stretches[1:]]
        between = [Gap(stream.kind, end, start) for end, start in zip(ends, starts, strict=True)]
        return sorted(between + self._filled[stream.kind], key=lambda gap: gap.start_index)

    @property
    def _first_onset_ns(self) -> int:
        return self._file.onsets_ns[0] if self._file.onsets_ns else 0


def _stretches(file: EdfFile) -> list[_Stretch]:
    """Where an EDF+D file goes on without a gap; any other file is one stretch."""
    if not file.records:
        raise BadRecording("the file holds a header and no samples; copy it again from the recorder")
    if file.header.continuous:
        return [_Stretch(0, file.records, 0)]
    onsets = [onset - file.onsets_ns[0] for onset in file.onsets_ns]
    # Half the interval of the fastest signal: less moves no sample.
    tolerance_ns = file.duration_ns(1) / max(signal.samples_per_record for signal in file.header.signals) / 2
    stretches = [_Stretch(0, 1, 0)]
    for k in range(1, file.records):
        current = stretches[-1]
        jump_ns = onsets[k] - current.onset_ns - file.duration_ns(k - current.first)
        if jump_ns < -tolerance_ns:
            raise BadRecording(f"record {k + 1} begins before the one before it ends; repair the file's time stamps")
        if jump_ns > tolerance_ns:
            stretches.append(_Stretch(k, k + 1, onsets[k]))
        else:
            stretches[-1] = current._replace(stop=k + 1)
    return stretches


def _check_length(length_ns: int) -> None:
    if length_ns < SHORTEST_S * NS:
        raise BadRecording(f"only {length_ns / NS:.3g} s long; at least {SHORTEST_S:g} s are needed")
    if length_ns > LONGEST_S * NS:
        hours = length_ns / NS / 3600
        raise BadRecording(f"{hours:.1f} h long; a night has at most {LONGEST_S // 3600} h: split the file at noon")


def _notes(file: EdfFile, emg: EdfStream) -> Iterator[str]:
    if not file.header.start_known:
        yield "the file gives no usable start: times of day count from midnight"
    if emg.fs < REDUCED_FS:
        yield f"EMG at {float(emg.fs):g} Hz: sensitivity is reduced, {REDUCED_FS:g} Hz or more are advised"
    uncalibrated = [channel.name for channel in emg.channels if channel.unit == UNCALIBRATED_UNIT]
    if uncalibrated:
        yield f"EMG without a unit ({', '.join(uncalibrated)}): levels are in the recorder's own steps, not in uV"


def _session(file: EdfFile) -> str:
    """The date, and a fingerprint of the header and the first record: a renamed file keeps its events' ids."""
    _, head = next(file.read(0, 1, 1))
    # Repairing an interrupted file sets the count of records.
    header = {**file.fields.file, "records": b""}
    fingerprint = hashlib.sha256(b"".join(header.values()) + file.fields.encode()[256:] + head.tobytes())
    return f"{file.header.start:%Y-%m-%d}_{fingerprint.hexdigest()[:8]}"


def _part(window: _Window, part: int, parts: int) -> tuple[int, int]:
    """The indices of one of `parts` equal shares of a window."""
    count = len(window.samples)
    return window.first_index + count * part // parts, window.first_index + count * (part + 1) // parts


def _outside(gaps: Sequence[Gap], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """What is left of the indices `start` to `stop` when ordered gaps are taken out."""
    for gap in gaps:
        if start < min(gap.start_index, stop):
            yield start, min(gap.start_index, stop)
        start = max(start, gap.end_index)
    if start < stop:
        yield start, stop
