"""What a person says at the command line goes into the diary; what the alarm made of it is told."""

import getpass
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import uuid4

import msgspec

from collector.contract.messages import NS
from collector.contract.topics import Place, place
from crampwatch.config import Config
from crampwatch.errors import UserError
from detector.alarm.messages import AlarmKind, Command, Do, EveningNote, FeltCramp, Verdict
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


class Wish(NamedTuple):
    """What is asked of the alarm, by whom; for the rest see Command."""

    do: Do
    by: str
    minutes: int | None = None
    event_id: str | None = None
    kind: AlarmKind | None = None


class Told(NamedTuple):
    """What a place's alarm shows after it was asked; None where none took it up."""

    place: Place
    text: str | None


def places_of(config: Config, wearer: str | None, site: str | None) -> list[Place]:
    """The places meant: all that are configured, unless told otherwise; raises UserError when none is."""
    known = [place(sensor.wearer, sensor.site) for sensor in config.sensors]
    meant = [it for it in known if wearer in (None, it.wearer) and site in (None, it.site)]
    if not meant:
        raise UserError(f"no [[sensor]] in the settings is for {wearer or 'any wearer'} at {site or 'any site'}")
    return meant


def place_of(config: Config, wearer: str | None, site: str | None) -> Place:
    """The one place meant; raises UserError when it could be several."""
    meant = places_of(config, wearer, site)
    if len(meant) > 1:
        named = ", ".join(f"--wearer {it.wearer} --site {it.site}" for it in meant)
        raise UserError(f"several places are watched; say which is meant: {named}")
    return meant[0]


@contextmanager
def diary_of(config: Config) -> Iterator[Diary]:
    """The diary, made where there is none yet; raises UserError when it is damaged."""
    try:
        with Diary(config.diary) as diary:
            yield diary
    except BadDiary as error:
        raise UserError(str(error)) from error


def somebody(by: str | None) -> str:
    """Who speaks: the name given, or that of the user who is logged in."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have a number and no name
        return "wearer"


def ask(diary: Diary, places: Sequence[Place], wish: Wish) -> list[Told]:
    """Ask the alarms of these places, and wait for what they make of it."""
    rows = {it: diary.add(it, said(Command, **wish._asdict())) for it in places}
    deadline_s = time.monotonic() + PATIENCE_S
    while diary.obeyed < max(rows.values()) and time.monotonic() < deadline_s:
        time.sleep(POLL_S)
    obeyed = diary.obeyed
    return [Told(it, _shown(diary, it) if row <= obeyed else None) for it, row in rows.items()]


def said(kind: type[Kind], /, **fields: object) -> Kind:
    """Something said now, with an id of its own; raises UserError for a value that cannot be."""
    try:
        return msgspec.convert({"t_ns": time.time_ns(), "id": uuid4().hex, **fields}, kind)
    except msgspec.ValidationError as error:
        raise UserError(str(error)) from error


def clock(t_ns: int, config: Config) -> str:
    """A moment by the wearer's wall clock."""
    return f"{datetime.fromtimestamp(t_ns // NS, config.zone):%Y-%m-%d %H:%M:%S}"


def _shown(diary: Diary, where: Place) -> str | None:
    state = diary.state(where)
    return state.text if state else None
