"""`crampwatch devices capture`: a device's packets into a file that becomes a test."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from crampwatch.errors import UserError
from crampwatch.words import counted

if TYPE_CHECKING:
    from collector.backend import Backend
    from collector.devices.profile import Profile
    from collector.settings import DeviceSettings
    from crampwatch.radio.tap import Packet, Tap


def capture(
    device: str,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    seconds: float = 20.0,
    profile: str | None = None,
    everything: Annotated[bool, Parameter(negative="")] = False,
    note: str = "",
    adapter: str | None = None,
    folder: Path = Path("devices"),
) -> int:
    """Write a device's packets to a file, without its name and address, for a bug report or a test.

    Times count from the beginning. `crampwatch devices check --capture FILE` reads it again. The samples themselves are
    kept: take off the wearable, or be content that others see your muscle for a few seconds.

    Parameters
    ----------
    device
        Its name or its address, as `crampwatch devices scan` shows them.
    out
        The file; one that is there already is not overwritten.
    seconds
        How long.
    profile
        How to read the packets; by default the profile that fits.
    everything
        Also what the profile does not read: battery, buttons, and what may be a serial number.
    note
        What others should know: the model, its firmware, whether it was worn.
    adapter
        The computer's Bluetooth adapter, such as hci1; by default the first.
    folder
        Where your own profiles are.
    """
    from collector.backend import Backend
    from crampwatch.commands.devices.wearables import profiles_in
    from crampwatch.radio.tap import device_named

    if out.exists():
        raise UserError(f"{out}: is there already; choose another file")
    known = profiles_in(folder, profile)
    return asyncio.run(capture_with(Backend(), known, device_named(device, adapter), out, seconds, everything, note))


async def capture_with(
    backend: "Backend",
    profiles: "dict[str, Profile]",
    wanted: "DeviceSettings",
    out: Path,
    seconds: float,
    everything: bool = False,
    note: str = "",
) -> int:
    """Capture over this Bluetooth; the exit code: 1 when nothing came or the link was lost. Raises UserError."""
    from crampwatch.commands.devices.wearables import require_idle_radio
    from crampwatch.radio.capture import Header, write
    from crampwatch.radio.tap import tapped

    await require_idle_radio(profiles, backend, wanted.adapter)
    packets: list[Packet] = []
    async with tapped(wanted, profiles, backend) as tap:
        if tap.profile_name is None:
            raise UserError(f"name a profile with --profile: {' or '.join(tap.fits) or 'none'} fits this device")
        await tap.listen(seconds, packets.append)
    kept = packets if everything else [packet for packet in packets if packet.char in _read(tap)]
    header = Header(profile=tap.profile_name, info=tap.info.hex() if tap.info else None, mtu=tap.mtu, note=note)
    try:
        write(out, header, kept)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror})") from error
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{out}: {counted(len(kept), 'packet')}; {len(packets) - len(kept)} left out.")
    if tap.lost_after_s is not None:
        console.print(f"The link was lost after {tap.lost_after_s:.1f} s.")
    return 0 if kept and tap.lost_after_s is None else 1


def _read(tap: "Tap") -> set[str]:
    """The characteristics that the profile reads."""
    return {char for stream in tap.profile.stream for char in stream.characteristics} if tap.profile else set()
