"""The header of an EDF, EDF+ or BDF file, field by field.

Source: Kemp et al. 1992 (EDF), Kemp and Olivan 2003 (EDF+), https://www.edfplus.info/specs/. BDF is EDF with three
bytes to the sample. Not left to edfio, which maps the whole file (and reads a whole BDF) into memory and needs all of a
night to write it: eight channels at 1 kHz are 464 MB.
"""

import math
import re
from datetime import datetime
from fractions import Fraction
from typing import BinaryIO

import msgspec

from collector.contract.errors import BadRecording

FILE_FIELDS = {
    "version": 8,
    "patient": 80,
    "recording": 80,
    "startdate": 8,
    "starttime": 8,
    "header_bytes": 8,
    "reserved": 44,
    "records": 8,
    "record_duration": 8,
    "signals": 4,
}
SIGNAL_FIELDS = {
    "label": 16,
    "transducer": 80,
    "dimension": 8,
    "physical_min": 8,
    "physical_max": 8,
    "digital_min": 8,
    "digital_max": 8,
    "prefiltering": 80,
    "samples_per_record": 8,
    "reserved": 32,
}
BLOCK_BYTES = 256
"""The file part of a header and each signal's part have this size."""
EDF_VERSION = b"0".ljust(8)
BDF_VERSION = b"\xffBIOSEMI"
ANNOTATION_LABELS = ("EDF Annotations", "BDF Annotations")
UNKNOWN_START = datetime(1985, 1, 1)  # noqa: DTZ001 - EDF times are local and name no zone; 1985 is where its years begin
LARGEST = 1e30
"""No converter has a physical range as wide; what is computed from a larger number would not be finite."""
DURATION_S = (1e-6, 1e6)
"""A data record lasts from less than a sample of anything to more than a night of nights."""
CENTURY_TURN = 85
"""Two-digit years from here on are of the 1900s (EDF+ rule)."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Fields:
    """A header as it stands in the file: fixed-width fields of bytes, kept to the last blank."""

    def __init__(self, file: dict[str, bytes], signals: list[dict[str, bytes]]) -> None:
        self.file = file
        self.signals = signals

    @classmethod
    def read(cls, stream: BinaryIO) -> "Fields":
        """Read a header from its start; raises BadRecording when it is cut short or is no EDF header."""
        block = stream.read(BLOCK_BYTES)
        if not block:
            raise BadRecording("the file is empty; copy it again from the recorder")
        if block[:8] not in (EDF_VERSION, BDF_VERSION):
            raise BadRecording("not an EDF, EDF+ or BDF file, nor a journal; export the recording as EDF+")
        if len(block) < BLOCK_BYTES:
            raise BadRecording("the file stops within the EDF header; copy it again from the recorder")
        file = _cut(block, FILE_FIELDS)
        count = _integer(file["signals"], "number of signals", at_least=0)
        block = stream.read(BLOCK_BYTES * count)
        if len(block) < BLOCK_BYTES * count:
            raise BadRecording("the file stops within the EDF header; copy it again from the recorder")
        return cls(file, _cut_signals(block, count))

    def encode(self) -> bytes:
        """The header's bytes; fields that were read and not changed come out as they were."""
        columns = [b"".join(signal[name] for signal in self.signals) for name in SIGNAL_FIELDS]
        return b"".join(self.file[name] for name in FILE_FIELDS) + b"".join(columns)

    def add_signal(self, signal: dict[str, bytes]) -> None:
        """Append a signal and keep the counts of the file part in step."""
        self.signals.append(signal)
        self.file["signals"] = field(str(len(self.signals)), FILE_FIELDS["signals"])
        size = BLOCK_BYTES * (1 + len(self.signals))
        self.file["header_bytes"] = field(str(size), FILE_FIELDS["header_bytes"])


class Signal(msgspec.Struct, frozen=True):
    """One signal of the file; physical = digital * scale + offset, in `dimension`."""

    label: str
    dimension: str
    physical_min: float
    physical_max: float
    digital_min: int
    digital_max: int
    samples_per_record: int

    @property
    def scale(self) -> float:
        """Physical units per digital step; 0 where the header gives no usable ranges."""
        span = self.digital_max - self.digital_min
        return (self.physical_max - self.physical_min) / span if span else 0.0

    @property
    def offset(self) -> float:
        """The physical value of digital 0."""
        return self.physical_min - self.digital_min * self.scale

    @property
    def is_annotations(self) -> bool:
        """Whether this signal holds annotations instead of samples."""
        return self.label in ANNOTATION_LABELS


class Header(msgspec.Struct, frozen=True):
    """A header in values.

    `start` is local time without a zone, whole seconds. `records` is what the header promises, -1 while a recorder has
    not closed the file. `record_duration` is exact.
    """

    start: datetime
    start_known: bool
    continuous: bool
    plus: bool
    records: int
    record_duration: Fraction
    signals: tuple[Signal, ...]
    sample_bytes: int
    header_bytes: int

    @property
    def record_bytes(self) -> int:
        """The size of one data record."""
        return self.sample_bytes * sum(signal.samples_per_record for signal in self.signals)

    def column(self, signal: int) -> slice:
        """Where a signal's bytes are within a data record."""
        start = self.sample_bytes * sum(s.samples_per_record for s in self.signals[:signal])
        return slice(start, start + self.sample_bytes * self.signals[signal].samples_per_record)

    def rate(self, signal: int) -> Fraction:
        """A signal's exact sampling rate in Hz."""
        return self.signals[signal].samples_per_record / self.record_duration


def parse(fields: Fields) -> Header:
    """The values of a header's fields; raises BadRecording naming the field that has none."""
    file = fields.file
    start, start_known = _start(file)
    reserved = text(file["reserved"])
    return Header(
        start=start,
        start_known=start_known,
        continuous=not reserved.startswith(("EDF+D", "BDF+D")),
        plus=reserved.startswith(("EDF+", "BDF+")),
        records=_integer(file["records"], "number of records", at_least=-1),
        record_duration=_duration(file["record_duration"]),
        signals=tuple(_signal(signal) for signal in fields.signals),
        sample_bytes=3 if file["version"] == BDF_VERSION else 2,
        header_bytes=BLOCK_BYTES * (1 + len(fields.signals)),
    )


def field(value: str, width: int) -> bytes:
    """A field's bytes: ASCII, padded with blanks; what does not fit is cut off, other characters become `_`."""
    return re.sub(r"[^ -~]", "_", value).encode("ascii")[:width].ljust(width)


def signal_fields(**values: str) -> dict[str, bytes]:
    """A signal's part of the header; fields not given are blank."""
    return {name: field(values.get(name, ""), width) for name, width in SIGNAL_FIELDS.items()}


def file_fields(**values: str) -> dict[str, bytes]:
    """The file part of an EDF header; fields not given are blank."""
    return {name: field(values.get(name, ""), width) for name, width in FILE_FIELDS.items()}


def annotation_fields(width: int, sample_bytes: int) -> dict[str, bytes]:
    """The header of an annotation signal of `width` bytes to the record; its ranges are those that EDF+ prescribes."""
    limit = 2 ** (8 * sample_bytes - 1)
    return signal_fields(
        label="BDF Annotations" if sample_bytes == 3 else "EDF Annotations",
        physical_min="-1",
        physical_max="1",
        digital_min=str(-limit),
        digital_max=str(limit - 1),
        samples_per_record=str(width // sample_bytes),
    )


def startdate_text(day: datetime) -> str:
    """A date as EDF+ wants it in the recording field: `Startdate 02-MAY-2026`."""
    return f"Startdate {day.day:02d}-{_MONTHS[day.month - 1]}-{day.year}"


def text(raw: bytes) -> str:
    """A field's text. EDF asks for ASCII; a micro sign arrives in Latin-1 or UTF-8."""
    try:
        return raw.decode("utf-8").strip(" \0")
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip(" \0")


def _cut(block: bytes, widths: dict[str, int]) -> dict[str, bytes]:
    fields, start = {}, 0
    for name, width in widths.items():
        fields[name] = block[start : start + width]
        start += width
    return fields


def _cut_signals(block: bytes, count: int) -> list[dict[str, bytes]]:
    columns = _cut(block, {name: width * count for name, width in SIGNAL_FIELDS.items()})
    return [
        {name: columns[name][k * width : (k + 1) * width] for name, width in SIGNAL_FIELDS.items()}
        for k in range(count)
    ]


def _signal(fields: dict[str, bytes]) -> Signal:
    label = text(fields["label"])
    if label in ANNOTATION_LABELS:
        # Recorders leave the ranges of an annotation signal blank or wrong; nothing depends on them.
        ranges = (-1.0, 1.0, -32768, 32767)
    else:
        ranges = (
            _number(fields["physical_min"], f"physical minimum of {label!r}"),
            _number(fields["physical_max"], f"physical maximum of {label!r}"),
            _integer(fields["digital_min"], f"digital minimum of {label!r}"),
            _integer(fields["digital_max"], f"digital maximum of {label!r}"),
        )
    samples = _integer(fields["samples_per_record"], f"samples per record of {label!r}", at_least=0)
    return Signal(label, text(fields["dimension"]), *ranges, samples)


def _start(file: dict[str, bytes]) -> tuple[datetime, bool]:
    """The start and whether the header gives a usable one. EDF+ repeats the date with all four digits of the year."""
    date = re.fullmatch(r"(\d\d)[.:/-](\d\d)[.:/-](\d\d)", text(file["startdate"]))
    time = re.fullmatch(r"(\d\d)[.:/-](\d\d)[.:/-](\d\d)", text(file["starttime"]))
    if date is None or time is None:
        return UNKNOWN_START, False
    day, month, year = (int(part) for part in date.groups())
    year += 1900 if year >= CENTURY_TURN else 2000
    full = re.match(r"Startdate (\d\d)-([A-Z]{3})-(\d{4})", text(file["recording"]))
    if full and full[2] in _MONTHS:
        day, month, year = int(full[1]), _MONTHS.index(full[2]) + 1, int(full[3])
    try:
        hour, minute, second = (int(part) for part in time.groups())
        return datetime(year, month, day, hour, minute, second), True  # noqa: DTZ001 - see UNKNOWN_START
    except ValueError:
        return UNKNOWN_START, False


def _duration(raw: bytes) -> Fraction:
    seconds, (shortest, longest) = _number(raw, "record duration"), DURATION_S
    # A float first: `1e-99999` fits into the field, and as a fraction has a hundred thousand digits.
    if seconds and not shortest <= seconds <= longest:
        raise BadRecording(f"the EDF header's record duration cannot be {text(raw)}")
    return Fraction(text(raw)) if seconds else Fraction(0)


def _number(raw: bytes, what: str) -> float:
    try:
        value = float(text(raw))
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        raise BadRecording(f"the EDF header's {what} is no number: {text(raw)!r}")
    return value


def _integer(raw: bytes, what: str, at_least: int | None = None) -> int:
    value = _number(raw, what)
    # More digits than the field has come from an exponent, and would have us reserve memory without end.
    if value != int(value) or abs(value) >= 10 ** len(raw) or (at_least is not None and value < at_least):
        raise BadRecording(f"the EDF header's {what} cannot be {text(raw)}")
    return int(value)
