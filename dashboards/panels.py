"""The panels the dashboards are made of: Grafana's own panel types, each with the settings all of ours share.

Colours: amber and red tell of technical states only, what concerns health is grey and blue. No panel joins over a gap.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import bargauge, histogram, stat, statetimeline, table, text, timeseries, xychart
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    ReduceDataOptions,
    ScaleDistribution,
    ScaleDistributionConfig,
    StackingConfig,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizLegendOptions,
    VizOrientation,
    VizTextDisplayOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardFieldConfigSourceOverrides,
    DashboardRangeMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColor,
    FieldColorModeId,
    FieldConfig,
    FieldConfigSource,
    GridPos,
    MatcherConfig,
    Panel,
    RangeMap,
    Threshold,
    ThresholdsConfig,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from dashboards.influxql import EACH, SHOWN, select
from detector.sinks.influx_schema import Measurement

DATASOURCE = DataSourceRef(type_val="influxdb", uid="crampwatch")
GRAFANA = "13.0.0"
"""Of which version the panels' settings are. Without it Grafana takes an XY chart for one of its first format."""
MINUTE = "1m"
"""The store's points are a minute apart."""
POINTS = 2000
"""So that a night of up to 33 h is shown by the minute, however narrow the screen."""
NOTHING = "Nothing in the time shown. If there should be: `crampwatch outbox` tells whether nights reach InfluxDB."

UNKNOWN = "-"
"""For a single cell: without it Grafana writes there what the whole panel says when it is empty."""

GREY, BLUE, AMBER, RED = "#8e8e8e", "#5794f2", "orange", "red"
HIDDEN: dict[str, object] = {"custom.hidden": True, "custom.hideFrom": {"viz": True, "legend": True, "tooltip": True}}
"""A table's column, for Grafana up to 11 and from 12 on."""
WRAPPED: dict[str, object] = {"custom.cellOptions": {"type": "auto", "wrapText": True}, "custom.wrapText": True}
"""Long words in a table's column, for the same two."""
Mappings = Mapping[str | tuple[float | None, float | None], tuple[str, str]]
"""A text, or a range from and up to, -> the words for it and their colour."""
NO_WORDS: Mappings = MappingProxyType({})
SECONDS, HOURS = "sec", "hours"
"""No ids of Grafana's, so that it writes them behind the number as they are: its own `s` and `h` make 1.57 mins of 94 s
and 1 week of 200 h."""
SENTENCE_PX = 18
"""Grafana makes type as small as it must for a single line; of a size that is told, lines break."""
ALL_BUT_TIME = "(?!Time$).*"
"""As `field` of a value: every series, of numbers or words."""


class Query(Dataquery):
    """One InfluxQL query; the SDK has no model of it. `alias` names its series, None asks for a table."""

    def __init__(self, query: str, alias: str | None = None, ref_id: str = "A") -> None:
        self.query = query
        self.alias = alias
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps it."""
        kept = {
            "datasource": DATASOURCE,
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": "table" if self.alias is None else "time_series",
        }
        return kept if self.alias is None else {**kept, "alias": self.alias}


def curve(measurement: Measurement, what: str, name: str, *where: str, by: str = "") -> Query:
    """A value for each pixel or minute of the time shown; `by` a tag gives a curve for each of its values."""
    return Query(select(measurement, what, SHOWN, *where, each=EACH, by=by), name)


class Says(NamedTuple):
    """What a panel is about: its title, the question it answers, and what it says when there is nothing."""

    title: str
    question: str
    nothing: str = NOTHING


class Size(NamedTuple):
    """Of the 24 columns, and rows of 38 pixels."""

    width: int
    height: int


class Column(NamedTuple):
    """How a table's column is shown; `link` is a title and where it leads."""

    title: str
    unit: str | None = None
    width: int | None = None
    link: tuple[str, str] | None = None
    words: Mappings = NO_WORDS
    decimals: int | None = None


def value(
    says: Says,
    size: Size,
    query: Query,
    *,
    field: str = "",
    unit: str | None = None,
    decimals: float | None = None,
    amber_from: float | None = None,
    red_from: float | None = None,
    words: Mappings = NO_WORDS,
    sentence: bool = False,
) -> Panel:
    """One or a few figures in large type; `field` is needed for those that are words."""
    options = stat.Options(
        text=VizTextDisplayOptions(value_size=SENTENCE_PX) if sentence else None,
        graph_mode=BigValueGraphMode.NONE,
        color_mode=BigValueColorMode.NONE if amber_from is None and not words else BigValueColorMode.VALUE,
        reduce_options=_latest(field),
        orientation=VizOrientation.AUTO,
    )
    config = FieldConfig(
        unit=unit, decimals=decimals, mappings=_mappings(words), thresholds=_steps(amber_from, red_from)
    )
    return _panel("stat", says, size, [query], options, config)


