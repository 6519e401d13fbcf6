// A machine: what it does now, its sensors live with their trends, OEE, risk, stops, maintenance.
import { bigNumber, el, factors, isBad, lead, link, localTime, losses, number, orderLine, panel, put, stateWord, stops, strip, ticks, whole } from "./live_parts.js";

const KEEP_US = 8 * 3600e6;
const GAP_US = 15 * 60e6;
const INK = getComputedStyle(document.documentElement);

let plotly = null;
function loadPlotly() {
  if (window.Plotly) return Promise.resolve();
  plotly ??= new Promise((ok, no) => {
    const script = document.createElement("script");
    script.src = "/assets/plotly.js";
    script.onload = ok;
    script.onerror = no;
    document.head.append(script);
  });
  return plotly;
}

function sensorTile(sensor) {
  const tile = el("button", "tw-sensor");
  tile.type = "button";
  const value = el("span", "value");
  value.append(el("b", "", "\u2013"), " ", el("small", "", sensor.unit));
  const spark = el("span", "spark");
  const name = el("span", "name", sensor.label);
  name.title = sensor.label;
  tile.append(name, value, spark, el("span", "tw-muted tw-small age"));
  if (sensor.ignored) tile.append(el("span", "tw-tag", "ignored until " + sensor.ignored));
  return tile;
}

function sparkline(points) {
  const values = points.map((p) => p[1]).filter((v) => v !== null);
  const host = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  host.setAttribute("viewBox", "0 0 200 34");
  host.setAttribute("preserveAspectRatio", "none");
  host.setAttribute("aria-hidden", "true");
  if (values.length < 2) return host;
  const low = Math.min(...values), high = Math.max(...values), range = high - low || 1;
  const first = points[0][0], span = points[points.length - 1][0] - first || 1;
  let path = "", pen = "M";
  for (const [at, v] of points) {
    if (v === null) { pen = "M"; continue; }
    path += `${pen}${((200 * (at - first)) / span).toFixed(1)} ${(31 - (28 * (v - low)) / range).toFixed(1)}`;
    pen = "L";
  }
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  host.append(line);
  return host;
}

export function drawMachine(root, data) {
  const head = el("div");
  head.append(el("div", "tw-connection"));
  const problem = el("p", "tw-note");
  problem.hidden = true;
  const top = el("div", "tw-machine-top");
  const middle = el("section", "tw-panel");
  const below = el("div", "tw-three");
  root.append(head, problem, top, middle, below);
  const tiles = el("div", "tw-sensors");
  const chartHead = el("div", "tw-h");
  const chart = el("div", "tw-chart");
  middle.append(Object.assign(el("div", "tw-h")), tiles, chartHead, chart);
  middle.firstChild.append(el("h2", "", "Sensors, last 8 hours"));
  const trends = {};
  let chosen = null, drawn = 0, scheduled = null, closed = false;

  function draw(s) {
    scheduled = null;
    const sensor = s.sensors?.find((x) => x.name === chosen);
    if (!sensor || closed || !chart.isConnected) return;
    drawn = performance.now();
    const points = trends[chosen] || [];
    chartHead.replaceChildren(el("h2", "", `${sensor.label}${sensor.unit ? ", " + sensor.unit : ""}`));
    const trace = { x: points.map((p) => localTime(p[0], s.zone)), y: points.map((p) => p[1]), mode: "lines", line: { color: INK.getPropertyValue("--ink-2"), width: 1.6 }, connectgaps: false, hovertemplate: "%{y:.4g}<extra></extra>" };
    const grid = { gridcolor: INK.getPropertyValue("--line"), zeroline: false, linecolor: INK.getPropertyValue("--line-strong"), fixedrange: true };
    const layout = { height: 210, margin: { l: 48, r: 12, t: 6, b: 26 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: INK.getPropertyValue("--tw-font"), size: 12, color: INK.getPropertyValue("--ink-2") }, showlegend: false, hovermode: "x", uirevision: chosen, xaxis: { ...grid, type: "date", tickformat: "%H:%M", hoverformat: "%H:%M:%S" }, yaxis: grid };
    Plotly.react(chart, [trace], layout, { displayModeBar: false, responsive: true });
  }

  function schedule(s, soon) {
    if (scheduled !== null) return;
    const wait = soon ? 0 : Math.max(0, 1000 - (performance.now() - drawn));
    scheduled = setTimeout(() => loadPlotly().then(() => draw(s), () => chart.replaceChildren(el("p", "tw-muted", "The chart could not be loaded."))), wait);
  }

  function choose(s, name) {
    chosen = name;
    for (const t of tiles.children) t.setAttribute("aria-pressed", t.dataset.part === name);
    clearTimeout(scheduled);
    scheduled = null;
    schedule(s, true);
  }

  function live(s, name) {
    const now = s["live:" + name];
    const tile = tiles.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!now || !tile) return;
    const [value, at, quality] = now;
    const text = number(value);
    const b = tile.querySelector("b");
    if (b.textContent !== text) b.textContent = text;
    tile.querySelector(".value").dataset.quality = quality >= 192 ? "" : quality === 68 ? "not live" : quality < 64 ? "bad" : "doubtful";
    tile.querySelector(".age").dataset.at = at;
    const points = (trends[name] ??= []);
    const last = points[points.length - 1];
    if (!last || at > last[0]) {
      if (last && at - last[0] > GAP_US) points.push([last[0] + 1, null]);
      points.push([at, value]);
      while (points.length && points[0][0] < at - KEEP_US) points.shift();
    }
  }

  return {
    update(s, changed) {
      if (changed.has("problem")) { problem.textContent = s.problem || ""; problem.hidden = !s.problem; }
      if (changed.has("lead")) put(head, "lead", lead(s.lead, data));
      if (s.unit && (changed.has("unit") || changed.has("state"))) put(top, "now", nowPanel(s));
      if (s.unit && changed.has("unit")) put(top, "figures", figures(s));
      if (changed.has("risk") && s.risk) put(top, "risk", riskPanel(s.risk, s.case));
      else if (changed.has("case") && s.risk) put(top, "risk", riskPanel(s.risk, s.case));
      if (changed.has("sensors")) {
        tiles.replaceChildren();
        for (const sensor of s.sensors) {
          const tile = put(tiles, sensor.name, sensorTile(sensor));
          tile.addEventListener("click", () => choose(s, sensor.name));
        }
        if (!s.sensors.length) tiles.append(el("div", "tw-empty", "No sensor has spoken yet."));
      }
      for (const name of changed) {
        if (!name.startsWith("trend:")) continue;
        const key = name.slice(6);
        const newer = (trends[key] || []).filter((p) => !s[name].length || p[0] > s[name][s[name].length - 1][0]);
        trends[key] = [...s[name], ...newer];
      }
      for (const sensor of s.sensors || []) {
        const name = sensor.name;
        if (changed.has("live:" + name) || changed.has("sensors")) live(s, name);
        if (changed.has("live:" + name) || changed.has("trend:" + name) || changed.has("sensors")) {
          tiles.querySelector(`[data-part="${CSS.escape(name)}"] .spark`)?.replaceChildren(sparkline(trends[name] || []));
        }
      }
      if (s.sensors?.length && (!chosen || !s.sensors.some((x) => x.name === chosen))) choose(s, s.sensors[0].name);
      else if (chosen && (changed.has("live:" + chosen) || changed.has("trend:" + chosen))) schedule(s, false);
      if (changed.has("losses")) put(below, "losses", losses(s.losses));
      if (changed.has("stops")) put(below, "stops", stops(s.stops, "Stops"));
      if (changed.has("maintenance")) put(below, "maintenance", maintenance(s.maintenance));
    },
    close() {
      closed = true;
      clearTimeout(scheduled);
      if (window.Plotly) Plotly.purge(chart);
    },
  };
}

