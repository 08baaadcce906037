"""Recordings to EDF+C (BDF+C where the samples have more than 16 bits).

Gaps are filled with the last value and marked by the annotation `gap@@<label>`: viewers glue the records of an EDF+D
together in silence.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from collector.contract import edf_annotations, edf_header
from collector.contract.edf_annotations import Annotation
from collector.contract.edf_header import Fields
from collector.contract.edf_layout import Lane, Layout, decimal_text
from collector.contract.edf_recording import GAP_TEXT
from collector.contract.messages import NS, Channel, SampleBlock, StreamKind
from collector.contract.recording import SCORING_BLOCK_S, Recording

_PREFIX: dict[StreamKind, str] = {"emg": "EMG", "acc": "ACC", "temp": "TEMP"}


def write_edf(recording: Recording, path: Path, annotations: Sequence[Annotation] = ()) -> None:
    """Write a recording; times of annotations count from its first sample.

    It is gone through three times (rates, places, samples) and never held whole. Raises BadRecording when its rates
    or ranges cannot be put into an EDF header.
    """
    layout, labels = Layout(recording), edf_labels(recording)
    lead_ns = recording.start_ns % NS  # the header's start knows whole seconds only
    marks = [*annotations, *_gap_marks(layout, labels)]
    moved = [mark._replace(onset_ns=mark.onset_ns + lead_ns) for mark in marks]
    onsets = [round(k * layout.record_duration * NS) + lead_ns for k in range(layout.records)]
    lists = [
        edf_annotations.encode_onset(onset) + tals
        for onset, tals in zip(onsets, edf_annotations.spread(moved, layout.records), strict=True)
    ]
    width = edf_annotations.padded_width(lists, layout.sample_bytes)
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("wb") as out:
        out.write(_header(recording, layout, labels, width).encode())
        for k, samples in enumerate(_records(recording, layout)):
            out.write(samples + lists[k].ljust(width, b"\0"))
    unfinished.replace(path)


def edf_labels(recording: Recording) -> dict[StreamKind, list[str]]:
    """The labels under which the channels are written: up to 16 ASCII characters that tell the stream, each once."""
    taken: set[str] = set()
    return {
        kind: [_label(_PREFIX[kind], channel.name, taken) for channel in info.channels]
        for kind, info in recording.streams.items()
    }


def _label(prefix: str, name: str, taken: set[str]) -> str:
    plain = edf_header.text(edf_header.field(name, len(name)))
    label = (plain if plain.upper().startswith(prefix) else f"{prefix} {plain}")[:16].rstrip()
    number = 2
    while label in taken:
        label = f"{label[:13].rstrip()} {number}"
        number += 1
    taken.add(label)
    return label


class _LaneFiller:
    """Brings one stream's blocks into its slots, in order, gaps filled with the last value."""

    def __init__(self, lane: Lane, channels: Sequence[Channel], sample_bytes: int) -> None:
        self._per_record, self._sample_bytes = lane.per_record, sample_bytes
        self._expected = deque(lane.placements)
        self._filled = np.empty((0, len(channels)), np.int32)
        self._filled_to = 0
        # Before the first sample: the value nearest to nothing.
        self._last = np.array([[np.clip(0, c.digital_min, c.digital_max) for c in channels]], np.int32)

    @property
    def settled(self) -> float:
        """How many records are certain: no sample that is still to come belongs into them."""
        return self._expected[0].slot // self._per_record if self._expected else np.inf

    def put(self, block: SampleBlock) -> None:
        placement = self._expected.popleft()
        self._fill(placement.slot)
        self._append(block.digital()[placement.skip :].astype(np.int32))

    def take_record(self) -> bytes:
        """The next record's part: one channel's samples after the other's."""
        self._fill(self._filled_to + self._per_record - len(self._filled))
        record, self._filled = self._filled[: self._per_record], self._filled[self._per_record :]
        little_endian = np.ascontiguousarray(record.T).astype("<i4").view(np.uint8).reshape(-1, 4)
        return little_endian[:, : self._sample_bytes].tobytes()

    def _fill(self, slot: int) -> None:
        if slot > self._filled_to:
            self._append(np.repeat(self._last, slot - self._filled_to, axis=0))

    def _append(self, samples: NDArray[np.int32]) -> None:
        if len(samples):
            self._filled = np.concatenate([self._filled, samples])
            self._filled_to += len(samples)
            self._last = samples[-1:]


def _records(recording: Recording, layout: Layout) -> Iterator[bytes]:
    """The samples of each record, one stream after the other."""
    fillers = {
        kind: _LaneFiller(layout.lanes[kind], info.channels, layout.sample_bytes)
        for kind, info in recording.streams.items()
    }
    written = 0
    for block in recording.blocks(SCORING_BLOCK_S):
        fillers[block.stream].put(block)
        settled = min(layout.records, *(filler.settled for filler in fillers.values()))
        while written < settled:
            yield b"".join(filler.take_record() for filler in fillers.values())
            written += 1
    for _ in range(written, layout.records):
        yield b"".join(filler.take_record() for filler in fillers.values())


def _gap_marks(layout: Layout, labels: dict[StreamKind, list[str]]) -> Iterator[Annotation]:
    for kind, lane in layout.lanes.items():
        for start, end in lane.gaps(layout.records * lane.per_record):
            onset_ns = lane.time_ns(start)
            yield Annotation(onset_ns, lane.time_ns(end) - onset_ns, f"{GAP_TEXT}@@{labels[kind][0]}")


def _header(recording: Recording, layout: Layout, labels: dict[StreamKind, list[str]], width: int) -> Fields:
    zone = ZoneInfo(recording.timezone) if recording.timezone else UTC
    start = datetime.fromtimestamp(recording.start_ns // NS, zone)
    kind_of_file = "BDF" if layout.sample_bytes == 3 else "EDF"
    file = edf_header.file_fields(
        version="0",
        patient=f"{recording.place.wearer} X X X",
        recording=f"{edf_header.startdate_text(start)} {recording.session} X crampwatch",
        startdate=f"{start:%d.%m.%y}",
        starttime=f"{start:%H.%M.%S}",
        reserved=f"{kind_of_file}+C",
        records=str(layout.records),
        record_duration=decimal_text(float(layout.record_duration)),
    )
    if kind_of_file == "BDF":
        file["version"] = edf_header.BDF_VERSION
    fields = Fields(file, [])
    for kind, info in recording.streams.items():
        for label, channel in zip(labels[kind], info.channels, strict=True):
            fields.add_signal(_signal(label, channel, layout.lanes[kind].per_record))
    fields.add_signal(edf_header.annotation_fields(width, layout.sample_bytes))
    return fields


def _signal(label: str, channel: Channel, per_record: int) -> dict[str, bytes]:
    return edf_header.signal_fields(
        label=label,
        dimension=channel.unit,
        physical_min=decimal_text(channel.digital_min * channel.scale + channel.offset),
        physical_max=decimal_text(channel.digital_max * channel.scale + channel.offset),
        digital_min=str(channel.digital_min),
        digital_max=str(channel.digital_max),
        samples_per_record=str(per_record),
    )
