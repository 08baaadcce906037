"""The five questions of a first set-up, asked one after the other until each has an answer that works."""

import re
from collections.abc import Callable, Mapping
from zoneinfo import available_timezones

from collector.contract.names import ALLOWED, PATTERN
from crampwatch.stack.home import Household

Ask = Callable[[str], str]
"""Shows a question and returns what is typed."""
Tell = Callable[[str], None]

MODES = {"alarm": "alarm", "a": "alarm", "silent": "silent", "s": "silent"}


def ask_household(ask: Ask, tell: Tell, wearables: Mapping[str, str], proposed: Household) -> Household:
    """Who wears what, where. An empty answer takes what is `proposed`; `wearables` are titles by profile."""
    tell("Five questions. Press Enter for what is in brackets; all of it can be changed in the settings later.\n")
    wearer = _until(ask, tell, "1. Who wears it? A pseudonym, not a name", proposed.wearer, _name)
    tell("\n   Such as left_calf, right_outer_calf, left_shin, right_foot, left_thigh.")
    site = _until(ask, tell, "2. Which leg, and where?", proposed.site, _name)
    tell("\n" + "\n".join(f"   {number:2}  {title}" for number, title in enumerate(wearables.values(), start=1)))
    profile = _until(ask, tell, "3. Which wearable? Its number or name", proposed.profile, _one_of(tuple(wearables)))
    tell("\n   An alarm wakes you when a cramp is seen; a silent record only tells you in the morning.")
    mode = _until(ask, tell, "4. Alarm or silent?", proposed.mode, _mode)
    tell("")
    timezone = _until(ask, tell, "5. In which time zone do you sleep?", proposed.timezone, _timezone)
    return Household(wearer, site, timezone, profile, mode)


def _until(ask: Ask, tell: Tell, question: str, proposed: str, understood: Callable[[str], str]) -> str:
    while True:
        try:
            return understood(ask(f"{question} [{proposed}]: ").strip() or proposed)
        except ValueError as error:
            tell(f"   {error}")


def _name(text: str) -> str:
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"Use {ALLOWED}.")
    return text


def _one_of(names: tuple[str, ...]) -> Callable[[str], str]:
    def understood(text: str) -> str:
        if text.isdecimal() and 1 <= int(text) <= len(names):
            return names[int(text) - 1]
        if text not in names:
            raise ValueError(f"A number from 1 to {len(names)}, or one of {', '.join(names)}.")
        return text

    return understood


def _mode(text: str) -> str:
    if text.lower() not in MODES:
        raise ValueError("Write alarm or silent.")
    return MODES[text.lower()]


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("Not known; write it like Europe/Berlin or America/New_York.")
    return text
