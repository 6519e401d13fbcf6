// Small pieces that the live screens share.
export const el = (tag, cls, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined && text !== null) e.textContent = text;
  return e;
};

const NS = "http://www.w3.org/2000/svg";
export const svg = (tag, attrs, text) => {
  const e = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attrs || {})) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  return e;
};

export const STATES = {
  1: "clearing", 2: "stopped", 3: "starting", 4: "idle", 5: "waiting", 6: "running", 7: "stopping", 8: "aborting",
  9: "failed", 10: "holding", 11: "held", 12: "resuming", 13: "going to wait", 14: "resuming", 15: "resetting",
  16: "completing", 17: "complete",
};
const BAD = new Set([2, 7, 8, 9, 10, 11]);
export const isBad = (state) => BAD.has(state);
export const stateWord = (state, mode) => (mode === 2 ? "in maintenance" : STATES[state] || "not known");

export function ageText(us) {
  const s = Math.max(0, us) / 1e6;
  if (s < 10) return s.toFixed(1) + " s";
  if (s < 60) return Math.floor(s) + " s";
  if (s < 3600) return Math.floor(s / 60) + " min";
  const [large, small, names] = s < 86400 ? [3600, 60, ["h", "min"]] : [86400, 3600, ["d", "h"]];
  const rest = Math.floor((s % large) / small);
  return `${Math.floor(s / large)} ${names[0]}` + (rest ? ` ${rest} ${names[1]}` : "");
}

export const number = (v) => {
  if (v === null || v === undefined) return "\u2013";
  const a = Math.abs(v);
  const digits = a >= 100 ? 0 : a >= 10 ? 1 : 2;
  return v.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "\u2212");
};
export const whole = (v) => (v === null || v === undefined ? "\u2013" : Math.round(v).toLocaleString("en"));

export function link(text, url, cls) {
  const a = el("a", "tw-link " + (cls || ""), text);
  a.href = url;
  return a;
}

export function panel(title, aside) {
  const box = el("section", "tw-panel");
  const head = el("div", "tw-h");
  head.append(el("h2", "", title));
  if (aside) head.append(aside);
  box.append(head);
  return box;
}

const WINDOWS = { shift: "This shift", yesterday: "Yesterday", week: "7 days" };

// The sentence that says what matters, and the choice of the stretch that it is about.
export function lead(section, data) {
  const box = el("div", "tw-lead");
  const p = el("p");
  p.append(el("b", "", section.bold), " ", section.rest);
  const nav = el("nav", "tw-windows");
  nav.setAttribute("aria-label", "Figures for");
  for (const [window, name] of Object.entries(WINDOWS)) {
    const a = el("a", "tw-link-quiet", name);
    a.href = data.url + (data.url.includes("?") ? "&" : "?") + "window=" + window;
    if (window === data.window) a.setAttribute("aria-current", "true");
    nav.append(a);
  }
  box.append(p, nav);
  return box;
}

// A plant time as Plotly wants it: the wall clock of the site, without a zone.
const offsets = new Map();
export function localTime(us, zone) {
  const hour = Math.floor(us / 3.6e9) + zone;
  if (!offsets.has(hour)) {
    const at = new Date(us / 1000);
    const there = new Date(at.toLocaleString("en-US", { timeZone: zone }));
    const utc = new Date(at.toLocaleString("en-US", { timeZone: "UTC" }));
    offsets.set(hour, there - utc);
    if (offsets.size > 500) offsets.delete(offsets.keys().next().value);
  }
  return new Date(us / 1000 + offsets.get(hour)).toISOString().slice(0, 23).replace("T", " ");
}

// The three factors of OEE as bars; the last is the target where there is one.
export function factors(values) {
  const box = el("div", "tw-apq");
  ["Availability", "Performance", "Quality"].forEach((name, i) => {
    const v = values[i];
    const bar = el("span", "track");
    const fill = el("span", "fill");
    fill.style.width = Math.max(0, Math.min(100, v ?? 0)) + "%";
    bar.append(fill);
    box.append(el("span", "name", name), bar, el("b", v !== null && v > 100 ? "tw-high" : "", v === null ? "\u2013" : Math.round(v)));
  });
  return box;
}

export function bigNumber(f) {
  const box = el("div", "tw-big" + (f.low ? " tw-high" : ""));
  if (f.oee === null) {
    box.append(el("span", "none", "no OEE"));
  } else {
    box.append(el("span", "", Math.round(f.oee)), el("small", "", "%"));
  }
  const target = f.target === null ? "" : (f.low ? "\u25BC " : "") + "target " + Math.round(f.target);
  box.append(el("span", "tgt", target));
  return box;
}

const HEIGHT = { run: 10, wait: 10, planned: 4, setup: 14, down: 18, gap: 10 };
const WORDS = { run: "running", wait: "waiting", planned: "planned stop", setup: "setup", down: "stopped", gap: "no data" };

