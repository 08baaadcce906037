"""What a wearable speaks, as data: which device it is, what to send it, and how its packets become samples."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np

from collector.contract.errors import ContractError
from collector.contract.messages import BuzzKind, Channel, Rate, StreamKind
from collector.devices import validation
from collector.devices.layout import Integer, parse_layout
from collector.devices.toml_lines import line_of

FROM_NOW = 0xFFFFFFFF
"""The resume index that asks a device to start with what it measures next."""

Uuid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*$")]
HexBytes = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})+$")]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
CodecName = Literal["ascii", "ganglion", "ieee11073", "polar-delta"]


class BadProfile(ContractError):
    """A device profile cannot be used; the text says what is wrong with it, and in which line."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Match(_Table, frozen=True, kw_only=True):
    """How the device is told from others in its advertisements: any of these is enough."""

    name_prefix: str | None = None
    service: Uuid | None = None


class Command(_Table, frozen=True, kw_only=True):
    """Bytes to write: `hex`, `text`, then for each stream in `resume` the index of the next wanted sample, as u32."""

    char: Uuid
    hex: Hex = ""
    text: str = ""
    resume: tuple[StreamKind, ...] = ()

    def __post_init__(self) -> None:
        validation.check_command(self)

    def payload(self, resume: dict[StreamKind, int]) -> bytes:
        """The bytes, for these device indices; a stream not among them starts from now."""
        indices = [resume.get(stream, FROM_NOW) for stream in self.resume]
        fixed = bytes.fromhex(self.hex) + self.text.encode("ascii")
        return fixed + b"".join(index.to_bytes(4, "little") for index in indices)


class KeepAlive(Command, frozen=True, kw_only=True):
    """A command to write after the start commands, and then again and again while the link is up."""

    every_s: Seconds


class Device(_Table, frozen=True, kw_only=True):
    """The device as a whole.

    Below `min_mtu` its packets do not fit and arrive cut. `pairing`: it talks only to a host it is paired with.
    `sources` say where its protocol was read, `limits` what it cannot do.
    """

    match: Match
    title: str = ""
    min_mtu: Annotated[int, msgspec.Meta(ge=23, le=517)] = 23
    pairing: bool = False
    keep_alive: KeepAlive | None = None
    sources: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


class Buzzer(_Table, frozen=True, kw_only=True):
    """What makes the wearable itself buzz: the bytes to write, as hex, for a cramp and, softer, for a fault."""

    char: Uuid
    cramp: HexBytes
    fault: HexBytes

    def command(self, kind: BuzzKind) -> Command:
        """What to write; a test of the alarm buzzes like a cramp, as it sounds like one."""
        return Command(char=self.char, hex=self.fault if kind == "fault" else self.cramp)


class Info(_Table, frozen=True, kw_only=True):
    """A characteristic read after connecting. Its fields replace the profile's figures.

    `boot` is a number the device draws at each start; `<stream>_channels`, `_rate_hz`, `_scale`, `_offset`, `_min` and
    `_max` describe a stream, with zero channels where the device has none of that kind.
    """

    char: Uuid
    layout: tuple[str, ...]

    def __post_init__(self) -> None:
        validation.check_layout("layout", self.layout, 0)


class Counter(_Table, frozen=True, kw_only=True):
    """The device's own count: a field of the header, or of the frame, where that of the first instant counts.

    One count stands for `samples` instants: 1 where samples are counted, as many as a packet holds where packets are.
    After `wraps_at` counts it is at zero again; without, when its field is full.
    """

    field: str
    samples: Annotated[int, msgspec.Meta(ge=1)] = 1
    wraps_at: Annotated[int, msgspec.Meta(ge=2)] | None = None


class Timestamp(_Table, frozen=True, kw_only=True):
    """The header field with the device's own time, in steps of `unit`, of the packet's first or last instant."""

    field: str
    unit: Literal["ns", "us", "ms", "s"]
    refers: Literal["first", "last"] = "first"

    @property
    def step_ns(self) -> int:
        """Nanoseconds per step."""
        return {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}[self.unit]


