// A line: its card, its machines one under the other on one time axis, orders, losses, stops.
import { el, isBad, lead, link, losses, panel, put, stateWord, stops, strip, ticks, waiting, whole } from "./live_parts.js";
import { lineCard, lineNow } from "./live_overview.js";

function machineRow(unit) {
  const row = el("tr");
  const name = el("td", "tw-nw");
  name.append(link(unit.name, unit.url));
  if (unit.constraint) name.append(" ", el("span", "tw-tag tw-muted", "sets the pace"));
  const state = el("td", "tw-nw state");
  const lane = el("td", "lane");
  lane.append(strip(unit, unit.name));
  const oee = el("td", "tw-r tw-nw" + (unit.low ? " tw-high tw-num" : ""), unit.oee === null ? "\u2013" : (unit.low ? "\u25BC " : "") + Math.round(unit.oee) + " %");
  const risk = el("td", "tw-r tw-nw" + (unit.at_risk ? " tw-advice tw-num" : " tw-muted"), unit.at_risk ? "\u25C6 " + unit.risk : unit.risk);
  row.append(name, state, lane, oee, el("td", "tw-r tw-nw", whole(unit.made)), el("td", "tw-r tw-nw", whole(unit.scrap)), risk, el("td", "tw-r tw-muted tw-nw age"));
  return row;
}

function unitNow(row, live) {
  const state = row.querySelector(".state");
  const age = row.querySelector(".age");
  if (!live || live.state === null) { state.textContent = "no data yet"; return; }
  const bad = isBad(live.state) && live.mode !== 2;
  state.className = "tw-nw state" + (bad ? " tw-high tw-num" : "");
  state.textContent = (bad ? "\u25B2 " : "") + stateWord(live.state, live.mode);
  if (live.at) age.dataset.at = live.at;
}

function orders(rows) {
  const box = panel("Orders");
  if (!rows.length) { box.append(el("div", "tw-empty", "No orders.")); return box; }
  const table = el("table", "tw-table tight");
  for (const o of rows) {
    const tr = el("tr");
    const what = el("td", "", o.product);
    what.append(el("div", "tw-muted tw-small", `${o.id}, ${o.status}`));
    const far = el("td", "tw-r tw-nw", `${whole(o.made)} / ${whole(o.quantity)}`);
    far.append(el("div", "tw-small " + (o.late ? "tw-high" : "tw-muted"), (o.late ? "\u25B2 due " : "due ") + o.due));
    tr.append(what, far);
    table.append(tr);
  }
  box.append(table);
  return box;
}

export function drawLine(root, data) {
  const head = el("div");
  head.append(el("div", "tw-connection"));
  const problem = el("p", "tw-note");
  problem.hidden = true;
  const top = el("div", "tw-line-top");
  const below = el("div", "tw-three");
  root.append(head, problem, top, below);
  const machines = el("section", "tw-panel tw-machines");
  const scroll = el("div", "tw-scroll");
  const table = el("table", "tw-table tight");
  const heads = el("tr");
  ["Machine", "State", "", "OEE", "Good", "Scrap", "Risk", "Age"].forEach((t, i) => heads.append(el("th", i > 2 ? "tw-r" : "", t)));
  const thead = el("thead");
  thead.append(heads);
  const body = el("tbody");
  table.append(thead, body);
  scroll.append(table);
  machines.append(scroll);
  const rows = {};

  return {
    update(s, changed) {
      if (changed.has("problem")) { problem.textContent = s.problem || ""; problem.hidden = !s.problem; }
      if (changed.has("lead")) put(head, "lead", lead(s.lead, data));
      if (s.card && changed.has("card")) {
        const card = put(top, "card", lineCard(s.card));
        card.live = true;
        if (!machines.isConnected) top.append(machines);
        heads.children[2].replaceChildren(ticks(s.card));
      }
      const card = top.querySelector('[data-part="card"]');
      if (card) lineNow(card, s.card, nowOf(s));
      for (const id of s.units || []) {
        const name = "unit:" + id;
        if (!s[name]) continue;
        const fresh = !rows[id] || changed.has(name);
        if (fresh) rows[id] = put(body, name, machineRow(s[name]));
        if (fresh || changed.has("live:" + id)) unitNow(rows[id], s["live:" + id]);
      }
      if (changed.has("waiting") && s.waiting?.length) put(below, "waiting", waiting(s.waiting));
      if (changed.has("orders")) put(below, "orders", orders(s.orders));
      if (changed.has("losses")) put(below, "losses", losses(s.losses));
      if (changed.has("stops")) put(below, "stops", stops(s.stops, "Dearest stops"));
    },
  };
}

function nowOf(s) {
  const live = { at: 0, states: {}, since: {} };
  for (const id of s.units || []) {
    const u = s["live:" + id];
    if (!u) continue;
    live.at = Math.max(live.at, u.at || 0);
    live.states[id] = u.state;
    if (u.since) live.since[id] = u.since;
  }
  return live;
}
