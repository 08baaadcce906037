"""An EDF, EDF+ or BDF file as it is: its header, the records there really are and their onsets, its annotations."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.contract import edf_annotations, edf_header
from collector.contract.edf_annotations import Annotation
from collector.contract.errors import BadRecording
from collector.contract.messages import NS

CHUNK_BYTES = 4 * 1024 * 1024
"""How much is read at a time when the whole file is gone through."""

Records = NDArray[np.uint8]
"""Data records as bytes, shape (records, record_bytes)."""


class EdfFile:
    """A file that was looked through once; it is opened again for as long as its samples are read.

    `records` counts the whole records there are, whatever the header says, and `notes` tells where the two disagree.
    `onsets_ns` holds the onset of each record where the file stamps them all, else it is empty. Records are read, not
    mapped: the pages of a mapping would count as memory until the end.
    Raises BadRecording, in one line, for what is no such file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self.cut_short: str | None = None
        try:
            with path.open("rb") as file:
                self.fields = edf_header.Fields.read(file)
                self.header = edf_header.parse(self.fields)
            self.records = self._whole_records(path.stat().st_size)
            self.onsets_ns, self.annotations = self._look_through()
        except FileNotFoundError:
            raise BadRecording("there is no such file") from None
        except OSError as error:
            raise BadRecording(f"cannot be read: {error.strerror}") from None

    def read(self, first: int, stop: int, step: int) -> Iterator[tuple[int, Records]]:
        """The records `first` to `stop`, `step` at a time, each time with the number of the first."""
        size = self.header.record_bytes
        with self.path.open("rb", buffering=0) as file:
            for start in range(first, stop, step):
                file.seek(self.header.header_bytes + start * size)
                yield start, np.frombuffer(file.read(min(step, stop - start) * size), np.uint8).reshape(-1, size)

    def read_all(self) -> Iterator[tuple[int, Records]]:
        """All records, a few megabytes at a time."""
        return self.read(0, self.records, max(1, CHUNK_BYTES // self.header.record_bytes))

    def digital(self, records: Records, signal: int) -> NDArray[np.signedinteger]:
        """The integers of one signal in these records, in a row; 16 bits of EDF as they are, 24 bits of BDF in 32."""
        raw = np.ascontiguousarray(records[:, self.header.column(signal)]).reshape(-1)
        if self.header.sample_bytes == 2:
            return raw.view("<i2")
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        # The three bytes stand at the top, so that shifting down carries the sign.
        shifted: NDArray[np.int32] = wide.view("<i4").reshape(-1) >> 8
        return shifted

    def duration_ns(self, records: int) -> int:
        """How long so many records last."""
        return round(records * self.header.record_duration * NS)

    def _whole_records(self, file_bytes: int) -> int:
        size, promised = self.header.record_bytes, self.header.records
        if not size or not self.header.record_duration:
            raise BadRecording("the file holds no signal, only annotations")
        whole, torn = divmod(max(file_bytes - self.header.header_bytes, 0), size)
        if promised == -1:
            self.notes.append("the recorder did not close the file; everything up to its last whole record is used")
            return whole
        if whole < promised:
            self.cut_short = f"the file is cut short: {whole} of {promised} records are there; copy it again"
        elif whole > promised or torn:
            self.notes.append(f"what follows the {promised} records that the header promises is ignored")
        return min(whole, promised)

    def _look_through(self) -> tuple[list[int], list[Annotation]]:
        """The onset of every record and all annotations."""
        columns = [self.header.column(k) for k, signal in enumerate(self.header.signals) if signal.is_annotations]
        if not columns or not self.header.plus:
            return self._stamped([None] * self.records), []
        onsets: list[int | None] = []
        annotations: list[Annotation] = []
        for _, records in self.read_all():
            # The first annotation signal keeps the time; any signal may hold annotations.
            for k, column in enumerate(columns):
                for raw in np.ascontiguousarray(records[:, column]):
                    onset, found = edf_annotations.decode_record(raw.tobytes())
                    annotations += found
                    if k == 0:
                        onsets.append(onset)
        return self._stamped(onsets), annotations

    def _stamped(self, onsets: list[int | None]) -> list[int]:
        known = [onset for onset in onsets if onset is not None]
        if len(known) == len(onsets):
            return known
        if self.header.continuous:
            return []
        raise BadRecording("an EDF+D file has to stamp every record, this one does not; convert it to EDF+C")