def gauge(says: Says, size: Size, query: Query, *, unit: str, enough: float, full: float) -> Panel:
    """A bar up to what is full; amber below what is enough."""
    options = bargauge.Options(
        reduce_options=_latest(""),
        orientation=VizOrientation.HORIZONTAL,
        display_mode=BarGaugeDisplayMode.BASIC,  # of one colour: a gradient from amber is amber in the best of nights
    )
    steps = ThresholdsConfig(ThresholdsMode.ABSOLUTE, [Threshold(None, AMBER), Threshold(enough, BLUE)])
    config = FieldConfig(unit=unit, decimals=0, min_val=0, max_val=full, thresholds=steps)
    return _panel("bargauge", says, size, [query], options, config)


def rows(
    says: Says, size: Size, query: Query, columns: Mapping[str, Column], *, hidden: Sequence[str] = ("Time",)
) -> Panel:
    """A table of the columns in their order; the hidden ones are there for links to take their parameters from."""
    panel = _panel("table", says, size, [query], table.Options(), FieldConfig())
    shown = [_override(name, _shown(column)) for name, column in columns.items()]
    assert panel.field_config is not None
    panel.field_config.overrides = shown + [_override(name, HIDDEN) for name in hidden]
    order = {name: index for index, name in enumerate([*columns, *hidden])}
    panel.transformations = [DataTransformerConfig("organize", options={"indexByName": order})]
    return panel


def lines(
    says: Says,
    size: Size,
    queries: Sequence[Query],
    *,
    unit: str,
    style: GraphDrawStyle = GraphDrawStyle.LINE,
    low: float | None = None,
    high: float | None = None,
    smallest: str = MINUTE,
    log: bool = False,
    stacked: bool = False,
) -> Panel:
    """Curves, bars or points over time; gaps stay gaps. `stacked` puts one on top of the other."""
    custom = timeseries.FieldConfig(
        draw_style=style,
        line_width=1,
        point_size=8,
        fill_opacity=60 if style is GraphDrawStyle.BARS else 0,
        show_points=VisibilityMode.ALWAYS if style is GraphDrawStyle.POINTS else VisibilityMode.AUTO,
        span_nulls=False,
        scale_distribution=ScaleDistributionConfig(ScaleDistribution.LOG, log=10) if log else None,
        stacking=StackingConfig(StackingMode.NORMAL, group="A") if stacked else None,
    )
    options = timeseries.Options(legend=_legend(), tooltip=VizTooltipOptions(mode=TooltipDisplayMode.MULTI))
    config = FieldConfig(unit=unit, min_val=low, max_val=high, custom=custom)
    return _over_time("timeseries", says, size, queries, options, config, smallest)


def states(says: Says, size: Size, queries: Sequence[Query], words: Mappings) -> Panel:
    """Rows of states over time, each in words."""
    options = statetimeline.Options(show_value=VisibilityMode.AUTO, legend=_legend(), row_height=0.8)
    config = FieldConfig(
        mappings=_mappings(words),
        custom=statetimeline.FieldConfig(fill_opacity=80, span_nulls=False),
        color=FieldColor(FieldColorModeId.FIXED, GREY),
    )
    return _over_time("state-timeline", says, size, queries, options, config, MINUTE)


def dots(says: Says, size: Size, filled: Query, hollow: Query, *, unit: str, hollow_name: str) -> Panel:
    """Points on the calendar that nothing joins; those of the second query are hollow and grey."""
    x = xychart.XychartXYSeriesConfigX(xychart.MatcherConfig("byType", "time"))
    options = xychart.Options(
        mapping=xychart.SeriesMapping.AUTO,
        series=[xychart.XYSeriesConfig(x=x)],
        legend=_legend(),
        tooltip=VizTooltipOptions(mode=TooltipDisplayMode.SINGLE),
    )
    custom = xychart.FieldConfig(
        show=xychart.XYShowMode.POINTS,
        point_size=xychart.XychartFieldConfigPointSize(fixed=8),
        point_stroke_width=2,
        point_shape=xychart.PointShape.CIRCLE,
        fill_opacity=100,
    )
    config = FieldConfig(unit=unit, min_val=0, custom=custom, color=FieldColor(FieldColorModeId.FIXED, BLUE))
    panel = _panel("xychart", says, size, _numbered([filled, hollow]), options, config)
    assert panel.field_config is not None
    panel.field_config.overrides = [
        _override(hollow_name, {"custom.fillOpacity": 0, "color": FieldColor(FieldColorModeId.FIXED, GREY)})
    ]
    return panel


