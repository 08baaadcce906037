// Each kind of panel, drawn by Grafana's own component where npm has it, else by a stand-in.
const React = require("react");
const { dateTime, getFieldDisplayValues, renderMarkdown } = require("@grafana/data");
const { BarGauge, BigValue, TimeSeries, VizRepeater } = require("@grafana/ui");
const { TableNG } = require("@grafana/ui/unstable");
const { fieldConfigOf } = require("./frames");
const { Dots, Histogram, StateTimeline } = require("./stand_ins");

const SPACE_BETWEEN_VALUES = 8;

function timeRange({ from, to }) {
  const range = { from: dateTime(from), to: dateTime(to) };
  return { ...range, raw: range };
}

// Grafana draws the regions of annotations over a chart the same way: on uPlot's canvas, behind the curves.
function drawRegions(builder, regions, colourOf) {
  builder.addHook("drawClear", (u) => {
    const { left, top, width, height } = u.bbox;
    for (const { from, to, colour } of regions) {
      const start = Math.max(left, u.valToPos(from, "x", true));
      const end = Math.min(left + width, u.valToPos(to, "x", true));
      if (end < left || start > left + width) continue;
      u.ctx.fillStyle = u.ctx.strokeStyle = colourOf(colour);
      u.ctx.globalAlpha = 0.1;
      u.ctx.fillRect(start, top, Math.max(1, end - start), height);
      u.ctx.globalAlpha = 1;
      u.ctx.setLineDash([5, 5]);
      for (const x of [start, end]) u.ctx.strokeRect(x, top, 0, height);
      u.ctx.setLineDash([]);
    }
  });
}

function Curves({ panel, frames, width, height, theme, timeZone, span, regions }) {
  const { legend } = panel.options;
  const colourOf = (name) => theme.visualization.getColorByName(name);
  return (
    <TimeSeries {...{ frames, width, height, timeZone, legend }} timeRange={timeRange(span)} structureRev={1}>
      {(builder) => drawRegions(builder, regions, colourOf)}
    </TimeSeries>
  );
}

function values({ panel, frames, theme, timeZone }) {
  const given = { data: frames, reduceOptions: panel.options.reduceOptions, fieldConfig: fieldConfigOf(panel) };
  return getFieldDisplayValues({ ...given, theme, timeZone, replaceVariables: (text) => text });
}

function Figures(props) {
  const { panel, width, height, theme } = props;
  const { colorMode, graphMode, justifyMode, orientation, text, textMode = "auto" } = panel.options;
  const shown = ({ value, width, height, count }) => (
    <BigValue
      {...{ width, height, count, theme, colorMode, graphMode, justifyMode, text, textMode }}
      value={value.display}
    />
  );
  return (
    <VizRepeater
      {...{ width, height, orientation }}
      source={props.frames}
      getValues={() => values(props)}
      renderValue={shown}
      renderCounter={1}
      itemSpacing={SPACE_BETWEEN_VALUES}
      autoGrid
    />
  );
}

function Gauge(props) {
  const { panel, width, height, theme } = props;
  const [{ display, field, view }] = values(props);
  const { orientation, displayMode, valueMode, namePlacement } = panel.options;
  return (
    <BarGauge
      {...{ width, height, theme, orientation, field, namePlacement }}
      value={{ ...display, title: undefined }}
      display={view?.getFieldDisplayProcessor(0)}
      displayMode={displayMode ?? "gradient"}
      valueDisplayMode={valueMode}
      showUnfilled
    />
  );
}

function Words({ panel, width, height }) {
  const html = { __html: renderMarkdown(panel.options.content) };
  return <div className="markdown-html" style={{ width, height, padding: 8 }} dangerouslySetInnerHTML={html} />;
}

const Rows = ({ frames, width, height, timeZone }) => (
  <TableNG {...{ width, height, timeZone }} data={frames[0]} enableVirtualization={false} structureRev={1} />
);

// As Grafana shows a panel that has nothing to show.
const Nothing = ({ panel, width, height }) => (
  <div style={{ width, height, display: "grid", placeContent: "center", padding: 16, textAlign: "center" }}>
    {panel.fieldConfig.defaults.noValue ?? "No data"}
  </div>
);

const KINDS = {
  bargauge: Gauge,
  histogram: Histogram,
  stat: Figures,
  "state-timeline": StateTimeline,
  table: Rows,
  text: Words,
  timeseries: Curves,
  xychart: Dots,
};
const SHOWS_NOTHING_ITSELF = new Set(["stat", "bargauge", "text"]);

function Content(props) {
  const { panel, frames } = props;
  const isEmpty = frames.every(({ length }) => length === 0);
  const Kind = isEmpty && !SHOWS_NOTHING_ITSELF.has(panel.type) ? Nothing : KINDS[panel.type];
  return <Kind {...props} />;
}

module.exports = { Content };
