// Live screens: one EventSource, a set of named sections, and drawing that touches only what changed.
// Everything that came from outside enters the page by textContent or as a number.
import { drawOverview } from "./live_overview.js";
import { drawLine } from "./live_line.js";
import { drawMachine } from "./live_machine.js";
import { ageText } from "./live_parts.js";

const VIEWS = { overview: drawOverview, line: drawLine, machine: drawMachine };
const OLD_US = 5 * 60e6; // a live value older than this is abnormal
const SILENT_MS = 25_000; // the server says something every 10 s

class Live {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.sections = {};
    this.skew = 0; // browser clock minus server clock, ms
    this.heard = 0;
    this.view = VIEWS[data.view](root, data);
    this.tick = setInterval(() => this.age(), 1000);
    this.connect();
  }

  connect() {
    const q = new URLSearchParams({ view: this.data.view, scope: this.data.scope, window: this.data.window });
    const source = (this.source = new EventSource("/live/stream?" + q));
    source.addEventListener("full", (e) => this.take(JSON.parse(e.data), true));
    source.onmessage = (e) => this.take(JSON.parse(e.data), false);
    source.addEventListener("ended", () => location.reload());
    source.onopen = () => { this.heard = performance.now(); this.status(); };
    source.onerror = () => {
      this.heard = 0;
      this.status();
      if (source.readyState === EventSource.CLOSED) this.refused();
    };
  }

  // The browser gives up after an answer other than 200: ask why, and try again.
  async refused() {
    clearTimeout(this.again);
    try {
      const answer = await fetch("/live/session", { cache: "no-store" });
      if (answer.status === 401) return location.reload();
    } catch { /* no connection */ }
    this.again = setTimeout(() => this.connect(), 3000);
  }

  take(message, full) {
    this.heard = performance.now();
    this.skew = Date.now() - message.t / 1000;
    const changed = new Set(Object.keys(message.s));
    if (full) {
      for (const name of Object.keys(this.sections)) if (!changed.has(name)) delete this.sections[name];
    }
    Object.assign(this.sections, message.s);
    this.view.update(this.sections, changed, this);
    this.root.dataset.version = message.v;
    this.root.dataset.seen = message.t;
    this.age();
  }

  // Plant time now, microseconds, from the site's clock and the server's wall clock.
  now() {
    const c = this.sections.clock;
    if (!c) return null;
    return c.plant + c.speed * ((Date.now() - this.skew) * 1000 - c.wall);
  }

  age() {
    const now = this.now();
    for (const e of this.root.querySelectorAll("[data-at]")) {
      const at = Number(e.dataset.at);
      const text = now === null || !at ? "no data yet" : (e.dataset.prefix || "") + ageText(now - at) + (e.dataset.suffix || "");
      if (e.textContent !== text) e.textContent = text;
      if (e.classList.contains("age")) e.classList.toggle("tw-high", now !== null && at > 0 && now - at > OLD_US);
    }
    for (const e of this.root.querySelectorAll("[data-due]")) {
      const left = Number(e.dataset.due) - now;
      e.textContent = left > 0 ? "in " + ageText(left) : "overdue";
      e.classList.toggle("tw-high", left < 3.6e9);
    }
    this.status();
  }

  status() {
    const ok = this.heard && performance.now() - this.heard < SILENT_MS;
    this.root.dataset.connection = ok ? "open" : "lost";
    const e = this.root.querySelector(".tw-connection");
    const text = ok ? "" : Object.keys(this.sections).length ? "No connection. What you see may be old." : "Connecting\u2026";
    if (e && e.textContent !== text) e.textContent = text;
  }

  close() {
    clearInterval(this.tick);
    clearTimeout(this.again);
    this.source.close();
    this.view.close?.();
  }
}

// Streamlit runs this again at every run of the screen, with the old cleanup before or after: the stream
// goes on when the same root is taken over within a moment, and ends when nobody takes it over.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".tw-live");
  const owner = (root.owner = Symbol("owner"));
  const key = JSON.stringify(data);
  if (root.live?.key !== key) {
    root.live?.close();
    root.replaceChildren();
    root.live = new Live(root, data);
    root.live.key = key;
  }
  return () => setTimeout(() => {
    if (root.owner !== owner) return;
    root.live?.close();
    root.live = null;
  }, 300);
}
