"""What a wearable speaks, as data: which device it is, what to send it, and how its packets become samples."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from collector.contract.errors import ContractError
from collector.contract.messages import Channel, Rate, StreamKind
from collector.devices.layout import BadLayout, Layout, parse_layout

FROM_NOW = 0xFFFFFFFF
"""The resume index that asks a device to start with what it measures next."""

Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*$")]


class BadProfile(ContractError):
    """A device profile cannot be used; the text says what is wrong with it."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Match(_Table, frozen=True, kw_only=True):
    """How the device is told from others in its advertisements: any of these is enough."""

    name_prefix: str | None = None
    service: Uuid | None = None


class Device(_Table, frozen=True, kw_only=True):
    """The device as a whole. Below `min_mtu` its packets do not fit and arrive cut."""

    match: Match
    min_mtu: int = 23


class Info(_Table, frozen=True, kw_only=True):
    """A characteristic read after connecting. Its fields replace the profile's figures.

    `boot` is a number the device draws at each start; `<stream>_channels`, `_rate_hz`, `_scale`, `_offset`, `_min` and
    `_max` describe a stream, with zero channels where the device has none of that kind.
    """

    char: Uuid
    layout: tuple[str, ...]


class Command(_Table, frozen=True, kw_only=True):
    """Bytes to write; for each stream in `resume` the index of the next wanted sample follows, as u32."""

    char: Uuid
    hex: Hex
    resume: tuple[StreamKind, ...] = ()

    def payload(self, resume: dict[StreamKind, int]) -> bytes:
        """The bytes, for these device indices; a stream not among them starts from now."""
        indices = [resume.get(stream, FROM_NOW) for stream in self.resume]
        return bytes.fromhex(self.hex) + b"".join(index.to_bytes(4, "little") for index in indices)


class Counter(_Table, frozen=True, kw_only=True):
    """The header field that counts samples: the index of the packet's first one, modulo 2**bits."""

    field: str
    bits: Annotated[int, msgspec.Meta(ge=8, le=64)]


class Stream(_Table, frozen=True, kw_only=True):
    """One kind of packet: a header, then frames of one instant each up to the end."""

    kind: StreamKind
    char: Uuid
    frame: tuple[str, ...]
    field: str
    rate_hz: Rate
    unit: str
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    header: tuple[str, ...] = ()
    length: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    rails: tuple[int, int] = (-32768, 32767)
    counter: Counter | None = None
    # Crystals of nRF-class chips keep 40 to 100 ppm over temperature; a free-running converter needs its own figure.
    rate_tolerance: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 200e-6

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The stream's channels as they go on the wire."""
        low, high = self.rails
        return tuple(Channel(name, self.unit, self.scale, self.offset, low, high) for name in self.names)


class Profile(_Table, frozen=True, kw_only=True):
    """All there is to know about one type of wearable."""

    device: Device
    stream: tuple[Stream, ...]
    info: Info | None = None
    start: tuple[Command, ...] = ()
    stop: tuple[Command, ...] = ()


class DeviceInfo(msgspec.Struct, frozen=True):
    """What a connected device says of itself. `boot` is None for devices that do not tell their starts apart."""

    boot: int | None
    streams: tuple[Stream, ...]


def load_profile(name: str) -> Profile:
    """The profile of that name shipped with the collector, or the one in the TOML file at that path.

    Raises BadProfile with what is wrong.
    """
    shipped = resources.files(__package__) / f"{name}.toml"
    source = Path(name) if name.endswith(".toml") else shipped
    if not source.is_file():
        raise BadProfile(f"there is no device profile {name!r}; name a shipped one or the path of a .toml file")
    return parse_profile(source.read_text(), name)


def parse_profile(text: str, name: str) -> Profile:
    """The profile in this TOML text; raises BadProfile."""
    try:
        profile = msgspec.toml.decode(text, type=Profile)
        for stream in profile.stream:
            _check(stream)
        if profile.info:
            parse_layout(profile.info.layout, 0)
    except (msgspec.DecodeError, BadLayout) as error:
        raise BadProfile(f"device profile {name}: {error}") from error
    return profile


def describe(profile: Profile, info: bytes | None) -> DeviceInfo:
    """The device's streams as the profile has them, corrected by what the device said; raises BadProfile."""
    if profile.info is None or info is None:
        return DeviceInfo(None, profile.stream)
    layout = parse_layout(profile.info.layout, 0)
    if len(info) < layout.dtype.itemsize or not layout.matches(info):
        raise BadProfile(f"the device describes itself as {info.hex()}, which this version does not understand")
    record = np.frombuffer(info, layout.dtype, 1)[0]
    said = {key: record[key].item() for key in layout.dtype.names or ()}
    corrected = tuple(_correct(stream, said) for stream in profile.stream)
    return DeviceInfo(said.get("boot"), tuple(stream for stream in corrected if stream.names))


def _correct(stream: Stream, said: dict[str, float]) -> Stream:
    prefix = f"{stream.kind}_"
    own = {key.removeprefix(prefix): value for key, value in said.items() if key.startswith(prefix)}
    count = int(own.get("channels", len(stream.names)))
    low, high = stream.rails
    corrected = msgspec.structs.replace(
        stream,
        names=tuple(stream.names[:count]) + tuple(f"{stream.kind} {k + 1}" for k in range(len(stream.names), count)),
        rate_hz=own.get("rate_hz", stream.rate_hz),
        scale=own.get("scale", stream.scale),
        offset=own.get("offset", stream.offset),
        rails=(int(own.get("min", low)), int(own.get("max", high))),
    )
    if count and not (
        np.isfinite([corrected.rate_hz, corrected.scale, corrected.offset]).all() and corrected.rate_hz > 0
    ):
        raise BadProfile(f"the device says its {stream.kind} stream has {own}, which cannot be")
    return corrected


def _check(stream: Stream) -> tuple[Layout, Layout]:
    header, frame = parse_layout(stream.header, 0), parse_layout(stream.frame, len(stream.names))
    if stream.field not in (frame.dtype.names or ()):
        raise BadLayout(f"stream {stream.kind}: field {stream.field!r} is not in its frame {list(stream.frame)}")
    if not np.can_cast(frame.dtype[stream.field].base, np.int32):
        raise BadLayout(f"stream {stream.kind}: samples must be integers of at most 32 bits, signed")
    if stream.counter and stream.counter.field not in (header.dtype.names or ()):
        raise BadLayout(f"stream {stream.kind}: counter {stream.counter.field!r} is not in its header")
    return header, frame
