"""What the dashboards have in common: variables, links to each other, and where their panels lie."""

from collections.abc import Sequence
from typing import NamedTuple

from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardDashboardTime,
    DashboardLink,
    DashboardLinkType,
    Panel,
    VariableModel,
    VariableRefresh,
    VariableSort,
    VariableType,
)

from dashboards.influxql import OVERLAPS, named, select
from dashboards.panels import DATASOURCE, Query
from detector.sinks.influx_schema import NIGHT, Measurement

COLUMNS = 24
LONG_AGO = "400d"
"""How far back a wearer is still offered: a year and a bit. 3 Core would otherwise offer those of the last day."""
TITLES = {
    "crampwatch-morning": "Morning",
    "crampwatch-trend": "Trend",
    "crampwatch-live": "Live",
    "crampwatch-technical": "Technical",
}
ABOUT_A_NIGHT = ("crampwatch-morning", "crampwatch-technical")
"""Links between these keep the time shown. The other two have a span of their own: ten minutes would be no trend."""
WEARERS = f'SHOW TAG VALUES FROM "{NIGHT.name}" WITH KEY = "wearer" WHERE time > now() - {LONG_AGO}'
SITES = named(
    NIGHT,
    f'SHOW TAG VALUES FROM "{NIGHT.name}" WITH KEY = "site"'
    f" WHERE {{wearer}} = '${{{{wearer:raw}}}}' AND time > now() - {LONG_AGO}",
)


class Span(NamedTuple):
    """The time shown when a dashboard is opened, and how often it is asked for anew."""

    start: str
    end: str
    refresh: str = ""


def page(
    uid: str,
    about: str,
    span: Span,
    panels: Sequence[Panel],
    *,
    variables: Sequence[VariableModel] = (),
    annotations: Sequence[AnnotationQuery] = (),
) -> Dashboard:
    """A dashboard; its panels flow from left to right in the order given."""
    return Dashboard(
        uid=uid,
        title=TITLES[uid],
        description=about,
        tags=["crampwatch"],
        timezone="browser",
        editable=False,
        graph_tooltip=DashboardCursorSync.CROSSHAIR,
        time=DashboardDashboardTime(span.start, span.end),
        refresh=span.refresh,
        panels=list(_laid_out(panels)),
        templating=DashboardDashboardTemplating([wearer(), site(), *variables]),
        annotations=AnnotationContainer(list(annotations)),
        links=[_link(uid, other) for other in TITLES if other != uid],
    )


def wearer() -> VariableModel:
    """Whose nights are shown."""
    return _variable("wearer", "Wearer", WEARERS, VariableRefresh.ON_DASHBOARD_LOAD, VariableSort.ALPHABETICAL_ASC)


def site() -> VariableModel:
    """Which leg, or muscle, of the wearer's."""
    return _variable("site", "Site", SITES, VariableRefresh.ON_DASHBOARD_LOAD, VariableSort.ALPHABETICAL_ASC)


def night() -> VariableModel:
    """Which of the nights in the time shown; the latest is chosen. With one night shown there is but one."""
    query = select(NIGHT, "{night}", OVERLAPS)
    return _variable("night", "Night", query, VariableRefresh.ON_TIME_RANGE_CHANGED, VariableSort.ALPHABETICAL_DESC)


def annotation(
    name: str, measurement: Measurement, query: str, text: str, colour: str, *, shown: bool = True
) -> AnnotationQuery:
    """Stretches drawn over the curves, from their time to their `end_ms`, with `text` to read."""
    found = AnnotationQuery(
        name, DATASOURCE, enable=shown, icon_color=colour, target=Stretches(query, measurement, text)
    )
    found.placement = ""  # beside the variables, to be switched on and off, and not in a menu
    return found


class Stretches(Query):
    """The query of an annotation; its text and end come from the fields named."""

    def __init__(self, query: str, measurement: Measurement, text: str) -> None:
        super().__init__(query, ref_id="Anno")
        for name in (text, "end_ms"):
            if name not in measurement.fields:
                raise KeyError(name)
        self._text = text

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        columns = {"textColumn": self._text, "timeEndColumn": "end_ms", "titleColumn": "", "tagsColumn": ""}
        return {**super().to_json(), **columns, "fromAnnotations": True, "queryType": "tags"}


def _variable(name: str, label: str, query: str, refresh: VariableRefresh, sort: VariableSort) -> VariableModel:
    return VariableModel(
        VariableType.QUERY,
        name,
        label,
        query=query,
        definition=query,
        datasource=DATASOURCE,
        refresh=refresh,
        sort=sort,
        allow_custom_value=False,
    )


def _link(uid: str, other: str) -> DashboardLink:
    keeps_time = {uid, other} == set(ABOUT_A_NIGHT)
    link = DashboardLink(
        TITLES[other], DashboardLinkType.LINK, "dashboard", url=f"/d/{other}", include_vars=True, keep_time=keeps_time
    )
    link.placement = ""  # above the panels, not in a menu
    return link


def _laid_out(panels: Sequence[Panel]) -> Sequence[Panel]:
    x = y = row_height = 0
    for number, panel in enumerate(panels, 1):
        assert panel.grid_pos is not None
        if x + panel.grid_pos.w > COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        panel.id_val, panel.grid_pos.x, panel.grid_pos.y = number, x, y
        x, row_height = x + panel.grid_pos.w, max(row_height, panel.grid_pos.h)
    return panels