class Stream(_Table, frozen=True, kw_only=True):
    """One kind of packet: a header, then frames of one instant each up to the end; or contents that a codec knows.

    A sample is the frame's `field`, or the sum of several fields times their `weights`. Floats and text become integers
    by division by `quantum`. physical = digital * scale + offset, in `unit`; a value on one of the `rails` is clipped.
    """

    kind: StreamKind
    char: Uuid
    rate_hz: Rate
    unit: str
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    more_chars: tuple[Uuid, ...] = ()
    header: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()
    field: str | None = None
    weights: dict[str, int] = {}
    codec: CodecName | None = None
    quantum: Seconds = 1.0
    lengths: tuple[int, ...] = ()
    max_frames: Annotated[int, msgspec.Meta(ge=1)] | None = None
    scale: float = 1.0
    offset: float = 0.0
    rails: tuple[int, int] = (-32768, 32767)
    counter: Counter | None = None
    clock: Timestamp | None = None
    poll_s: Seconds | None = None
    # Crystals of nRF-class chips keep 40 to 100 ppm over temperature; a free-running converter needs its own figure.
    rate_tolerance: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 200e-6
    proven: Literal["vectors", "layout only"] = "layout only"

    def __post_init__(self) -> None:
        validation.check_stream(self)

    @property
    def characteristics(self) -> tuple[str, ...]:
        """The characteristics that carry this stream, in the order in which the device uses them."""
        return (self.char, *self.more_chars)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The stream's channels as they go on the wire."""
        low, high = self.rails
        return tuple(Channel(name, self.unit, self.scale, self.offset, low, high) for name in self.names)

    @property
    def dtype(self) -> Literal["<i2", "<i4"]:
        """The smallest type that holds every sample: those of an integer field as it comes, others within the rails."""
        if self.field is not None:
            value = parse_layout(self.frame, len(self.names)).dtype[self.field].base
            if value.kind != "f":
                return "<i2" if np.can_cast(value, np.int16) else "<i4"
        low, high = self.rails
        return "<i2" if low >= -(2**15) and high < 2**15 else "<i4"

    @property
    def counter_modulus(self) -> int | None:
        """After how many instants the device's index begins again at zero; None without a counter."""
        field = self.counter_field()
        if self.counter is None or field is None:
            return None
        return (self.counter.wraps_at or field.values) * self.counter.samples

    def counter_field(self) -> Integer | None:
        """Where in a packet the counter stands."""
        if self.counter is None:
            return None
        header = parse_layout(self.header, 0)
        if self.counter.field in header.names:
            return header.integer(self.counter.field)
        return parse_layout(self.frame, len(self.names)).integer(self.counter.field, header.dtype.itemsize)


class Profile(_Table, frozen=True, kw_only=True):
    """All there is to know about one type of wearable."""

    device: Device
    stream: tuple[Stream, ...]
    info: Info | None = None
    start: tuple[Command, ...] = ()
    stop: tuple[Command, ...] = ()
    buzz: Buzzer | None = None

    def __post_init__(self) -> None:
        validation.check_profile(self)


class DeviceInfo(msgspec.Struct, frozen=True):
    """What a connected device says of itself. `boot` is None for devices that do not tell their starts apart."""

    boot: int | None
    streams: tuple[Stream, ...]


def shipped_profiles() -> tuple[str, ...]:
    """The names of the profiles that come with the program."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def own_profiles(folder: Path) -> tuple[str, ...]:
    """The names of the profiles in a folder of the user's; none if there is no such folder."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """The profile of that name, shipped or in the user's `folder`; or the one in the TOML file at that path.

    A file in the folder that has the name of a shipped profile is refused: it is not for a file that was forgotten to
    decide what a device says. Raises BadProfile with what is wrong.
    """
    source = _source(name, folder)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadProfile(f"device profile {source}: cannot be read ({error})") from error
    return parse_profile(text, str(source) if isinstance(source, Path) else name)


def _source(name: str, folder: Path | None) -> Traversable:
    if name.endswith(".toml"):
        return Path(name)
    own = folder / f"{name}.toml" if folder else None
    if name not in shipped_profiles():
        if own and own.is_file():
            return own
        raise BadProfile(f"there is no device profile {name!r}; name a shipped one or the path of a .toml file")
    if own and own.is_file():
        raise BadProfile(f"{own} has the name of a shipped profile; give the file another name")
    return resources.files(__package__) / f"{name}.toml"


def parse_profile(text: str, name: str) -> Profile:
    """The profile in this TOML text; raises BadProfile with `name` and the line that is wrong."""
    try:
        return msgspec.toml.decode(text, type=Profile)
    except msgspec.DecodeError as error:
        line = line_of(text, str(error))
        raise BadProfile(f"{name}{f':{line}' if line else ''}: {error}") from error
    except RecursionError as error:
        raise BadProfile(f"{name}: lists or tables are nested deeper than in any profile") from error


def describe(profile: Profile, info: bytes | None) -> DeviceInfo:
    """The device's streams as the profile has them, corrected by what the device said; raises BadProfile."""
    if profile.info is None or info is None:
        return DeviceInfo(None, profile.stream)
    layout = parse_layout(profile.info.layout, 0)
    if len(info) < layout.dtype.itemsize or not layout.matches(info):
        raise BadProfile(f"the device describes itself as {info.hex()}, which this version does not understand")
    record = np.frombuffer(info, layout.dtype, 1)[0]
    said = {key: record[key].item() for key in layout.names}
    corrected = (_correct(stream, said) for stream in profile.stream)
    return DeviceInfo(said.get("boot"), tuple(stream for stream in corrected if stream is not None))


def _correct(stream: Stream, said: dict[str, float]) -> Stream | None:
    prefix = f"{stream.kind}_"
    own = {key.removeprefix(prefix): value for key, value in said.items() if key.startswith(prefix)}
    count = int(own.get("channels", len(stream.names)))
    if not count:
        return None
    low, high = stream.rails
    corrected = msgspec.structs.replace(
        stream,
        names=tuple(stream.names[:count]) + tuple(f"{stream.kind} {k + 1}" for k in range(len(stream.names), count)),
        rate_hz=own.get("rate_hz", stream.rate_hz),
        scale=own.get("scale", stream.scale),
        offset=own.get("offset", stream.offset),
        rails=(int(own.get("min", low)), int(own.get("max", high))),
    )
    if not (np.isfinite([corrected.rate_hz, corrected.scale, corrected.offset]).all() and corrected.rate_hz > 0):
        raise BadProfile(f"the device says its {stream.kind} stream has {own}, which cannot be")
    return corrected