def distribution(says: Says, size: Size, query: Query, *, bucket: int) -> Panel:
    """How many values fall into each bucket."""
    options = histogram.Options(bucket_count=None, bucket_size=bucket, legend=_legend())
    return _panel("histogram", says, size, [query], options, FieldConfig(custom=histogram.FieldConfig()))


def words(title: str, size: Size, markdown: str) -> Panel:
    """A text."""
    options = text.Options(mode=text.TextMode.MARKDOWN, content=markdown)
    return Panel("text", title=title, description=title, grid_pos=_grid(size), options=options)


def _panel(kind: str, says: Says, size: Size, queries: Sequence[Query], options: object, config: FieldConfig) -> Panel:
    config.no_value = says.nothing
    return Panel(
        kind,
        plugin_version=GRAFANA,
        targets=list(queries),
        title=says.title,
        description=says.question,
        datasource=DATASOURCE,
        grid_pos=_grid(size),
        options=options,
        field_config=FieldConfigSource(config, []),
    )


def _over_time(
    kind: str, says: Says, size: Size, queries: Sequence[Query], options: object, config: FieldConfig, smallest: str
) -> Panel:
    panel = _panel(kind, says, size, _numbered(queries), options, config)
    panel.interval, panel.max_data_points = smallest, POINTS
    return panel


def _grid(size: Size) -> GridPos:
    return GridPos(h=size.height, w=size.width)


def _numbered(queries: Sequence[Query]) -> list[Query]:
    return [Query(query.query, query.alias, chr(ord("A") + index)) for index, query in enumerate(queries)]


def _latest(field: str) -> ReduceDataOptions:
    """Of numbers, which is what an empty `fields` means, or of one field of any type."""
    return ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=f"/^{field}$/" if field else "")


def _legend() -> VizLegendOptions:
    return VizLegendOptions(LegendDisplayMode.LIST, LegendPlacement.BOTTOM, show_legend=True, calcs=[])


def _steps(amber_from: float | None, red_from: float | None) -> ThresholdsConfig:
    """Always told, since Grafana's own default is red from 80 on."""
    told = [(amber_from, AMBER), (red_from, RED)]
    steps = [Threshold(None, GREY), *(Threshold(start, colour) for start, colour in told if start is not None)]
    return ThresholdsConfig(ThresholdsMode.ABSOLUTE, steps)


def _mappings(words: Mappings) -> list[Any]:
    texts = {key: said for key, said in words.items() if isinstance(key, str)}
    ranges = [(key, said) for key, said in words.items() if not isinstance(key, str)]
    values = {key: ValueMappingResult(said, colour, index=k) for k, (key, (said, colour)) in enumerate(texts.items())}
    found: list[Any] = [ValueMap(values)] if values else []
    for index, ((start, end), (said, colour)) in enumerate(ranges, len(texts)):
        found.append(RangeMap(DashboardRangeMapOptions(start, end, ValueMappingResult(said, colour, index=index))))
    return found


def _shown(column: Column) -> dict[str, object]:
    shown: dict[str, object] = {"displayName": column.title, "noValue": UNKNOWN}
    if column.unit:
        shown["unit"] = column.unit
    if column.decimals is not None:
        shown["decimals"] = column.decimals
    shown |= {"custom.width": column.width} if column.width else WRAPPED
    if column.link:
        shown["links"] = [{"title": column.link[0], "url": column.link[1]}]
    if column.words:
        shown["mappings"] = _mappings(column.words)
    return shown


def _override(name: str, properties: Mapping[str, object]) -> DashboardFieldConfigSourceOverrides:
    values = [DynamicConfigValue(key, value) for key, value in properties.items()]
    return DashboardFieldConfigSourceOverrides(matcher=MatcherConfig("byName", name), properties=values)
