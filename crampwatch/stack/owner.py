"""The user to whom secrets and nights belong, and as whom everything runs."""

import os
import pwd
from pathlib import Path
from typing import NamedTuple

from crampwatch.errors import UserError

NOT_ROOT = "nothing here should run as root: call this as the user who is to watch, or name that user with --user"


class Owner(NamedTuple):
    """A user of this machine other than root."""

    name: str
    uid: int
    gid: int

    def take(self, paths: list[Path]) -> None:
        """Make them this user's where root has made them; otherwise they are already."""
        if os.geteuid() == 0:
            for path in paths:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)


def owner(name: str | None) -> Owner:
    """The user of this name, or whoever runs this; raises UserError when that is root, or not known."""
    try:
        entry = pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise UserError(f"this machine knows no user {name or os.geteuid()}") from None
    if entry.pw_uid == 0:
        raise UserError(NOT_ROOT)
    if os.geteuid() not in (0, entry.pw_uid):
        raise UserError(f"only root and {entry.pw_name} can set this up for {entry.pw_name}")
    return Owner(entry.pw_name, entry.pw_uid, entry.pw_gid)