// States over the shift: height and colour say the kind, a gap is dashed, the future is empty.
export function strip(part, label) {
  const box = el("div", "tw-strip");
  const span = Math.max(1, part.end - part.from);
  const drawing = svg("svg", { viewBox: "0 0 1000 18", preserveAspectRatio: "none", role: "img" });
  const sums = {};
  drawing.append(svg("line", { x1: 0, x2: 1000, y1: 17.5, y2: 17.5, class: "base" }));
  for (const [from, to, kind] of part.strip) {
    const x = (1000 * (from - part.from)) / span;
    const width = (1000 * (to - from)) / span;
    const h = HEIGHT[kind] || 10;
    sums[kind] = (sums[kind] || 0) + (to - from);
    const mark = svg("rect", { x: x.toFixed(2), width: Math.max(1, width - 0.6).toFixed(2), y: 18 - h, height: h, class: "s-" + kind });
    mark.append(svg("title", {}, WORDS[kind] + " " + ageText(to - from)));
    drawing.append(mark);
  }
  const said = Object.entries(sums).map(([kind, us]) => `${WORDS[kind]} ${ageText(us)}`).join(", ");
  drawing.setAttribute("aria-label", `${label}: ${said || "nothing known yet"}`);
  box.append(drawing);
  return box;
}

export function ticks(part) {
  const row = el("div", "tw-ticks");
  const span = Math.max(1, part.end - part.from);
  for (const [at, text] of part.ticks) {
    const e = el("span", "", text);
    e.style.left = (100 * (at - part.from)) / span + "%";
    row.append(e);
  }
  return row;
}

// Planned time down to OEE, in percent of planned time.
export function losses(section) {
  const box = panel("Where the time went, % of planned time");
  if (!section.bars.length) {
    box.append(el("div", "tw-empty", section.note));
    return box;
  }
  const chart = el("div", "tw-fall");
  let top = 100;
  for (const [name, value, kind] of section.bars) {
    const column = el("div", "column");
    const full = kind === "whole" || kind === "rest";
    const from = full ? value : top;
    if (!full) top -= value;
    const area = el("div", "area");
    const bar = el("div", "bar b-" + kind);
    const lower = full ? 0 : Math.min(from, top);
    const height = full ? value : Math.abs(value);
    bar.style.bottom = Math.max(0, Math.min(100, lower)) + "%";
    bar.style.height = Math.max(0.6, Math.min(100, height)) + "%";
    const text = el("span", "value", value === 100 ? "100" : value.toFixed(1));
    text.style.bottom = `calc(${Math.max(0, Math.min(100, lower + height))}% + 2px)`;
    area.append(bar, text);
    column.append(area, el("span", "name", name));
    chart.append(column);
  }
  box.append(chart);
  if (section.note) box.append(el("p", "tw-muted tw-small tw-note-line", section.note));
  return box;
}

export function stops(rows, title) {
  const box = panel(title);
  if (!rows.length) {
    box.append(el("div", "tw-empty", "No stops in this time."));
    return box;
  }
  const table = el("table", "tw-table");
  for (const row of rows) {
    const tr = el("tr");
    const what = el("td");
    what.append(link(row.name, row.url), " " + row.reason);
    if (row.open) what.append(" ", el("span", "tw-tag tw-high", "now"));
    const bar = el("td", "bar-cell");
    const fill = el("span", "tw-bar-fill" + (row === rows[0] && row.share > 0 ? " high" : ""));
    fill.style.width = 100 * row.share + "%";
    bar.append(fill);
    const minutes = el("td", "tw-r tw-nw", row.minutes);
    minutes.title = row.times;
    tr.append(what, bar, minutes, el("td", "tw-r tw-num tw-nw", row.money));
    table.append(tr);
  }
  const body = el("div", "tw-scroll");
  body.append(table);
  box.append(body);
  return box;
}

export function waiting(rows) {
  const box = panel("Waiting for a decision", link("Inbox", "/inbox"));
  if (!rows.length) {
    box.append(el("div", "tw-empty", "Nothing waits for a decision."));
    return box;
  }
  for (const row of rows) {
    const item = el("div", "tw-dec");
    const left = el("div");
    left.append(el("b", "", row.title), el("div", "tw-muted", row.worth));
    if (row.attention) left.append(el("span", "tw-tag tw-high", "receivers disagree"));
    const right = el("div", "tw-r tw-nw");
    const due = el("div", "tw-num");
    due.dataset.due = row.due;
    right.append(due, link("Open", row.url));
    item.append(left, right);
    box.append(item);
  }
  return box;
}

export function orderLine(order) {
  const box = el("div", "tw-order");
  if (!order) {
    box.append(el("span", "tw-muted", "no order"));
    return box;
  }
  box.append(el("span", "", order.id), el("span", "tw-num", `${whole(order.made)} / ${whole(order.quantity)}`));
  const track = el("span", "track");
  const fill = el("span", "fill");
  fill.style.width = Math.min(100, (100 * order.made) / Math.max(1, order.quantity)) + "%";
  track.append(fill);
  box.append(track, el("span", order.late ? "tw-high" : "tw-muted", (order.late ? "\u25B2 due " : "due ") + order.due));
  return box;
}

// Replaces the child that carries a name, or adds it.
export function put(host, name, node) {
  node.dataset.part = name;
  const old = host.querySelector(`:scope > [data-part="${CSS.escape(name)}"]`);
  if (old) old.replaceWith(node);
  else host.append(node);
  return node;
}
