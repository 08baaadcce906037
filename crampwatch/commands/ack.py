"""`crampwatch ack`: answer the alert."""

from crampwatch.meant import BY_DEFAULT, Spoken


def ack(*, event: str | None = None, spoken: Spoken = BY_DEFAULT) -> int:
    """Answer what sounds: it is quiet at once, and the next cramp sounds again.

    It needs no broker, but the alarm has to run on this computer. The exit code is 1 when none took it up.

    Parameters
    ----------
    event
        Answer this event only, not whatever there is to be answered.
    """
    from crampwatch.commands.alarm import ask_and_tell

    return ask_and_tell(spoken, "ack", event_id=event)
