"""How each part of the stack is: broker, collectors, detector, outbox, InfluxDB."""

import urllib.request
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from collector.contract.broker import BrokerSettings, Role
from collector.contract.codec import decode_json
from collector.contract.errors import ContractError
from collector.contract.messages import NS, Ack, Status
from collector.contract.topics import Place
from crampwatch.config import Config
from crampwatch.doctor.at_home import INSTALL_INFLUX
from crampwatch.doctor.broker import PARTS
from crampwatch.doctor.broker import broker as doctors_broker
from crampwatch.doctor.finding import Finding, exit_code
from crampwatch.errors import UserError
from crampwatch.influx import opened
from crampwatch.smoke.ear import Ear
from crampwatch.words import counted, hours_and_minutes
from detector.sight import Seen
from detector.sinks.settings import InfluxSettings

PING_S = 5.0
"""For an empty answer."""
DETECTOR = "look at `docker compose logs detector`"
OUTBOX = "see `crampwatch outbox` and `docker compose logs outbox`"

Message = TypeVar("Message", bound=msgspec.Struct)


def broker(settings: BrokerSettings, places: Collection[Place]) -> list[Finding]:
    """Whether collector and detector hear each other, and whether everybody else is let in."""
    found = doctors_broker(settings, places)
    if settings.password_directory is None or settings.username or exit_code(found):
        return found  # one user for all, or trouble that is everybody's
    there = Path(settings.password_directory)
    # The viewer is the one who listens to the test event; the others need not be set up.
    others = [role for role in get_args(Role) if role not in PARTS and (role == "viewer" or (there / role).exists())]
    return found + [_enters(settings, role) for role in others]


def _enters(settings: BrokerSettings, role: Role) -> Finding:
    with Ear(settings.as_role(role)) as ear:
        if ear.trouble:
            return Finding("broker", "problem", f"{role}: {ear.trouble.says}", ear.trouble.cure, settings.address)
    return Finding("broker", "ok", f"lets {role} in", about=settings.address)


def collectors(ear: Ear, places: Collection[Place], now_ns: int) -> Iterator[Finding]:
    """What the broker has retained of each place's collector. By day none has to be there."""
    for place in places:
        blank = Finding("collector", "not asked", "", about=f"{place.wearer} {place.site}")
        status = _decoded(ear.of("status"), place, Status)
        if status is None:
            yield blank._replace(says="has never been heard of", cure="start it for the night: `crampwatch collect`")
            continue
        reason = f" ({status.reason})" if status.reason else ""
        yield blank._replace(state="ok", says=f"{status.state}{reason}, said {_ago(status.t_ns, now_ns)} ago")


def detector(ear: Ear, places: Collection[Place], late_after_s: float, now_ns: int) -> Iterator[Finding]:
    """What the detector said last of each place; while a collector is there it must be recent.

    It says nothing by day: whether it lives is then told by the test event.
    """
    for place in places:
        blank = Finding("detector", "not asked", "", about=f"{place.wearer} {place.site}")
        seen, ack = _decoded(ear.of("watch"), place, Seen), _decoded(ear.of("ack"), place, Ack)
        status = _decoded(ear.of("status"), place, Status)
        age_s = (now_ns - ack.t_ns) / NS if ack else None
        if status and status.state == "online" and (age_s is None or age_s > late_after_s):
            since = "not a word" if age_s is None else f"no word for {hours_and_minutes(age_s)}"
            yield blank._replace(state="problem", says=f"{since} while the collector is there", cure=DETECTOR)
        elif seen is None:
            yield blank._replace(says="has said nothing yet", cure="the test event tells whether it lives")
        else:
            filed = f"; last filed something {_ago(ack.t_ns, now_ns)} ago" if ack else ""
            yield blank._replace(state="ok", says=f"{seen.state} for {_ago(seen.since_ns, now_ns)}{filed}")


def outbox(config: Config) -> Finding:
    """How far the nights have got to InfluxDB."""
    if not config.store.exists():
        return Finding("outbox", "not asked", "there is no night store yet", "the detector makes it: start it")
    try:
        with opened(config) as (feed, state):
            waiting, refused, trouble = feed.waiting(state.seq), state.refused(), state.trouble()
    except UserError as error:
        return Finding("outbox", "problem", "the night store cannot be read", OUTBOX, str(error))
    if trouble:
        since = datetime.fromtimestamp(trouble.since_ns / NS, config.zone)
        return Finding("outbox", "problem", f"sends nothing since {since:%Y-%m-%d %H:%M}: {trouble.reason}", OUTBOX)
    behind = "everything is sent" if not waiting else f"{counted(waiting, 'minute')} of the nights still to be sent"
    if refused:
        says = f"{behind}; InfluxDB refused {counted(refused, 'point')}"
        return Finding("outbox", "warning", says, "`crampwatch outbox` shows them")
    return Finding("outbox", "ok", behind)


def influxdb(settings: InfluxSettings, seen_from_here: str | None) -> list[Finding]:
    """Whether InfluxDB answers, and takes the outbox's token. `seen_from_here` is its address from this machine."""
    here = msgspec.structs.replace(settings, url=seen_from_here or settings.url)
    try:
        with urllib.request.urlopen(f"{here.url.rstrip('/')}/ping", timeout=PING_S) as answer:
            version = answer.headers.get("X-Influxdb-Version", "of a version it does not tell")
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        says = f"does not answer ({getattr(reason, 'strerror', None) or reason or 'not in time'})"
        cure = "look at `docker compose ps influxdb`, or name its address from here: --influxdb"
        return [Finding("InfluxDB", "problem", says, cure, here.url)]
    return [Finding("InfluxDB", "ok", f"answers, {version}", about=here.url), _token(here)]


def _token(settings: InfluxSettings) -> Finding:
    if find_spec("influxdb_client") is None:  # the outbox may have it in its container, and this machine not
        return Finding("database", "not asked", "the program's InfluxDB part is not installed", INSTALL_INFLUX)
    from crampwatch.doctor.database import database  # imports the client

    return database(settings)


def _decoded(heard: Mapping[Place, bytes], place: Place, kind: type[Message]) -> Message | None:
    try:
        return decode_json(heard[place], kind) if place in heard else None
    except ContractError:
        return None


def _ago(t_ns: int, now_ns: int) -> str:
    return hours_and_minutes(max(0, now_ns - t_ns) / NS)
