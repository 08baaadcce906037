"""The folder of a mosquitto for crampwatch: configuration, access rights, users and their passwords, certificates."""

import os
import secrets
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple, get_args

from collector.contract.broker import Role
from crampwatch.broker.certificates import certify
from crampwatch.broker.users import names, with_passwords

SECRET, OPEN = 0o600, 0o644
AS_ROOT = "# Made by root, and only readable for root.\nuser root\n"
TLS = """
# Programs on other machines: encrypted, and only with a password.
listener {port}
certfile {folder}/server.crt
keyfile {folder}/server.key
"""


class Plan(NamedTuple):
    """Where the broker is to be. With `hosts`, the names other machines know it by, it listens to them as well.

    `seen_as` is the folder as mosquitto sees it, and `data` where it keeps its own; in a container they are others.
    """

    folder: Path
    seen_as: Path
    data: Path
    bind: str
    port: int
    hosts: Sequence[str]
    tls_port: int

    @property
    def configuration(self) -> Path:
        """What mosquitto is started with."""
        return self.folder / "mosquitto.conf"

    @property
    def passwords(self) -> Path:
        """Where each role's password is."""
        return self.folder / "passwords"


def set_up(plan: Plan) -> list[Path]:
    """Write what is missing, and nothing that is there; returns what was written."""
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan.passwords.mkdir(mode=0o700, exist_ok=True)
    if plan.data.is_relative_to(plan.seen_as):
        (plan.folder / plan.data.relative_to(plan.seen_as)).mkdir(mode=0o700, exist_ok=True)
    # The certificates first: what fails is openssl, and then nothing else is there yet.
    written = certify(plan.folder, plan.hosts) if plan.hosts else []
    shipped = files("crampwatch.broker")
    written += write_new(plan.folder / "acl", (shipped / "acl").read_text(), SECRET)
    written += _users(plan)
    return written + write_new(plan.configuration, _configuration(plan, (shipped / "mosquitto.conf").read_text()), OPEN)


def _configuration(plan: Plan, template: str) -> str:
    tls = TLS.format(port=plan.tls_port, folder=plan.seen_as) if plan.hosts else ""
    user = AS_ROOT if os.geteuid() == 0 else ""
    return Template(template).substitute(
        folder=plan.seen_as, data=plan.data, bind=plan.bind, port=plan.port, tls=tls, user=user
    )


def _users(plan: Plan) -> list[Path]:
    """A password for each role that has none, and its user in mosquitto's password file."""
    file = plan.folder / "users"
    known = file.read_text() if file.exists() else ""
    added: dict[str, str] = {}
    written: list[Path] = []
    for role in get_args(Role):
        secret = plan.passwords / role
        new = write_new(secret, f"{secrets.token_urlsafe(16)}\n", SECRET)
        if new or role not in names(known):
            added[role] = secret.read_text().strip()
        written += new
    if added:
        file.unlink(missing_ok=True)
        written += write_new(file, with_passwords(known, added), SECRET)
    return written


def write_new(path: Path, text: str, mode: int) -> list[Path]:
    """Write a file where there is none; it never was readable for others than it is meant for."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    except FileExistsError:
        return []
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return [path]
