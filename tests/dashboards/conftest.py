"""The month of nights and its diary, once in a store and once in a real InfluxDB, for all tests of a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.contract.topics import Place
from detector.store import NightStore
from tests.dashboards import sayings
from tests.dashboards.grafana import Visit, dashboards
from tests.dashboards.home import BERLIN, MORNING, NIGHTS, Night, deliver, diary_beside, seconds_after
from tests.dashboards.stored import Stored, read
from tests.support.influx import InfluxServer, bucket, influx, influx_server

__all__ = ["bucket", "influx", "influx_server"]

Look = Callable[..., Visit]


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "nights.sqlite"
    with NightStore(path) as store:
        for night in NIGHTS:
            night.file(store)
    sayings.fill(diary_beside(path))
    return path


@pytest.fixture(scope="session")
def home(influx_server: InfluxServer, store_path: Path) -> str:
    """The bucket that holds the month."""
    influx_server.create_bucket("home")
    deliver(store_path, influx_server, "home")
    return "home"


@pytest.fixture(scope="session")
def stored(store_path: Path) -> dict[Place, Stored]:
    """What the store says of each wearer's site."""
    return {found.place: found for found in read(store_path, BERLIN)}


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
