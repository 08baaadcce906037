"""What a person says at the command line goes into the diary; what the alarm made of it is told."""

import getpass
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import uuid4

import msgspec

from collector.contract.messages import NS
from collector.contract.topics import Place, place
from crampwatch.config import Config
from crampwatch.errors import UserError
from crampwatch.meant import Meant
from detector.alarm.messages import Command, EveningNote, FeltCramp, Verdict
from detector.diary.diary import Diary
from detector.diary.schema import BadDiary

PATIENCE_S = 3.0
"""The alarm looks into the diary ten times a second; one that does not answer in this time is not running, or stuck."""
POLL_S = 0.05
NOT_RUNNING = (
    "it is noted, and no alarm has taken it up: none is running on this computer. `crampwatch night` starts one. "
    "Whatever is asked for is forgotten after two minutes"
)

Kind = TypeVar("Kind", Command, Verdict, FeltCramp, EveningNote)


class Told(NamedTuple):
    """What a place's alarm shows after it was asked; None where none took it up."""

    place: Place
    text: str | None


def places_of(config: Config, meant: Meant) -> list[Place]:
    """The places meant, of all that are configured; raises UserError when none is."""
    known = [place(sensor.wearer, sensor.site) for sensor in config.sensors]
    places = [it for it in known if meant.wearer in (None, it.wearer) and meant.site in (None, it.site)]
    if not places:
        wearer, site = meant.wearer or "any wearer", meant.site or "any site"
        raise UserError(f"no [[sensor]] in the settings is for {wearer} at {site}")
    return places


def place_of(config: Config, meant: Meant) -> Place:
    """The one place meant; raises UserError when it could be several."""
    places = places_of(config, meant)
    if len(places) > 1:
        named = ", ".join(f"--wearer {it.wearer} --site {it.site}" for it in places)
        raise UserError(f"several places are watched; say which is meant: {named}")
    return places[0]


@contextmanager
def diary_of(config: Config) -> Iterator[Diary]:
    """The diary, made where there is none yet; raises UserError when it is damaged, or takes nothing."""
    try:
        with Diary(config.diary) as diary:
            yield diary
    except BadDiary as error:
        raise UserError(str(error)) from error
    except sqlite3.OperationalError as error:
        raise UserError(f"{config.diary}: nothing was noted ({error}); make room, and say it again") from error


def ask(diary: Diary, commands: Mapping[Place, Command]) -> list[Told]:
    """Ask the alarms of these places, and wait for what they make of it."""
    rows = {it: diary.add(it, command) for it, command in commands.items()}
    deadline_s = time.monotonic() + PATIENCE_S
    while diary.obeyed < max(rows.values()) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    obeyed = diary.obeyed
    return [Told(it, _shown(diary, it) if row <= obeyed else None) for it, row in rows.items()]


def said(kind: type[Kind], by: str | None, /, **fields: object) -> Kind:
    """Something said now, by default by the user who is logged in, with an id of its own.

    Raises UserError for a value that cannot be.
    """
    try:
        return msgspec.convert({"t_ns": time.time_ns(), "id": uuid4().hex, "by": by or _user(), **fields}, kind)
    except msgspec.ValidationError as error:
        raise UserError(str(error)) from error


def clock(t_ns: int, config: Config) -> str:
    """A moment by the wearer's wall clock."""
    return f"{datetime.fromtimestamp(t_ns // NS, config.zone):%Y-%m-%d %H:%M:%S}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have a number and no name
        return "wearer"


def _shown(diary: Diary, where: Place) -> str | None:
    state = diary.state(where)
    return state.text if state else None
