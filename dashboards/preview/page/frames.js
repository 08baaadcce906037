// From InfluxDB's answers to Grafana's data frames with the panel's field configuration applied to them.
const {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  FieldConfigOptionsRegistry,
  FieldType,
  toDataFrame,
} = require("@grafana/data");

const NS_PER_MS = 1e6;
// Which colour a field has where the dashboard names none is a default of each panel's plugin, which npm does not have.
const COLOUR_MODE = { timeseries: "palette-classic", histogram: "palette-classic" };

// One frame for each query that asks for a table; one for each column of each series that is drawn over time.
function framesOf(answers) {
  return answers.flatMap(({ alias, series }) =>
    alias === null ? table(series) : series.flatMap((one) => curves(one, alias)),
  );
}

function table(series) {
  if (series.length === 0) return [];
  const [{ columns, values }] = series;
  const fields = columns.map((name, index) => {
    const column = values.map((row) => row[index]);
    return name === "time" ? timeField(column) : { name, type: typeOf(column), values: column };
  });
  return [toDataFrame({ fields })];
}

function curves({ tags = {}, columns, values }, alias) {
  const name = alias.replace(/\$tag_(\w+)/g, (_, tag) => tags[tag]);
  const time = timeField(values.map((row) => row[0]));
  return columns.slice(1).map((_, index) => {
    const column = values.map((row) => row[index + 1]);
    const config = { displayNameFromDS: name };
    return toDataFrame({ name, fields: [time, { name: "Value", type: typeOf(column), values: column, config }] });
  });
}

const timeField = (ns) => ({ name: "Time", type: FieldType.time, values: ns.map((t) => Math.round(t / NS_PER_MS)) });

function typeOf(column) {
  const known = column.find((value) => value !== null);
  return { string: FieldType.string, boolean: FieldType.boolean }[typeof known] ?? FieldType.number;
}

// The field configuration that the panel's plugin would start from.
function fieldConfigOf(panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const color = defaults.color ?? { mode: COLOUR_MODE[panel.type] ?? "thresholds" };
  return { defaults: { ...defaults, color }, overrides };
}

// Grafana keeps the list of properties a field may have in its server's frontend: here they are those that are used.
function registryOf({ defaults, overrides }) {
  const used = overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = Object.keys(defaults.custom ?? {}).map((name) => `custom.${name}`);
  const ids = new Set([...Object.keys(defaults).filter((id) => id !== "custom"), ...custom, ...used]);
  const items = [...ids].map((id) => ({
    id,
    name: id,
    path: id.replace(/^custom\./, ""),
    isCustom: id.startsWith("custom."),
    process: (value) => value,
    shouldApply: () => true,
  }));
  return new FieldConfigOptionsRegistry(() => items);
}

function configured(panel, frames, theme, timeZone) {
  const fieldConfig = fieldConfigOf(panel);
  const replaceVariables = (text) => text;
  const fieldConfigRegistry = registryOf(fieldConfig);
  const given = { data: frames, fieldConfig, fieldConfigRegistry, replaceVariables, theme, timeZone };
  const shown = ordered(panel, applyFieldOverrides(given));
  cacheFieldDisplayNames(shown);
  return shown;
}

// The one transformation our tables use.
function ordered(panel, frames) {
  const order = panel.transformations?.find(({ id }) => id === "organize")?.options.indexByName;
  if (!order) return frames;
  const place = ({ name }) => order[name] ?? Infinity;
  return frames.map((frame) => ({ ...frame, fields: [...frame.fields].sort((a, b) => place(a) - place(b)) }));
}

module.exports = { configured, fieldConfigOf, framesOf };
