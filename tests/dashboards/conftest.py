"""The month of nights, once in a store and once in a real InfluxDB, for all tests of a run."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from detector.sinks.influx import InfluxSink
from detector.sinks.night_feed import NightFeed
from detector.sinks.outbox import Outbox
from detector.sinks.outbox_state import OutboxState
from detector.store import NightStore
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import BERLIN, MORNING, NIGHTS, Night, seconds_after
from tests.support.influx import InfluxServer, bucket, influx, influx_server

__all__ = ["bucket", "influx", "influx_server"]

Look = Callable[..., Visit]


def deliver(store: Path, server: InfluxServer, bucket: str) -> None:
    """Let the outbox pass on everything that is in the store."""
    settings = server.settings(bucket)
    with (
        closing(NightFeed(store, BERLIN)) as feed,
        closing(InfluxSink(settings)) as sink,
        closing(OutboxState(store.with_name(f"{bucket}.outbox"), settings.name, feed.store_id)) as state,
    ):
        outbox = Outbox(feed, state, sink, settings.poll_s)
        while outbox.step() == 0.0:
            pass
        assert not state.trouble()
        assert not state.refused()


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "nights.sqlite"
    with NightStore(path) as store:
        for night in NIGHTS:
            night.file(store)
    return path


@pytest.fixture(scope="session")
def home(influx_server: InfluxServer, store_path: Path) -> str:
    """The bucket that holds the month."""
    influx_server.create_bucket("home")
    deliver(store_path, influx_server, "home")
    return "home"


@pytest.fixture
def store(store_path: Path) -> Iterator[NightStore]:
    with NightStore(store_path, read_only=True) as opened:
        yield opened


@pytest.fixture
def look(influx: InfluxServer, home: str) -> Look:
    """Look at a dashboard in the morning, or for a night as one does after clicking it in the table of nights."""

    def visit(name: str, night: Night | None = None) -> Visit:
        dashboard = dashboards()[f"crampwatch-{name}"]
        if night is None:
            return Visit(influx, home, dashboard, MORNING, {"wearer": "w1"})
        chosen = {"wearer": night.place.wearer, "site": night.place.site, "night": night.evening.isoformat()}
        span = seconds_after(night, -night.hours * 3600), seconds_after(night, 0)
        return Visit(influx, home, dashboard, MORNING, chosen, span)

    return visit