function figures(s) {
  const box = panel("OEE, " + s.unit.stretch.toLowerCase());
  box.append(bigNumber(s.unit), factors(s.unit.apq));
  if (s.unit.oee === null && s.unit.why) box.append(el("p", "tw-muted tw-small", s.unit.why));
  for (const flag of s.unit.flags.slice(0, 2)) box.append(el("p", "tw-muted tw-small tw-flag", flag));
  return box;
}

function nowPanel(s) {
  const live = s.state;
  const age = el("span", "tw-muted age");
  if (live?.at) age.dataset.at = live.at;
  const box = panel("Now", age);
  const bad = live && isBad(live.state) && live.mode !== 2;
  const word = live ? stateWord(live.state, live.mode) : "no data yet";
  box.append(el("div", "tw-now" + (bad ? " tw-high" : ""), (bad ? "\u25B2 " : "") + word));
  const since = live?.since || s.unit.since;
  if (since) {
    const e = el("div", "tw-muted");
    e.dataset.at = since;
    e.dataset.prefix = "for ";
    box.append(e);
  }
  box.append(strip(s.unit, s.unit.name), ticks(s.unit));
  box.append(el("div", "tw-counts", `${whole(s.unit.made)} good, ${whole(s.unit.scrap)} scrap`));
  box.append(orderLine(s.order));
  if (!s.unit.assigned) box.append(el("p", "tw-note", "This machine has no place on a line yet: it is shown, but neither scored nor counted in OEE."));
  return box;
}

function riskPanel(risk, open) {
  const box = panel("Risk of a failure", risk.url ? link("Why", risk.url) : null);
  box.append(el("div", "tw-now" + (risk.high ? " tw-advice" : ""), (risk.high ? "\u25C6 " : "") + risk.text));
  box.append(el("div", "tw-muted", risk.why));
  if (risk.at) {
    const age = el("div", "tw-muted tw-small");
    age.dataset.at = risk.at;
    age.dataset.prefix = "judged on data ";
    age.dataset.suffix = " old";
    age.title = risk.when;
    box.append(age);
  }
  if (open) {
    const item = el("div", "tw-dec");
    const left = el("div");
    left.append(el("b", "", open.title));
    item.append(left, link("Open the case", open.url, "tw-nw"));
    box.append(item);
  }
  return box;
}

function maintenance(rows) {
  const box = panel("Maintenance");
  if (!rows.length) { box.append(el("div", "tw-empty", "No maintenance is known.")); return box; }
  const table = el("table", "tw-table tight");
  for (const row of rows) {
    const tr = el("tr");
    const what = el("td", "", row.what);
    if (row.found) what.append(el("div", "tw-muted tw-small", row.found));
    tr.append(el("td", "tw-nw", row.when), what, el("td", "tw-r tw-nw tw-muted", row.took));
    table.append(tr);
  }
  box.append(table);
  return box;
}
