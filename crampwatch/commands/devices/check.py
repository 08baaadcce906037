"""`crampwatch devices check`: is a profile right, and what does it make of a packet?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from crampwatch.errors import UserError

if TYPE_CHECKING:
    from collector.devices.decoder import Samples
    from collector.devices.profile import Profile, Stream


def check(
    profile: str,
    *,
    packets: Annotated[tuple[str, ...], Parameter(name="--hex", negative="")] = (),
    capture: Path | None = None,
    folder: Path = Path("devices"),
) -> int:
    """Check a device profile: each fault is told with its line. With packets, show the samples in them.

    Parameters
    ----------
    profile
        A TOML file, or the name of a profile that is there already.
    packets
        A packet in hexadecimal, as often as you like: BYTES, or CHARACTERISTIC=BYTES where several could have sent it.
        The first digits of the characteristic are enough.
    capture
        A file of `crampwatch devices capture`: what the profile makes of all its packets. Exits 1 if it refuses any.
    folder
        Where your own profiles are.
    """
    from collector.devices.profile import load_profile

    checked = load_profile(profile, folder)
    console = Console(highlight=False, soft_wrap=True)
    streams = ", ".join(f"{stream.kind} of {stream.rate_hz:g} Hz in {stream.unit}" for stream in checked.stream)
    console.print(f"{profile}: no fault found. {checked.device.title or 'A device'} with {streams}.", markup=False)
    for packet in packets:
        _show(console, checked, _decoded(checked, packet))
    return _replay(checked, capture) if capture else 0


def _replay(profile: "Profile", path: Path) -> int:
    from crampwatch.commands.devices.wearables import summary, wide_console
    from crampwatch.radio.capture import read, replay

    tally = replay(read(path), profile)
    wide_console().print(summary(tally))
    return 1 if tally.refused else 0


def _decoded(profile: "Profile", text: str) -> "Samples":
    """The samples of a packet; raises PacketRefused or UserError."""
    from collector.devices.decoder import Decoder, PacketRefused

    char, _, digits = text.rpartition("=")
    packet = _bytes(digits)
    decoder = Decoder(profile.stream)
    samples: dict[str, Samples] = {}
    refusals: list[PacketRefused] = []
    for candidate in _characteristics(profile, char):
        try:
            samples[candidate] = decoder.decode(candidate, packet)
        except PacketRefused as refusal:
            refusals.append(refusal)
    if not samples:
        raise refusals[0]
    if len({decoded.stream for decoded in samples.values()}) > 1:
        raise UserError(f"{digits} could have come from {' or '.join(samples)}; write --hex {next(iter(samples))}=...")
    return next(iter(samples.values()))


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits.replace(":", " "))
    except ValueError as error:
        raise UserError(f"{digits!r} is not hexadecimal; write each byte as two digits, such as 0a ff") from error


def _characteristics(profile: "Profile", begins: str) -> list[str]:
    known = dict.fromkeys(char for stream in profile.stream for char in stream.characteristics)
    fitting = [char for char in known if char.startswith(begins.lower())]
    if not fitting:
        raise UserError(f"no stream of the profile is on characteristic {begins}; it has {', '.join(known)}")
    return fitting


def _show(console: Console, profile: "Profile", samples: "Samples") -> None:
    stream = next(stream for stream in profile.stream if stream.kind == samples.stream)
    told = [f"{stream.kind} in {stream.unit}"]
    if samples.counter is not None:
        told.append(f"first sample {samples.counter}")
    if samples.clock_ns is not None:
        told.append(f"device clock {samples.clock_ns / 1e9:.6f} s")
    console.print(", ".join(told))
    console.print(_table(stream, samples))


def _table(stream: "Stream", samples: "Samples") -> Table:
    table = Table(box=None)
    for name in stream.names:
        table.add_column(name, justify="right")
    for instant in samples.digital * stream.scale + stream.offset:
        table.add_row(*(f"{value:.6g}" for value in instant))
    return table
