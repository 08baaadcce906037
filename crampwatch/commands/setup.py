"""`crampwatch setup`: everything that a home needs before its first night."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from crampwatch.errors import UserError

if TYPE_CHECKING:
    from crampwatch.stack.home import Home

COMPOSE = Path("docker-compose.yml")
ENVIRONMENT = Path(".env")


def setup(
    folder: Path = Path("home"),
    *,
    wearer: str = "w1",
    site: str = "left_calf",
    timezone: str | None = None,
    bare_metal: Annotated[bool, Parameter(negative="")] = False,
    broker_port: int = 1883,
    user: str | None = None,
) -> None:
    """Write settings, secrets and the broker's configuration; then tell the next two commands.

    For `docker-compose.yml` in the current folder or, with --bare-metal, for systemd. What is there already is kept: to
    have something made anew, delete it and run this again.

    Parameters
    ----------
    folder
        Where to write it, and where the nights will be. Only its owner can look into it.
    wearer
        A pseudonym for who wears the sensor, in a-z, 0-9, _ and -. Do not use a name.
    site
        Where it is worn.
    timezone
        The wearer's time zone, like Europe/Berlin; by default this computer's.
    bare_metal
        Without containers: a mosquitto, the collector and the detector by systemd.
    broker_port
        Where the broker is reached on this machine, if 1883 is taken.
    user
        As whom everything is to run, if not as you; only for root.
    """
    from crampwatch.stack.home import Home, Household, environment, set_up
    from crampwatch.stack.owner import owner
    from crampwatch.timezone import of_this_computer

    if not bare_metal and not COMPOSE.exists():
        raise UserError(f"there is no {COMPOSE} here: run this where it is, or with --bare-metal")
    home = Home(folder, not bare_metal, broker_port)
    whose = owner(user)
    try:
        written = set_up(home, Household(wearer, site, timezone or of_this_computer()), whose)
        if home.containers:
            written += environment(home, ENVIRONMENT, whose)
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be written ({error.strerror})") from error
    _tell(home, written)


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
        return ["docker compose up --detach", f"crampwatch collect --config {shlex.quote(str(home.settings))}"]
    return [
        f"sudo cp {shlex.quote(str(home.units))}/*.service /etc/systemd/system/",
        "sudo systemctl enable --now crampwatch-broker crampwatch-collector crampwatch-detector",
    ]
