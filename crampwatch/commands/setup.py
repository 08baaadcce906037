"""`crampwatch setup`: everything that a home needs before its first night."""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from crampwatch.errors import UserError

if TYPE_CHECKING:
    from crampwatch.stack.home import Home, Household

COMPOSE = Path("docker-compose.yml")
ENVIRONMENT = Path(".env")
EVERY_NIGHT = ("broker", "collector", "detector", "alarm", "clips", "page")
"""The units that a home without containers needs; the outbox and push need something in the settings first."""


def setup(
    folder: Path = Path("home"),
    *,
    wearer: str | None = None,
    site: str | None = None,
    profile: str | None = None,
    mode: Literal["alarm", "silent"] | None = None,
    timezone: str | None = None,
    bare_metal: Annotated[bool, Parameter(negative="")] = False,
    broker_port: int = 1883,
    user: str | None = None,
) -> None:
    """Write settings, secrets and the broker's configuration; then tell the next commands.

    For `docker-compose.yml` in the current folder or, with --bare-metal, for systemd. What is there already is kept: to
    have something made anew, delete it and run this again.

    At a terminal it asks who wears what, where, unless the settings are there already or one of --wearer, --site,
    --profile, --mode and --timezone is given.

    Parameters
    ----------
    folder
        Where to write it, and where the nights will be. Only its owner can look into it.
    wearer
        A pseudonym for who wears the sensor, in a-z, 0-9, _ and -. Do not use a name. By default w1.
    site
        Where it is worn; by default left_calf.
    profile
        The wearable, as `crampwatch devices list` has it; by default cramp-node.
    mode
        Whether a cramp is to wake the wearer or only to be recorded; by default it wakes.
    timezone
        The wearer's time zone, like Europe/Berlin; by default this computer's.
    bare_metal
        Without containers: a mosquitto, the collector, the detector and the alarm by systemd.
    broker_port
        Where the broker is reached on this machine, if 1883 is taken.
    user
        As whom everything is to run, if not as you; only for root.
    """
    from crampwatch.stack.home import Home, environment, set_up
    from crampwatch.stack.owner import owner

    if not bare_metal and not COMPOSE.exists():
        raise UserError(f"there is no {COMPOSE} here: run this where it is, or with --bare-metal")
    home = Home(folder, not bare_metal, broker_port)
    whose = owner(user)
    told = {"wearer": wearer, "site": site, "profile": profile, "mode": mode, "timezone": timezone}
    household = _household({name: value for name, value in told.items() if value is not None}, home)
    try:
        written = set_up(home, household, whose)
        if home.containers:
            written += environment(home, ENVIRONMENT, whose)
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be written ({error.strerror})") from error
    _tell(home, written)


def _household(told: dict[str, str], home: "Home") -> "Household":
    """Who wears what: as it was told, or asked for at a terminal; raises UserError when that is broken off."""
    from crampwatch.stack.home import Household
    from crampwatch.timezone import of_this_computer

    proposed = Household("w1", "left_calf", of_this_computer())
    if told or home.settings.exists() or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return proposed._replace(**told)
    from crampwatch.commands.devices.wearables import profiles_in
    from crampwatch.device_table import rows
    from crampwatch.stack.questions import ask_household

    known = rows(profiles_in(home.folder / "devices").items())
    wearables = {row.name: f"{row.name} ({row.title})" for row in known if row.signals["emg"]}
    console = Console(highlight=False, markup=False, soft_wrap=True)
    try:
        return ask_household(partial(console.input, markup=False), console.print, wearables, proposed)
    except EOFError:
        raise UserError("the questions were broken off; nothing has been written") from None


def _tell(home: "Home", written: list[Path]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for path in written:
        console.print(f"written: {path}")
    if home.settings not in written:
        console.print(f"kept: {home.settings}, and whatever else is not named above")
    if home.containers and ENVIRONMENT not in written:
        console.print(f"kept: {ENVIRONMENT}; it must name this folder, {home.folder.absolute()}")
    console.print("\nNext:\n")
    for command in _next(home):
        console.print(f"    {command}")
    if home.containers:
        password = home.secrets / "grafana_admin_password"
        console.print(f"\nThen Grafana is at http://127.0.0.1:3000; user admin, password in {password}")


def _next(home: "Home") -> list[str]:
    if home.containers:
        settings = shlex.quote(str(home.settings))
        beside = [f"crampwatch {command} --config {settings}" for command in ("collect", "alarm", "clips --every 5")]
        return ["docker compose up --detach", *beside]
    return [
        f"sudo cp {shlex.quote(str(home.units))}/*.service /etc/systemd/system/",
        f"sudo systemctl enable --now {' '.join(f'crampwatch-{unit}' for unit in EVERY_NIGHT)}",
    ]
