// One dashboard as Grafana lays it out, from `window.preview`: theme, width, time zone, dashboard, answers, regions.
const React = require("react");
const { createRoot } = require("react-dom/client");
const { createTheme, dateTimeFormat, ThemeContext } = require("@grafana/data");
const { GlobalStyles, PanelChrome } = require("@grafana/ui");
const { configured, framesOf } = require("./frames");
const { Content } = require("./panels");

// Grafana's grid: rows of 30 px with 8 px between them, in 24 columns; below 769 px panels stand one above the other.
const ROW = 30, GAP = 8, COLUMNS = 24, PHONE = 769;
const HEADER = 84;

const heightOf = ({ h }) => h * (ROW + GAP) - GAP;

function places(panels, width) {
  const column = (width - GAP) / COLUMNS;
  if (width >= PHONE)
    return panels.map(({ gridPos: g }) => ({
      left: GAP + g.x * column,
      top: HEADER + g.y * (ROW + GAP),
      width: g.w * column - GAP,
      height: heightOf(g),
    }));
  let top = HEADER;
  return panels.map(({ gridPos }) => {
    const place = { left: GAP, top, width: width - 2 * GAP, height: heightOf(gridPos) };
    top += place.height + GAP;
    return place;
  });
}

function Panel({ panel, answers, place, ...shared }) {
  const { theme, timeZone } = shared;
  const frames = panel.targets ? configured(panel, framesOf(answers), theme, timeZone) : [];
  return (
    <div style={{ position: "absolute", ...place }}>
      <PanelChrome title={panel.title} width={place.width} height={place.height}>
        {(width, height) => <Content {...{ panel, frames, width, height }} {...shared} />}
      </PanelChrome>
    </div>
  );
}

// What Grafana has above the panels, as far as it is needed to read them: title, time shown, variables.
function Header({ dashboard, variables, span, timeZone, theme }) {
  const [from, to] = [span.from, span.to].map((t) => dateTimeFormat(t, { timeZone }));
  const box = { border: `1px solid ${theme.colors.border.weak}`, borderRadius: 2, padding: "3px 8px", marginRight: 8 };
  return (
    <div style={{ position: "absolute", left: GAP, right: GAP, top: 8, whiteSpace: "nowrap" }}>
      <div style={{ fontSize: 18, fontWeight: 500, marginBottom: 8 }}>
        {dashboard.title}<span style={{ float: "right", fontSize: 12, fontWeight: 400 }}>{from} to {to}</span>
      </div>
      {Object.entries(variables).map(([name, value]) => (
        <span key={name} style={box}>
          {dashboard.templating.list.find((one) => one.name === name).label} <b>{value}</b>
        </span>
      ))}
    </div>
  );
}

function Page({ theme, width, ...given }) {
  const { panels } = given.dashboard;
  const at = places(panels, width);
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Header theme={theme} {...given} />
      {panels.map((panel, index) => (
        <Panel key={panel.id} {...given} {...{ panel, theme }} answers={given.answers[panel.id]} place={at[index]} />
      ))}
    </ThemeContext.Provider>
  );
}

const theme = createTheme({ colors: { mode: window.preview.mode } });
document.body.style.background = theme.colors.background.canvas;
createRoot(document.getElementById("root")).render(<Page {...window.preview} theme={theme} />);
