"""`crampwatch mute`: no sound at all for a while."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from crampwatch.meant import BY_DEFAULT, Spoken


def mute(
    minutes: Annotated[int | None, Parameter(validator=Number(gte=1, lte=1440))] = None,
    *,
    off: Annotated[bool, Parameter(negative="")] = False,
    spoken: Spoken = BY_DEFAULT,
) -> int:
    """Let nothing sound, neither cramp nor fault, at most until the next noon. What is wrong is shown all the same.

    It needs no broker, but the alarm has to run on this computer. The exit code is 1 when none took it up.

    Parameters
    ----------
    minutes
        For how long; by default until the next noon.
    off
        Let everything sound again, what was snoozed included.
    """
    from crampwatch.commands.alarm import ask_and_tell

    if off:
        return ask_and_tell(spoken, "unmute")
    return ask_and_tell(spoken, "mute", minutes=minutes)
