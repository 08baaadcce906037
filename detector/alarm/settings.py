"""How the alarm behaves: `[alarm]` in the settings file. Loaded for every `--help`, so nothing heavy is imported."""

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]
RingTimes = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1, max_length=50)]


class AlarmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be heard, when, and how loud.

    `mode = "silent"` records and shows the same and sounds nothing; nobody was asked then, so nothing is unanswered.
    `command` is the program that makes a sound, word by word, in which {kind} {level} {text} {wearer} {site} are
    filled in; `fault_command` is the one for faults. Without them a generated tone is played.
    """

    language: str = "en"
    mode: Literal["alarm", "silent"] = "alarm"
    arm_at: TimeOfDay = "20:00"
    """When a disarmed alarm arms itself again, by the wall clock: before bedtime, so that nobody has to think of it."""
    latch_s: Seconds = 10.0
    """An alert stands at least this long: a shorter one leaves the woken with a sound and an empty screen."""
    event_limit_s: Seconds = 1800.0
    """An event whose end nobody told has ended by then: half an hour is three times the longest cramp simulated."""
    fault_grace_s: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    """What repairs itself within this is no fault: a lost link is mostly back in ten seconds."""
    fault_settle_s: Annotated[float, msgspec.Meta(ge=0)] = 15.0
    """A fault is over once all has been well for this long, so that a loose plug does not ring at each touch.

    Longer than the 10 s between two words of the detector, of which one may be good by chance.
    """
    battery_until: TimeOfDay = "07:00"
    """When most people are up, by the wall clock: a battery that lasts until then lasts the night."""
    cramp_rings_s: RingTimes = (0.0, 5.0, 15.0, 35.0, 75.0, 135.0, 255.0)
    """When a cramp alert sounds, after it began: each pause about twice the last, and none after four minutes."""
    fault_rings_s: RingTimes = (0.0, 60.0, 300.0, 900.0, 1800.0)
    """When a fault sounds: more rarely, as a night can be saved minutes later."""
    first_level: Share = 0.4
    """How loud the first ring of a cramp is, 1 being the last; it is to wake one person and not the house."""
    fault_level: Share = 0.3
    """How loud a fault is, at most."""
    home_assistant: bool = True
    """Whether each place is announced to Home Assistant; false removes what was."""
    cancel_window_s: Seconds = 60.0
    """How long the wearer has to answer before a second person is told."""
    command: tuple[str, ...] = ()
    fault_command: tuple[str, ...] = ()
    command_timeout_s: Seconds = 10.0
