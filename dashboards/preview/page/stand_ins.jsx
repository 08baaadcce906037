// The panels whose code is in Grafana's server and not on npm, drawn plainly after them.
const React = require("react");
const { buildHistogram, dateTimeFormat, FieldType, getFieldDisplayName } = require("@grafana/data");
const { measureText, VizLegend, VizLayout } = require("@grafana/ui");

const AXIS = { left: 56, right: 24, top: 10, bottom: 24 }; // left: at least

const FONT = 12;

const valueField = (frame) => frame.fields.find(({ type }) => type !== FieldType.time);

// Round numbers between low and high, not closer to each other than `gap` of `length` pixels.
function ticks(low, high, length, gap, steps) {
  const step = steps.find((one) => (one / (high - low)) * length >= gap) ?? steps.at(-1);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

const [MINUTE, HOUR, DAY] = [60e3, 3600e3, 86400e3];
const TIME_STEPS = [
  ...[1, 5, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28].map((n) => n * DAY),
];
const COUNT_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

const timeWords = (t, span, timeZone) =>
  dateTimeFormat(t, { timeZone, format: span.to - span.from > 2 * DAY ? "MM/DD" : "HH:mm" });

// A chart's axes; `children` is told how to place a value and draws into them.
function Plot({ width, height, theme, x, y, children, left = AXIS.left }) {
  const inside = { width: width - left - AXIS.right, height: height - AXIS.top - AXIS.bottom };
  const at = {
    x: (value) => left + ((value - x.low) / (x.high - x.low)) * inside.width,
    y: (value) => AXIS.top + inside.height - ((value - y.low) / (y.high - y.low)) * inside.height,
  };
  const line = { stroke: theme.colors.border.weak };
  const text = { fill: theme.colors.text.primary, fontSize: FONT };
  return (
    <svg width={width} height={height}>
      {x.ticks(inside.width).map((value) => (
        <g key={value}>
          <line x1={at.x(value)} x2={at.x(value)} y1={AXIS.top} y2={AXIS.top + inside.height} {...line} />
          <text x={at.x(value)} y={height - 8} textAnchor="middle" {...text}>{x.words(value)}</text>
        </g>
      ))}
      {y.ticks(inside.height).map((value) => (
        <g key={value}>
          <line x1={left} x2={width - AXIS.right} y1={at.y(value)} y2={at.y(value)} {...line} />
          <text x={left - 6} y={at.y(value) + 4} textAnchor="end" {...text}>{y.words(value)}</text>
        </g>
      ))}
      {children(at)}
    </svg>
  );
}

// Grafana's own legend below what is drawn.
function WithLegend({ items, width, height, children }) {
  const legend = (
    <VizLayout.Legend placement="bottom">
      <VizLegend items={items} displayMode="list" placement="bottom" />
    </VizLayout.Legend>
  );
  return <VizLayout width={width} height={height} legend={items.length ? legend : null}>{children}</VizLayout>;
}

const timeAxis = (span, timeZone) => ({
  low: span.from,
  high: span.to,
  ticks: (length) => ticks(span.from, span.to, length, 70, TIME_STEPS),
  words: (t) => timeWords(t, span, timeZone),
});
const countAxis = (most) => ({
  low: 0, high: most, ticks: (length) => ticks(0, most, length, 25, COUNT_STEPS), words: String,
});

// Neighbours of one value are one stretch; a value lasts until the next row of the query.
function stretches(times, states) {
  const found = [];
  times.forEach((from, index) => {
    const to = times[index + 1] ?? from + MINUTE;
    const last = found.at(-1);
    if (last && last.state === states[index] && last.to === from) last.to = to;
    else found.push({ from, to, state: states[index] });
  });
  return found.filter(({ state }) => state !== null);
}

function StateTimeline({ frames, width, height, theme, timeZone, span }) {
  const known = frames.map((frame) => [frame, valueField(frame)]);
  const rows = known.map(([frame, field]) => ({
    name: getFieldDisplayName(field, frame, frames),
    stretches: stretches(frame.fields[0].values, field.values).map(({ state, ...when }) => {
      const { text, color } = field.display(state);
      return { ...when, text, color };
    }),
  }));
  const shown = rows.flatMap((row) => row.stretches).map(({ text, color }) => [text, { label: text, color, yAxis: 1 }]);
  const y = { low: 0, high: rows.length, ticks: () => [], words: String };
  const left = Math.max(AXIS.left, ...rows.map(({ name }) => measureText(name, FONT).width + 12));
  return (
    <WithLegend items={[...new Map(shown).values()]} width={width} height={height}>
      {(width, height) => (
        <Plot {...{ width, height, theme, y, left }} x={timeAxis(span, timeZone)}>
          {(at) =>
            rows.map((row, index) => (
              <StateRow key={row.name} {...{ row, at, left, theme }} place={rows.length - 1 - index} />
            ))
          }
        </Plot>
      )}
    </WithLegend>
  );
}

function StateRow({ row, at, left, place, theme }) {
  const top = at.y(place + 0.9);
  const height = at.y(place + 0.1) - top;
  const middle = { y: top + height / 2 + 4, fontSize: FONT };
  return (
    <g>
      <text x={left - 6} {...middle} textAnchor="end" fill={theme.colors.text.primary}>{row.name}</text>
      {row.stretches.map(({ from, to, text, color }) => {
        const x = at.x(from);
        const width = Math.max(1, at.x(to) - x);
        return (
          <g key={from}>
            <rect {...{ x, width, height }} y={top} fill={color} fillOpacity={0.8} />
            {width > measureText(text, FONT).width + 8 && (
              <text x={x + 4} {...middle} fill={theme.colors.getContrastText(color)}>{text}</text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function Histogram({ panel, frames, width, height, theme }) {
  const { xMin, xMax, counts } = buildHistogram(frames, { bucketSize: panel.options.bucketSize }, theme);
  const [{ values }] = counts;
  const [low, high] = [xMin.values[0], xMax.values.at(-1)];
  const x = { low, high, ticks: (length) => ticks(low, high, length, 40, COUNT_STEPS), words: String };
  const color = theme.visualization.getColorByName(theme.visualization.palette[0]);
  return (
    <Plot {...{ width, height, theme, x }} y={countAxis(Math.max(...values) * 1.05)}>
      {(at) => values.map((count, index) => {
        const [x, y, right] = [at.x(xMin.values[index]) + 1, at.y(count), at.x(xMax.values[index]) - 1];
        return <rect key={index} {...{ x, y }} width={right - x} height={at.y(0) - y} fill={color} fillOpacity={0.8} />;
      })}
    </Plot>
  );
}

function Dots({ frames, width, height, theme, timeZone, span }) {
  const fields = frames.map((frame) => [frame.fields[0].values, valueField(frame)]);
  const most = Math.max(1, ...fields.flatMap(([, field]) => field.values));
  const items = fields.map(([, { name, config }]) => ({ label: name, color: config.color.fixedColor, yAxis: 1 }));
  return (
    <WithLegend {...{ items, width, height }}>
      {(width, height) => (
        <Plot {...{ width, height, theme }} x={timeAxis(span, timeZone)} y={countAxis(most * 1.1)}>
          {(at) =>
            fields.flatMap(([times, { name, values, config }]) =>
              times.map((t, index) => <Dot key={`${name} ${t}`} cx={at.x(t)} cy={at.y(values[index])} {...config} />),
            )
          }
        </Plot>
      )}
    </WithLegend>
  );
}

function Dot({ cx, cy, custom, color: { fixedColor } }) {
  const paint = { fill: fixedColor, fillOpacity: custom.fillOpacity / 100, stroke: fixedColor };
  return <circle {...{ cx, cy }} r={custom.pointSize.fixed / 2} {...paint} strokeWidth={custom.pointStrokeWidth} />;
}

module.exports = { Dots, Histogram, StateTimeline };
