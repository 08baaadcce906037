"""`crampwatch doctor`: what is wrong, why, and what to do about it."""

import asyncio
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from crampwatch.config import Config, load
from crampwatch.errors import UserError

if TYPE_CHECKING:
    from crampwatch.doctor.finding import Finding

STYLES = {"ok": "green", "warning": "yellow", "problem": "red", "not asked": "dim"}


def doctor(
    *,
    config: Path = Path("crampwatch.toml"),
    device: str | None = None,
    profile: str | None = None,
    seconds: float = 10.0,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Look at Bluetooth, sensors, broker, disk and clock; name each cause and its cure.

    Each line is ok, a warning, a problem, or was not asked. Exits 1 when there is a problem. A collector that runs is
    left alone.

    Parameters
    ----------
    config
        The settings file; without one, only what needs no settings is looked at.
    device
        Also connect this device, by name or address, and judge MTU, connection interval and streams for `seconds`.
    profile
        How to read that device; by default the profile that fits.
    seconds
        How long to listen for sensors; one advertises at least once in ten seconds.
    as_json
        For a bug report: without names, addresses and paths.
    """
    from crampwatch.doctor.finding import exit_code

    settings, found = _settings(config)
    folder = Path(settings.profile_directory) if settings else Path("devices")
    found += _on_the_air(settings, folder, device, profile, seconds)
    found += _at_home(settings)
    _show(found, as_json)
    return exit_code(found)


def _settings(path: Path) -> "tuple[Config | None, list[Finding]]":
    from crampwatch.doctor.finding import Finding

    if not path.exists():
        return None, [Finding("settings", "not asked", "there is no such file", "name it with --config", str(path))]
    try:
        return load(path), [Finding("settings", "ok", "understood", about=str(path))]
    except UserError as error:
        return None, [Finding("settings", "problem", "not understood", "correct the entry that is named", str(error))]


def _on_the_air(
    settings: Config | None, folder: Path, device: str | None, profile: str | None, seconds: float
) -> "list[Finding]":
    from crampwatch.doctor.at_home import INSTALL
    from crampwatch.doctor.finding import Finding

    if find_spec("bleak") is None:
        return [Finding("Bluetooth", "problem", "the program's Bluetooth part is not installed", INSTALL)]
    return asyncio.run(_listen(settings, folder, device, profile, seconds))


async def _listen(
    settings: Config | None, folder: Path, device: str | None, profile: str | None, seconds: float
) -> "list[Finding]":
    from collector.backend import Backend
    from crampwatch.commands.devices.wearables import profiles_in
    from crampwatch.doctor.on_the_air import bluetooth_and_sensors, connection

    backend = Backend()
    found = await bluetooth_and_sensors(settings, profiles_in(folder), backend, seconds)
    if device is not None and found[0].state != "problem":
        found += await connection(device, profiles_in(folder, profile), backend, seconds)
    return found


def _at_home(settings: Config | None) -> "list[Finding]":
    from crampwatch.doctor import at_home

    return at_home.computer() + (at_home.settings(settings) if settings else [])


def _show(found: "list[Finding]", as_json: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        console.print(json.dumps([finding.redacted() for finding in found], indent=2), markup=False)
        return
    for finding in found:
        console.print(finding.line(), style=STYLES[finding.state], markup=False)
