"""The round: each part, then the dashboards' queries, then the way of an event."""

import time
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from collector.contract.topics import place
from crampwatch.config import Config
from crampwatch.doctor.finding import Finding, exit_code
from crampwatch.doctor.storage import night_store
from crampwatch.errors import UserError
from crampwatch.smoke import dashboards, event, parts
from crampwatch.smoke.ear import Ear
from crampwatch.smoke.grafana_api import DATA_SOURCE, Grafana, GrafanaTrouble
from crampwatch.smoke.panels import panels
from crampwatch.stack.home import INFLUX

PUBLISHED = "http://127.0.0.1:8086"
"""Where docker-compose.yml makes its InfluxDB reachable for the machine itself."""
TEST_IT = "*Connections, Data sources, crampwatch, Test* in Grafana; mostly it is the password, or the bucket's name"
NOT_PROVISIONED = "is crampwatch/stack/grafana where Grafana's provisioning looks? See `docker compose logs grafana`"


class Choices(NamedTuple):
    """What the person has named; `influxdb` is its address from this machine, `days_ago` None for no test event."""

    grafana: str
    user: str
    password_file: Path
    influxdb: str | None
    dashboards: Path
    days_ago: int | None
    patience_s: float


def whole_stack(config: Config, choices: Choices) -> Iterator[Finding]:
    """Everything, in the order in which it depends on each other; raises UserError without a broker to ask."""
    broker = config.named_broker
    places = [place(sensor.wearer, sensor.site) for sensor in config.sensors]
    if event.PLACE.wearer in [wearer for wearer, _ in places]:
        raise UserError(f"the wearer {event.PLACE.wearer} is reserved for test events: choose another pseudonym")
    found = parts.broker(broker, places)
    yield from found
    audible = not exit_code(found)
    if audible:
        with Ear(broker.as_role("viewer")) as ear:
            now_ns = time.time_ns()
            yield from parts.collectors(ear, places, now_ns)
            yield from parts.detector(ear, places, config.detection.late_after_s, now_ns)
    yield night_store(config.store)
    grafana = yield from from_store_to_screen(config, choices)
    if not audible or choices.days_ago is None:
        says = "not sent, as you wished" if audible else "cannot be sent: see above about the broker"
        yield event.BLANK._replace(state="not asked", says=says)
        return
    with Ear(broker.as_role("viewer")) as ear:
        yield from event.way(config, ear, grafana, choices.days_ago, choices.patience_s)


def from_store_to_screen(config: Config, choices: Choices) -> Generator[Finding, None, Grafana | None]:
    """Outbox, InfluxDB, Grafana; returns the latter where its queries work."""
    if config.influx is None:
        yield Finding("InfluxDB", "not asked", "none is configured; so neither is Grafana", "see [influx]")
        return None
    yield parts.outbox(config)
    here = choices.influxdb or (PUBLISHED if config.influx.url == INFLUX["url"] else config.influx.url)
    yield from parts.influxdb(config.influx, here)
    try:
        password = choices.password_file.read_text().strip()
    except OSError as error:
        says = f"the password of {choices.user} cannot be read ({error.strerror})"
        yield Finding("Grafana", "problem", says, "name its file with --password-file", str(choices.password_file))
        return None
    grafana = Grafana(choices.grafana, choices.user, password)
    try:
        return grafana if (yield from _grafana(grafana, choices.dashboards, datetime.now(config.zone))) else None
    except GrafanaTrouble as trouble:
        yield Finding("Grafana", "problem", trouble.says, trouble.cure, grafana.url)
        return None


def _grafana(grafana: Grafana, shipped: Path, now: datetime) -> Generator[Finding, None, bool]:
    """Grafana itself, its data source, dashboards and their queries; returns whether the data source works."""
    health = grafana.health()
    told = Finding("Grafana", "ok", f"answers, {health.get('version', 'of a version it hides')}", about=grafana.url)
    if health.get("database") != "ok":
        yield told._replace(state="problem", says="its own database is not well", cure="`docker compose logs grafana`")
        return False
    yield told
    uid = DATA_SOURCE["uid"]
    if not grafana.has_data_source(uid):
        yield Finding("data source", "problem", f"there is none of the uid {uid}", NOT_PROVISIONED)
        return False
    works, says = grafana.data_source_health(uid)
    yield Finding("data source", "ok" if works else "problem", says, "" if works else TEST_IT)
    there = dashboards.present(grafana)
    yield from dashboards.as_shipped(there, shipped)
    if works:
        yield from panels(grafana, there, now)
    return works
