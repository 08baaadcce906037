"""`crampwatch snooze`: quiet for a while."""

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from crampwatch.meant import BY_DEFAULT, Spoken


def snooze(
    minutes: Annotated[int, Parameter(validator=Number(gte=1, lte=1440))] = 10,
    *,
    until_morning: Annotated[bool, Parameter(negative="")] = False,
    kind: Literal["cramp", "fault"] | None = None,
    spoken: Spoken = BY_DEFAULT,
) -> int:
    """Let what sounds be quiet for some minutes, at most until the next noon.

    Cramps and faults are snoozed apart, so that neither hides the other. It needs no broker, but the alarm has to run
    on this computer. The exit code is 1 when none took it up.

    Parameters
    ----------
    minutes
        For how long.
    until_morning
        Until the next noon instead.
    kind
        What is to be quiet; by default what is shown at present.
    """
    from crampwatch.commands.alarm import ask_and_tell

    return ask_and_tell(spoken, "snooze", minutes=None if until_morning else minutes, kind=kind)
