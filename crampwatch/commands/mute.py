"""`crampwatch mute`: no sound at all for a while."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number


def mute(
    minutes: Annotated[int | None, Parameter(validator=Number(gte=1, lte=1440))] = None,
    *,
    off: Annotated[bool, Parameter(negative="")] = False,
    by: str | None = None,
    wearer: str | None = None,
    site: str | None = None,
    config: Path = Path("crampwatch.toml"),
) -> int:
    """Let nothing sound, neither cramp nor fault, at most until the next noon. What is wrong is shown all the same.

    It needs no broker, but the alarm has to run on this computer. The exit code is 1 when none took it up.

    Parameters
    ----------
    minutes
        For how long; by default until the next noon.
    off
        Let everything sound again, what was snoozed included.
    by
        Who asks for it; by default the user who is logged in.
    wearer
        Only this wearer's alarm.
    site
        Only the alarm at this site.
    config
        The settings file.
    """
    from crampwatch.answering import Wish, somebody
    from crampwatch.commands.alarm import ask_and_tell

    wish = Wish("unmute", somebody(by)) if off else Wish("mute", somebody(by), minutes=minutes)
    return ask_and_tell(config, wearer, site, wish)
