"""Annotations of EDF+: time-stamped annotation lists (TALs) to values and back.

A TAL is `+onset[<21>duration]<20>text<20>...<0>`; the first one of a record has no text and gives the record's onset.
Times are integers in nanoseconds since the start given in the header, so that 15 records of 0.027 s begin at exactly
0.405 s: readers reject a record stamped +0.40499999999999997.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from collector.contract.messages import NS

_DURATION, _TEXT, _END = b"\x15", b"\x14", b"\x00"


class Annotation(NamedTuple):
    """A remark about a stretch of the recording; nanoseconds since the start given in the header."""

    onset_ns: int
    duration_ns: int | None
    text: str

    @property
    def end_ns(self) -> int:
        """Where it ends; its onset when it has no duration."""
        return self.onset_ns + (self.duration_ns or 0)


def decode_record(raw: bytes) -> tuple[int | None, list[Annotation]]:
    """One record's TALs as (onset of the record or None, annotations). What is not a TAL is passed over."""
    onset_ns: int | None = None
    annotations = []
    for tal in raw.split(_END):
        stamp, *texts = tal.split(_TEXT)
        times = [_nanoseconds(part) for part in stamp.split(_DURATION, 1)]
        if times[0] is None or not texts:
            continue
        if onset_ns is None and texts[0] == b"":
            onset_ns = times[0]
        duration_ns = times[1] if len(times) > 1 else None
        annotations += [Annotation(times[0], duration_ns, _text(part)) for part in texts if part]
    return onset_ns, annotations


def encode_onset(onset_ns: int) -> bytes:
    """The TAL that stamps a record with its onset."""
    return _signed(onset_ns) + _TEXT + _TEXT + _END


def encode(annotation: Annotation) -> bytes:
    """An annotation's TAL."""
    stamp = _signed(annotation.onset_ns)
    if annotation.duration_ns is not None:
        stamp += _DURATION + _decimal(annotation.duration_ns)
    # Bytes below 32 (but tab and line ends) would end the text early.
    text = "".join(character for character in annotation.text if character >= " ")
    return stamp + _TEXT + text.encode() + _TEXT + _END


def spread(annotations: Sequence[Annotation], records: int) -> list[bytes]:
    """The TALs in order of onset, in equal numbers from the first record on; one entry per record, not padded."""
    ordered = sorted(annotations, key=lambda annotation: annotation.onset_ns)
    share = -(-len(ordered) // records) if records else 0
    return [_joined(ordered[k * share : (k + 1) * share]) for k in range(records)]


def padded_width(lists: Sequence[bytes], sample_bytes: int) -> int:
    """The bytes that an annotation signal needs per record to hold any of the lists: whole samples, one at least."""
    longest = max(map(len, lists), default=0)
    return max(1, -(-longest // sample_bytes)) * sample_bytes


def _joined(annotations: Iterable[Annotation]) -> bytes:
    return b"".join(encode(annotation) for annotation in annotations)


def _signed(time_ns: int) -> bytes:
    return (b"-" if time_ns < 0 else b"+") + _decimal(abs(time_ns))


def _decimal(time_ns: int) -> bytes:
    seconds, rest = divmod(time_ns, NS)
    return f"{seconds}.{rest:09d}".rstrip("0").rstrip(".").encode()


def _nanoseconds(raw: bytes) -> int | None:
    """A decimal number of seconds in nanoseconds, or None when it is none (or longer than any recording)."""
    try:
        seconds = Decimal(raw.decode("ascii"))
        return round(seconds * NS) if abs(seconds) < 1e9 else None
    except (InvalidOperation, UnicodeDecodeError, ValueError):
        return None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace").strip()
