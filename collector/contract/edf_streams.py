"""The streams that an EDF file's signals make up."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from collector.contract import channel_roles
from collector.contract.channel_roles import Affine, Candidate, Choice, LeftOut
from collector.contract.edf_header import Header, Signal
from collector.contract.errors import BadRecording
from collector.contract.messages import NS, Channel, StreamKind

REDUCED_FS = 200.0
"""From this rate on a cramp stands out about as it would at any; by half less at 100 Hz (simulated, white noise)."""

_UNITS: dict[StreamKind, tuple[str, dict[str, Affine]]] = {
    "acc": ("mg", channel_roles.ACC_UNITS),
    "temp": ("degC", channel_roles.TEMP_UNITS),
    "emg": ("uV", channel_roles.EMG_UNITS),
}
UNCALIBRATED_UNIT = "adc"


class EdfStream(NamedTuple):
    """The signals that make up one stream, all with `per_record` samples to a record; `fs` is exact."""

    kind: StreamKind
    signals: tuple[int, ...]
    per_record: int
    fs: Fraction
    channels: tuple[Channel, ...]

    def index_at(self, time_ns: int) -> int:
        """The sample nearest to a time since the start."""
        return round(time_ns * self.fs / NS)


def find_streams(header: Header, choice: Choice) -> tuple[list[EdfStream], tuple[LeftOut, ...]]:
    """The streams, the accelerometer first, and the signals that are none; raises BadRecording without an EMG."""
    signals = [k for k, signal in enumerate(header.signals) if not signal.is_annotations]
    usable = [k for k in signals if header.signals[k].samples_per_record and header.signals[k].scale]
    broken = [LeftOut(header.signals[k].label, "the header gives it no range") for k in signals if k not in usable]
    candidates = [
        Candidate(header.signals[k].label, header.signals[k].dimension, float(header.rate(k))) for k in usable
    ]
    roles = channel_roles.assign(candidates, choice)
    chosen: dict[StreamKind, tuple[int, ...]] = {"acc": roles.acc, "temp": roles.temp, "emg": roles.emg}
    streams = [_stream(header, kind, [usable[k] for k in positions]) for kind, positions in chosen.items() if positions]
    _check_rate(streams[-1])
    return streams, (*roles.left_out, *broken)


def _check_rate(emg: EdfStream) -> None:
    if emg.fs < channel_roles.MIN_EMG_FS:
        raise BadRecording(
            f"its EMG has {float(emg.fs):g} samples per second; at least {channel_roles.MIN_EMG_FS:g} are needed "
            f"and {REDUCED_FS:g} advised: export the EMG itself, not its envelope"
        )


def _stream(header: Header, kind: StreamKind, signals: Sequence[int]) -> EdfStream:
    names = _unique([header.signals[k].label for k in signals])
    channels = tuple(_channel(header.signals[k], kind, name) for k, name in zip(signals, names, strict=True))
    per_record = header.signals[signals[0]].samples_per_record
    return EdfStream(kind, tuple(signals), per_record, header.rate(signals[0]), channels)


def _channel(signal: Signal, kind: StreamKind, name: str) -> Channel:
    unit, known = _UNITS[kind]
    dimension = channel_roles.normal_unit(signal.dimension)
    factor, summand = known.get(dimension, (1.0, 0.0))
    low, high = sorted((signal.digital_min, signal.digital_max))
    return Channel(
        name=name,
        unit=unit if dimension in known else UNCALIBRATED_UNIT,
        scale=signal.scale * factor,
        offset=signal.offset * factor + summand,
        digital_min=low,
        digital_max=high,
    )


def _unique(labels: Sequence[str]) -> list[str]:
    """The labels, numbered where one occurs again: events name their channel."""
    return [
        label if label not in labels[:k] else f"{label} #{labels[: k + 1].count(label)}"
        for k, label in enumerate(labels)
    ]
