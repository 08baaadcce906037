"""`crampwatch broker ...`: a mosquitto of one's own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Console

from crampwatch.errors import UserError

if TYPE_CHECKING:
    from crampwatch.broker.folder import Plan

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]

app = App("broker", help="Set up a mosquitto: users, access rights, queues that lose nothing, TLS.")


@app.command
def init(
    folder: Path = Path("broker"),
    *,
    lan: Repeated = (),
    port: int = 1883,
    tls_port: int = 8883,
    bind: str = "127.0.0.1",
    seen_as: Path | None = None,
    data: Path | None = None,
) -> None:
    """Write all that a mosquitto needs to serve crampwatch, and tell what to put into the settings.

    There is a user for each role, with a password of its own and no more rights than it needs. What is in the folder
    already is kept: to have something made anew, delete it and run this again.

    Parameters
    ----------
    folder
        Where to write it. Whoever is to run mosquitto should run this.
    lan
        A name or address by which other machines reach this one; may be given several times. With any, mosquitto
        listens to them, encrypted, with a certificate for these names.
    port
        Where programs on this machine connect, not encrypted.
    tls_port
        Where other machines connect.
    bind
        The address on which `port` is open; in a container 0.0.0.0, and then let no other machine reach it.
    seen_as
        The folder as mosquitto sees it, where that differs, as in a container.
    data
        Where mosquitto is to keep its queues, by default a folder in the folder.
    """
    from crampwatch.broker.folder import Plan, set_up

    inside = seen_as or folder.absolute()
    plan = Plan(folder, inside, data or inside / "data", bind, port, lan, tls_port)
    try:
        written = set_up(plan)
    except OSError as error:
        raise UserError(f"{error.filename or folder} cannot be written ({error.strerror})") from error
    _tell(plan, written)


def _tell(plan: "Plan", written: list[Path]) -> None:
    import msgspec

    console = Console(highlight=False, markup=False, soft_wrap=True)
    for path in written:
        console.print(f"written: {path}")
    if plan.configuration not in written:
        console.print(f"kept: {plan.configuration}; to change its listeners, delete it and run this again")
    console.print(f"\nStart it: mosquitto -c {plan.seen_as / plan.configuration.name}")
    here = {"port": plan.port, "password_directory": str(plan.passwords.absolute())}
    console.print("\nIn the settings of this machine:\n")
    console.print(msgspec.toml.encode({"broker": here}).decode())
    if plan.hosts:
        there = {"host": plan.hosts[0], "port": plan.tls_port, "ca_file": "ca.crt", "password_directory": "passwords"}
        console.print(f"On another machine, beside its settings: a copy of {plan.folder / 'ca.crt'}, and in a folder")
        console.print("passwords that of its role and no other. In its settings:\n")
        console.print(msgspec.toml.encode({"broker": there}).decode())
