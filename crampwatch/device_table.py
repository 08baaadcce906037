"""The supported devices in rows, for `crampwatch devices list` and for the reference page."""

from collections.abc import Iterable
from typing import NamedTuple

from collector.contract.messages import STREAMS, StreamKind
from collector.devices.profile import Profile, Stream


class Row(NamedTuple):
    """One device: how a sensor's settings call it, what it is, each signal in words, "" where it has none, and whether
    it can be made to buzz."""

    name: str
    title: str
    signals: dict[StreamKind, str]
    buzzes: bool


def rows(profiles: Iterable[tuple[str, Profile]]) -> list[Row]:
    """One row for each named profile."""
    return [_row(name, profile) for name, profile in profiles]


def _row(name: str, profile: Profile) -> Row:
    streams = {stream.kind: stream for stream in profile.stream}
    signals = {kind: _signal(streams[kind]) if kind in streams else "" for kind in STREAMS}
    return Row(name, profile.device.title, signals, profile.buzz is not None)


def _signal(stream: Stream) -> str:
    """`8 x 200 Hz, layout only`."""
    channels = f"{len(stream.names)} x " if len(stream.names) > 1 else ""
    return f"{channels}{stream.rate_hz:g} Hz, {stream.proven}"
