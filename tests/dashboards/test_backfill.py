"""What the dashboards show follows from night store and diary, whatever became of InfluxDB or was judged anew."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from detector.sinks.influx import InfluxSink
from detector.sinks.outbox import backfill
from detector.store import NightStore
from tests.dashboards import sayings
from tests.dashboards.grafana import Json, Visit, dashboards
from tests.dashboards.home import (
    CLOCKS_BACK,
    GOING_ON,
    LAST,
    MORNING,
    OCTOBER,
    QUIET,
    STRANGE,
    at_home,
    deliver,
    diary_beside,
)
from tests.support.influx import InfluxServer

NIGHTS = [OCTOBER[18], CLOCKS_BACK, QUIET, STRANGE, LAST, GOING_ON]


def shown(influx: InfluxServer, bucket: str) -> Iterator[tuple[str, str, str, list[Json]]]:
    """Whatever any panel shows, of both wearers, in the morning and while a night goes on."""
    for uid, dashboard in dashboards().items():
        for wearer in ("w1", "ann-e_2"):
            for now in (MORNING, MORNING.replace(hour=1)):
                visit = Visit(influx, bucket, dashboard, now, {"wearer": wearer})
                yield from ((uid, wearer, title, series) for title, series in visit.everything())


CONTRACTIONS = {
    "crampwatch-morning": ("Cramps of the night", "Rejected in the night", "Alert after onset"),
    "crampwatch-trend": ("Length of each cramp", "Hour of the night"),
}
"""Panels of contractions alone, empty when there is none."""
SAID = ("ended", "it lasted", "2 cramps")
"""What the timeline, the marks over the curves, and the sentences say of LAST's cramps."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "nights.sqlite"


def test_a_database_deleted_in_the_middle_and_filled_again_shows_what_it_showed_before(
    influx: InfluxServer, bucket: str, store: Path
) -> None:
    for night in NIGHTS:
        with NightStore(store) as opened:
            night.file(opened)
        deliver(store, influx, bucket)
    sayings.fill(diary_beside(store))
    deliver(store, influx, bucket)
    before = list(shown(influx, bucket))
    assert any(series for *_, series in before)

    influx.query(f'DROP DATABASE "{bucket}"')
    influx.create_bucket(bucket)
    assert not any(series for *_, series in shown(influx, bucket))
    with at_home(store, "again", "backfill") as home, closing(InfluxSink(influx.settings(bucket))) as sink:
        for source in home.sources:
            list(backfill(*source, sink))
    assert list(shown(influx, bucket)) == before


def test_what_judging_anew_took_back_is_on_no_panel(influx: InfluxServer, bucket: str, store: Path) -> None:
    def told() -> set[str]:
        """The panels and marks that know of a contraction."""
        found = set()
        for uid in ("crampwatch-morning", "crampwatch-trend"):
            visit = Visit(influx, bucket, dashboards()[uid], MORNING)
            found |= {title for title, series in visit.everything() if any(word in str(series) for word in SAID)}
            found |= {title for title in CONTRACTIONS[uid] if any(answer.series for answer in visit.panel(title))}
        return found

    with NightStore(store) as opened:
        LAST.file(opened)
    deliver(store, influx, bucket)
    assert told() >= {
        "The night by the minute",
        "Cramps",
        *CONTRACTIONS["crampwatch-morning"],
        *CONTRACTIONS["crampwatch-trend"],
    }

    with NightStore(store) as opened:
        opened.forget(LAST.place, LAST.info.session)
        replace(LAST, cramps=(), candidates=()).file(opened)
    deliver(store, influx, bucket)
    assert told() == set()
