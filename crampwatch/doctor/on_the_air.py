"""The round of everything that has to do with Bluetooth."""

from collections.abc import Mapping

from collector.backend import Backend
from collector.devices.profile import Profile
from crampwatch.config import Config
from crampwatch.doctor import bluetooth, link
from crampwatch.doctor.finding import Finding
from crampwatch.doctor.sensors import devices_of, sensors
from crampwatch.errors import UserError
from crampwatch.radio.advertisements import connected_here
from crampwatch.radio.tally import Tally
from crampwatch.radio.tap import Packet, device_named, tapped


async def bluetooth_and_sensors(
    config: Config | None, profiles: Mapping[str, Profile], backend: Backend, seconds: float
) -> list[Finding]:
    """Bluetooth and the wearables of the settings; where it does not work, that is all that is said about it."""
    version = bluetooth.bluez(bluetooth.bluez_version())
    if version.state == "problem":
        return [version]
    adapters = _adapters(config) if config else [None]
    if not adapters:
        unneeded = Finding("Bluetooth", "not asked", "no sensor of the settings needs it")
        return [unneeded, *(sensors(config, {}) if config else [])]
    radios = {adapter: await bluetooth.radio(seconds, profiles, backend, adapter) for adapter in adapters}
    found = list(dict.fromkeys(radio.finding for radio in radios.values()))
    if all(finding.state == "ok" for finding in found):
        found.append(version)
    return found + (sensors(config, radios) if config else [])


async def connection(device: str, profiles: Mapping[str, Profile], backend: Backend, seconds: float) -> list[Finding]:
    """Connect a device and listen: MTU, connection interval, and whether its streams come whole."""
    if await connected_here(profiles.values(), backend):
        cure = "stop `crampwatch night` or `collect`, then ask again"
        return [Finding("device", "not asked", "a collector is connected, whose night this would disturb", cure)]
    try:
        async with tapped(device_named(device), profiles, backend) as tap:
            if tap.profile is None:
                return [
                    Finding("device", "problem", "connects, but no profile fits", "name one with --profile", device)
                ]
            tally, arrivals_s = Tally(tap.profile.stream), list[float]()

            def take(packet: Packet) -> None:
                tally.take(packet)
                arrivals_s.append(packet.at_s)

            await tap.listen(seconds, take)
    except UserError as error:
        what, _, cure = str(error).partition("; ")
        return [Finding("device", "problem", what, cure, device)]
    lasted_s = tap.lost_after_s or seconds
    found = [link.mtu(tap.profile, tap.mtu), link.interval(arrivals_s), *link.streams(tap.profile, tally, lasted_s)]
    if tap.lost_after_s is not None:
        says = f"the link was lost after {tap.lost_after_s:.1f} s"
        found.append(Finding("device", "problem", says, "bring wearable and adapter nearer", device))
    return found


def _adapters(config: Config) -> list[str | None]:
    """Those that the settings name for wearables, each once; None is the first."""
    live = (sensor for sensor in config.sensors if sensor.recording is None)
    return list(dict.fromkeys(it.adapter for sensor in live for it in devices_of(sensor)))
