"""What a person sends, as entries of the diary."""

from collections.abc import Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from collector.contract.messages import NS
from collector.contract.topics import Place
from crampwatch.errors import UserError
from crampwatch.moments import moment_ns
from crampwatch.page.exchange import Refused, Request
from crampwatch.page.wording import path_of
from detector.alarm.messages import Command, EveningNote, FeltCramp, Verdict

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 40
"""The largest form has fifteen."""
BY = "page"
"""Who says what is said here. Who holds the phone, the page does not know."""
MINUTE_NS = 60 * NS
EARLIEST = 2000
"""A cramp of an earlier year is a mistyped one."""

Entry = TypeVar("Entry", Command, Verdict, FeltCramp, EveningNote)


class Mistake(Exception):
    """A person wrote something that cannot be; `key` names the sentence that says what."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def fields_of(request: Request) -> dict[str, str]:
    """A form's fields, without the empty ones; raises Refused for what is no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "page.refused_form")
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "page.refused_form") from error
    return {name: value.strip() for name, value in pairs if value.strip()}


def place_in(form: Mapping[str, str], places: Sequence[Place]) -> Place:
    """The place a form is about; raises Refused for one that is not watched here."""
    for place in places:
        if path_of(place) == form.get("place"):
            return place
    raise Refused(HTTPStatus.NOT_FOUND, "page.refused_place")


def entry(kind: type[Entry], form: Mapping[str, str], names: Sequence[str], now_ns: int, **known: Any) -> Entry:
    """An entry from the fields of these names; raises Refused when they do not fit.

    A form may bring the `id` of its entry, so that sent twice it is filed once.
    """
    given = {name: form[name] for name in ("id", *names) if name in form}
    try:
        return msgspec.convert({"id": uuid4().hex, **given, "by": BY, "t_ns": now_ns, **known}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "page.refused_form") from error


def command(form: Mapping[str, str], now_ns: int) -> Command:
    """What the alarm is asked to do."""
    return entry(Command, form, ("do", "minutes", "event_id", "kind"), now_ns)


def verdict(form: Mapping[str, str], now_ns: int) -> Verdict:
    """What an event was."""
    return entry(Verdict, form, ("event_id", "verdict"), now_ns)


def felt_cramp(form: Mapping[str, str], zone: ZoneInfo, now_ns: int) -> FeltCramp:
    """A cramp somebody felt; raises Mistake when its time cannot be."""
    seconds = 60 * _number(form, "minutes") + _number(form, "seconds")
    known: dict[str, Any] = {"felt_ns": felt_ns(form, zone, now_ns)}
    if seconds:
        known["duration_s"] = seconds
    return entry(FeltCramp, form, ("pain", "leg", "muscle", "note"), now_ns, **known)


def evening_note(form: Mapping[str, str], now_ns: int) -> EveningNote:
    """What an evening was like."""
    return entry(EveningNote, form, ("night", "text", "alcohol", "coffee", "exercise", "medicine"), now_ns)


def felt_ns(form: Mapping[str, str], zone: ZoneInfo, now_ns: int) -> int:
    """When it was felt: by the wall clock where a time was written, else as many minutes ago as were chosen.

    A time without a day is the last one there was. Raises Mistake for a moment that cannot be.
    """
    if "clock" not in form:
        return now_ns - _number(form, "when") * MINUTE_NS
    written = " ".join(filter(None, (_day(form.get("day")), _clock(form["clock"]))))
    try:
        return moment_ns(written, now_ns, zone)
    except UserError as error:
        raise Mistake("page.mistake_time") from error


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Mistake("page.mistake_day") from error
    if day.year < EARLIEST:
        raise Mistake("page.mistake_day")
    return day.isoformat()


def _clock(text: str) -> str:
    """`3:12`, `03.12` or `0312` as `03:12`: whoever was just woken does not look for a colon."""
    digits = text.replace(":", "").replace(".", "").zfill(4)
    return f"{digits[:-2]}:{digits[-2:]}"


def _number(form: Mapping[str, str], name: str) -> int:
    """At most four digits; 0 where the field is empty."""
    text = form.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise Mistake("page.mistake_number")
    return int(text)
