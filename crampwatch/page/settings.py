"""Where the page is to be reached."""

from typing import Annotated

import msgspec

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class PageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[page]` in the settings. Beyond this machine the page asks for a key.

    `names` are those by which the machine is called in a browser, as in `http://pi.local:8377`; its address needs none.
    `with_night` lets `crampwatch night` start it.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8377  # unassigned by IANA; 0: any that is free
    names: tuple[str, ...] = ()
    with_night: bool = True

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK
