"""Where each message goes: `crampwatch/v1/<wearer>/<site>/<what>`."""

import re
from typing import NamedTuple

from collector.contract.errors import BadTopic
from collector.contract.messages import STREAMS, StreamKind
from collector.contract.names import PATTERN

ROOT = "crampwatch/v1"
ALARM = f"{ROOT}/alarm"
"""Whether the alarm is there: `online` or `offline`, retained, and its last will. Of no place: `parse` refuses it."""
_NAME = re.compile(PATTERN)


class Place(NamedTuple):
    """Who wears the sensor, and where."""

    wearer: str
    site: str

    def topic(self, what: str) -> str:
        """The topic of one kind of message of this wearer and site."""
        return f"{ROOT}/{self.wearer}/{self.site}/{what}"


def place(wearer: str, site: str) -> Place:
    """A checked Place; raises BadTopic for names that would not be safe as topic levels."""
    for role, name in (("wearer", wearer), ("site", site)):
        if not _NAME.fullmatch(name):
            raise BadTopic(f"{role} {name!r} must be 1 to 64 of the characters a-z, 0-9, _ and -")
    return Place(wearer, site)


def parse(topic: str) -> tuple[Place, str]:
    """Split a topic into its place and what is published there; raises BadTopic."""
    levels = topic.split("/", 4)
    if len(levels) != 5 or "/".join(levels[:2]) != ROOT:
        raise BadTopic(f"{topic!r} is not of the form {ROOT}/<wearer>/<site>/<what>")
    return place(levels[2], levels[3]), levels[4]


def stream_of(what: str) -> StreamKind | None:
    """The stream whose sample blocks are published under `what`, if it is one."""
    return next((stream for stream in STREAMS if stream == what), None)


def everywhere(what: str) -> str:
    """The subscription filter for one kind of message from every wearer and site."""
    return f"{ROOT}/+/+/{what}"
