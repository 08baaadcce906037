"""`crampwatch ack`: answer the alert."""

from pathlib import Path


def ack(
    *,
    event: str | None = None,
    by: str | None = None,
    wearer: str | None = None,
    site: str | None = None,
    config: Path = Path("crampwatch.toml"),
) -> int:
    """Answer what sounds: it is quiet at once, and the next cramp sounds again.

    It needs no broker, but the alarm has to run on this computer. The exit code is 1 when none took it up.

    Parameters
    ----------
    event
        Answer this event only, not whatever there is to be answered.
    by
        Who answers; by default the user who is logged in.
    wearer
        Only this wearer's alarm.
    site
        Only the alarm at this site.
    config
        The settings file.
    """
    from crampwatch.answering import Wish, somebody
    from crampwatch.commands.alarm import ask_and_tell

    return ask_and_tell(config, wearer, site, Wish("ack", somebody(by), event_id=event))
