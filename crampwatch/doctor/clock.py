"""Whether this computer knows what time it is."""

import ctypes
from datetime import datetime
from zoneinfo import ZoneInfo

from crampwatch.doctor.finding import Finding
from detector.catalogue import Catalogue

TIME_ERROR = 5
"""What adjtimex(2) returns for a clock that nothing sets right: linux/timex.h."""
TIMEX_BYTES = 1024
"""More than the struct has anywhere; all zero, it asks and changes nothing."""


def kernel_clock_state() -> int | None:
    """The kernel's word about its clock, whoever sets it: chrony, ntpd or systemd. None where there is no such call."""
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)))
    except (AttributeError, OSError, TypeError):  # not Linux; TypeError is how Windows has it
        return None


def clock(state: int | None, catalogue: Catalogue) -> Finding:
    """Whether the clock is set by a time server, by the kernel's word."""
    if state is None or state < 0:
        return Finding("clock", "not asked", catalogue.say("preflight.clock.unknown"))
    if state == TIME_ERROR:
        says, cure = catalogue.say("preflight.clock.unset"), catalogue.say("preflight.clock.cure")
        return Finding("clock", "warning", says, cure)
    return Finding("clock", "ok", catalogue.say("preflight.clock.ok"))


def time_zone(of_settings: ZoneInfo, now: datetime) -> Finding:
    """Whether the settings' zone is the computer's; `now` is a time in the computer's own zone."""
    there = now.astimezone(of_settings)
    if there.utcoffset() == now.utcoffset():
        return Finding("time zone", "ok", f"{of_settings.key}, as on this computer")
    says = f"the settings have {of_settings.key}, where it is {there:%H:%M}; on this computer it is {now:%H:%M}"
    return Finding("time zone", "warning", says, 'write the wearer\'s: timezone = "Europe/Berlin"')
