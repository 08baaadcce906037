"""`crampwatch devices sniff`: every packet of a device, as it comes."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.backend import Backend
    from collector.devices.decoder import PacketRefused, Samples
    from collector.devices.profile import Profile
    from collector.settings import DeviceSettings
    from crampwatch.radio.tap import Packet, Tap


def sniff(
    device: str,
    *,
    seconds: float = 10.0,
    profile: str | None = None,
    adapter: str | None = None,
    folder: Path = Path("devices"),
) -> int:
    """Subscribe to everything a device notifies; show each packet and, at the end, sizes and rates.

    The device is started with the commands of its profile, if it has one. Not while a collector is connected.

    Parameters
    ----------
    device
        Its name or its address, as `crampwatch devices scan` shows them.
    seconds
        How long.
    profile
        How to read the packets; by default the profile that fits.
    adapter
        The computer's Bluetooth adapter, such as hci1; by default the first.
    folder
        Where your own profiles are.
    """
    from collector.backend import Backend
    from crampwatch.commands.devices.wearables import profiles_in
    from crampwatch.radio.tap import device_named

    known = profiles_in(folder, profile)
    return asyncio.run(sniff_with(Backend(), known, device_named(device, adapter), seconds))


async def sniff_with(
    backend: "Backend", profiles: "dict[str, Profile]", wanted: "DeviceSettings", seconds: float
) -> int:
    """Sniff over this Bluetooth; the exit code: 1 when nothing came or the link was lost. Raises UserError."""
    from crampwatch.commands.devices.wearables import require_idle_radio, summary, wide_console
    from crampwatch.radio.tally import Tally
    from crampwatch.radio.tap import tapped

    console = wide_console()
    await require_idle_radio(profiles, backend, wanted.adapter)
    async with tapped(wanted, profiles, backend) as tap:
        console.print(_greeting(tap), markup=False)
        tally = Tally(tap.profile.stream if tap.profile else ())

        def show(packet: "Packet") -> None:
            console.print(_line(packet, tally.take(packet)), markup=False)

        await tap.listen(seconds, show)
    console.print(summary(tally))
    for char in tap.unheard:
        console.print(f"{char}: the device refused the subscription; it may want to be paired first.")
    for gap in tally.gaps:
        console.print(f"At {gap.at_s:.3f} s the device's count jumps: {gap.missing} {gap.stream} samples are missing.")
    if tap.lost_after_s is not None:
        console.print(f"The link was lost after {tap.lost_after_s:.1f} s.")
    return 0 if tally.characteristics and tap.lost_after_s is None else 1


def _greeting(tap: "Tap") -> str:
    told = [f"Connected to {tap.name}", f"MTU {tap.mtu}" if tap.mtu else "MTU unknown to this system"]
    if tap.profile_name:
        told.append(f"read as {tap.profile_name}")
    elif tap.fits:
        told.append(f"fits {' and '.join(tap.fits)}: choose one with --profile")
    else:
        told.append("no profile fits: packets are shown as they are")
    return f"{'; '.join(told)}."


def _line(packet: "Packet", meaning: "Samples | PacketRefused | None") -> str:
    """Seconds, characteristic, size, meaning, bytes."""
    return (
        f"{packet.at_s:8.3f} s  {packet.char[:8]}  {len(packet.payload):3d} B  {_in_words(meaning)}"
        f"{packet.payload.hex()}"
    )


def _in_words(meaning: "Samples | PacketRefused | None") -> str:
    from collector.devices.decoder import Samples

    if meaning is None:
        return ""
    if not isinstance(meaning, Samples):
        return f"({meaning.reason}) "
    since = "" if meaning.counter is None else f" from {meaning.counter}"
    return f"{len(meaning.digital)} {meaning.stream}{since}  "
