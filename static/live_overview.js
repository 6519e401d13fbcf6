// The plant: a sentence, one card per line, where the time went, the dearest stops, what waits.
import { bigNumber, el, factors, isBad, lead, link, losses, orderLine, put, stops, strip, ticks, waiting } from "./live_parts.js";

export function lineCard(card, heading) {
  const box = el("section", "tw-panel tw-line");
  const head = el("div", "tw-h");
  const title = el(heading || "h2");
  title.append(link(card.name, card.url, "quiet"));
  const age = el("span", "tw-muted tw-nw age");
  head.append(title, age);
  box.append(head, bigNumber(card), factors(card.apq));
  if (card.oee === null && card.why) box.append(el("p", "tw-muted tw-small", card.why));
  box.append(strip(card, card.name), ticks(card));
  const state = el("div", "tw-state");
  box.append(state, orderLine(card.order));
  for (const flag of card.flags.slice(0, 1)) box.append(el("p", "tw-muted tw-small tw-flag", flag));
  return box;
}

// What the line does now: the constraint's state, and how many machines run.
export function lineNow(box, card, live) {
  const age = box.querySelector(".age");
  const state = box.querySelector(".tw-state");
  if (!live || !live.at) {
    age.textContent = "no data yet";
    state.textContent = "";
    return;
  }
  age.dataset.at = live.at;
  const ids = Object.keys(card.units);
  const bad = ids.filter((id) => isBad(live.states[id]));
  const running = ids.filter((id) => live.states[id] === 6).length;
  state.replaceChildren();
  const own = live.states[card.constraint_id];
  const id = isBad(own) ? card.constraint_id : bad.find((unit) => card.reasons[unit]) ?? bad[0];
  if (id) {
    const why = card.reasons[id] ? ": " + card.reasons[id] : "";
    const text = el("span", "words whole");
    text.append(el("span", "tw-mark", "\u25B2"), ` ${card.units[id]} stopped${why}`);
    if (live.since[id]) {
      const e = el("span", "tw-muted");
      e.dataset.at = live.since[id];
      e.dataset.prefix = "for ";
      text.append(" ", e);
    }
    state.append(text);
  } else {
    state.append(el("span", "words tw-muted", own === 6 ? "running" : own === 5 || own === 4 ? "waiting" : "not running"));
  }
  const count = el("span", "tw-muted tw-nw", `${running} of ${ids.length} run`);
  if (bad.length) count.title = "stopped: " + bad.map((id) => card.units[id]).join(", ");
  state.append(count);
}

export function drawOverview(root, data) {
  const head = el("div");
  head.append(el("div", "tw-connection"));
  const problem = el("p", "tw-note");
  const cards = el("div", "tw-lines");
  const three = el("div", "tw-three");
  root.append(head, problem, cards, three);
  problem.hidden = true;
  const boxes = {};

  return {
    update(s, changed) {
      if (changed.has("problem")) { problem.textContent = s.problem || ""; problem.hidden = !s.problem; }
      if (changed.has("lead")) put(head, "lead", lead(s.lead, data));
      if (changed.has("lines")) {
        for (const id of Object.keys(boxes)) if (!s.lines.includes(id)) { boxes[id].remove(); delete boxes[id]; }
      }
      for (const id of s.lines || []) {
        const name = "line:" + id;
        if (!s[name]) continue;
        const fresh = !boxes[id] || changed.has(name);
        if (fresh) boxes[id] = put(cards, name, lineCard(s[name]));
        if (fresh || changed.has("live:" + id)) lineNow(boxes[id], s[name], s["live:" + id]);
      }
      if (changed.has("losses")) put(three, "losses", losses(s.losses));
      if (changed.has("stops")) put(three, "stops", stops(s.stops, "Dearest stops"));
      if (changed.has("waiting") && s.waiting) put(three, "waiting", waiting(s.waiting));
      three.hidden = !s.lines?.length;
    },
  };
}
