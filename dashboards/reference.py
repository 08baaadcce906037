"""The reference page of the dashboards, written from the dashboards themselves."""

import re
from collections.abc import Iterable, Iterator

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from dashboards.alerts import RULES
from dashboards.panels import Query

INTRODUCTION = """# The dashboards

Generated from `dashboards/`. How to get them: [Grafana](../how-to/grafana.md). What the fields mean: [what is in
InfluxDB](influxdb.md).

Times are shown in the time zone of whoever looks. Amber and red tell of technical states only; there is no colour for
how a night was. No line is drawn across a gap. An empty panel says why it is empty.

What people say and what the alarm did comes from the diary; where no alarm runs, those panels are empty.
**Never there**: the EMG itself; points are minutes with their lowest, mean and highest value."""

ALERTS = """## Alert rules

For what is slow; the alert that wakes comes from the detector and passes neither InfluxDB nor Grafana. None is for the
outbox's lag, of which InfluxDB cannot know: when the outbox stands still, the first of these rules fires."""


def dashboards_page(dashboards: Iterable[Dashboard]) -> str:
    """The page as Markdown."""
    sections = [INTRODUCTION, *("\n".join(_section(dashboard)) for dashboard in dashboards), "\n".join(_alerts())]
    return "\n\n".join(sections) + "\n"


def _section(dashboard: Dashboard) -> Iterator[str]:
    assert dashboard.time is not None
    yield from (f"## {dashboard.title}", "", str(dashboard.description), "")
    yield f"Opens with `{dashboard.time.from_val}` to `{dashboard.time.to}`; its uid is `{dashboard.uid}`."
    yield from ("", "| panel | the question it answers | from |", "|---|---|---|")
    for panel in dashboard.panels or ():
        assert isinstance(panel, Panel)
        yield f"| {panel.title} | {panel.description} | {', '.join(_sources(panel)) or 'no data: a text'} |"


def _sources(panel: Panel) -> list[str]:
    queries = [target.query for target in panel.targets or () if isinstance(target, Query)]
    found = dict.fromkeys(re.findall(r'FROM "(\w+)"', " ".join(queries)))
    return [f"[`{name}`](influxdb.md#{name})" for name in found]


def _alerts() -> Iterator[str]:
    yield from (ALERTS, "", "| rule | fires when | for |", "|---|---|---|")
    for rule in RULES:
        asked = "; ".join(f"{chr(ord('A') + k)}: `{series.query}`" for k, series in enumerate(rule.series))
        yield f"| {rule.title} | `{rule.condition}`, {asked} | {rule.lasting} |"
