"""`crampwatch snooze`: quiet for a while."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number


def snooze(
    minutes: Annotated[int, Parameter(validator=Number(gte=1, lte=1440))] = 10,
    *,
    until_morning: Annotated[bool, Parameter(negative="")] = False,
    kind: Literal["cramp", "fault"] | None = None,
    by: str | None = None,
    wearer: str | None = None,
    site: str | None = None,
    config: Path = Path("crampwatch.toml"),
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

    wish = Wish("snooze", somebody(by), minutes=None if until_morning else minutes, kind=kind)
    return ask_and_tell(config, wearer, site, wish)
