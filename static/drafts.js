// What a person types is kept while it is typed: at once in this browser, and on the server as soon as the
// fingers rest. The copy in the browser goes when the server has the words; while there is no connection
// it stays, also through a reload or a closed tab, and is sent when the connection is back.
import { lost } from "./connection.js";

const PREFIX = "taktwise-draft/";
const REST_MS = 500; // a pause in typing
const LATEST_MS = 1000; // words wait no longer than this, even while somebody types on
const AGAIN_MS = 2000; // after a try that failed
const OLD_MS = 7 * 86_400_000; // a copy that nobody came back for
const SEARCH_MS = 10_000; // the field may be drawn a moment after its keeper, and filled a moment after that
const fields = new Map(); // name of a copy -> Field
const memory = new Map(); // when the browser keeps nothing for us
const WORDS = {
  typing: "",
  kept: "Kept.",
  waiting: "No connection. Your words are kept in this browser and sent when it is back.",
  refused: "Not kept: sign in again. Your words stay in this browser.",
  long: "Too long to be kept.",
  full: "Not kept: you have too many unfinished texts. Send or empty some. Your words stay in this browser.",
};

const copies = {
  get(name) {
    try {
      return JSON.parse(localStorage.getItem(name)) ?? memory.get(name);
    } catch {
      return memory.get(name);
    }
  },
  set(name, copy) {
    memory.set(name, copy);
    try {
      localStorage.setItem(name, JSON.stringify(copy));
    } catch { /* full or closed: this page still has it */ }
  },
  drop(name) {
    memory.delete(name);
    try {
      localStorage.removeItem(name);
    } catch { /* as above */ }
  },
  names() {
    const found = new Set(memory.keys());
    try {
      for (let k = 0; k < localStorage.length; k++) found.add(localStorage.key(k));
    } catch { /* as above */ }
    return [...found].filter((name) => name.startsWith(PREFIX));
  },
};

// What became of it: "kept", "used" (an act has used this text up), "refused", "long", "full", or "waiting".
async function send(copy) {
  try {
    const answer = await fetch("/drafts", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ account: copy.account, subject: copy.subject, text: copy.text, uses: copy.uses }),
      keepalive: copy.text.length < 15_000, // the browser lets larger ones not outlive the page
    });
    if (answer.ok) return "kept";
    return { 401: "refused", 403: "refused", 409: "used", 413: "long", 422: "long", 507: "full" }[answer.status] ?? "waiting";
  } catch {
    return "waiting";
  }
}

class Field {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.name = PREFIX + data.account + "/" + data.subject;
    this.since = 0;
    this.sending = false;
    fields.set(this.name, this);
    this.find(performance.now() + SEARCH_MS);
  }

  box() {
    return document.querySelector(`.st-key-${CSS.escape(this.data.field)} :is(textarea, input)`);
  }

  find(until) {
    const box = this.box();
    const early = performance.now() < until;
    if (box && (box.value || !this.data.kept || !early)) return this.restore(box);
    if (early) this.search = setTimeout(() => this.find(until), 50);
  }

  // Words that never reached the server come back into the field, as if they were typed now.
  restore(box) {
    const copy = copies.get(this.name);
    if (!copy) return;
    if (copy.uses !== this.data.uses) return copies.drop(this.name);
    if (copy.text !== box.value && box.value === this.data.kept) {
      const kind = box.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(box, copy.text);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      if (document.activeElement !== box) box.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
    }
    this.flush();
  }

  typed(text) {
    const { account, subject, uses } = this.data;
    copies.set(this.name, { account, subject, uses, text, at: Date.now() });
    this.say("typing");
    this.since ||= performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.min(REST_MS, Math.max(0, this.since + LATEST_MS - performance.now())));
  }

  async flush() {
    clearTimeout(this.timer);
    this.since = 0;
    const copy = copies.get(this.name);
    if (!copy || this.sending) return;
    this.sending = true;
    const state = await send(copy);
    this.sending = false;
    const now = copies.get(this.name);
    const same = now && now.text === copy.text && now.uses === copy.uses;
    if (["kept", "used", "long"].includes(state) && same) copies.drop(this.name);
    this.say(same || state === "waiting" ? state : "typing");
    if (state === "waiting") this.timer = setTimeout(() => this.flush(), AGAIN_MS);
    else if (now && !same) this.flush();
  }

  say(state) {
    this.root.dataset.state = state;
    const text = WORDS[state] ?? "";
    if (this.root.textContent !== text) this.root.textContent = text;
  }

  // The field is gone. What waits still goes out, from here or at the next page.
  close() {
    clearTimeout(this.search);
    if (fields.get(this.name) === this) fields.delete(this.name);
    if (!this.sending) this.flush();
  }
}

// Copies whose field is not on the screen: sent from any screen of the same person. The server refuses
// those of somebody else; they stay for their owner, for a while.
async function sweep() {
  for (const name of copies.names()) {
    const copy = copies.get(name);
    if (!copy || Date.now() - copy.at > OLD_MS) copies.drop(name);
    else if (!fields.has(name) && ["kept", "used"].includes(await send(copy))) {
      if (copies.get(name)?.text === copy.text) copies.drop(name);
    }
  }
}

function fieldOf(event) {
  for (const field of fields.values()) if (event.target === field.box()) return field;
  return null;
}

// Streamlit locks every field while there is no connection. Ours go on: what is typed is kept here.
function unlock(mutations) {
  for (const { target } of mutations) {
    const field = target.disabled && lost() && fieldOf({ target });
    if (!field) continue;
    target.disabled = false;
    if (field.focused) target.focus();
  }
}

const flushAll = () => fields.forEach((field) => field.flush());
document.addEventListener("input", (event) => fieldOf(event)?.typed(event.target.value), true);
document.addEventListener("focusin", (event) => {
  for (const field of fields.values()) field.focused = event.target === field.box();
}, true);
document.addEventListener("focusout", (event) => fieldOf(event)?.flush(), true);
new MutationObserver(unlock).observe(document.body, { subtree: true, attributeFilter: ["disabled"] });
document.addEventListener("visibilitychange", () => { if (document.hidden) flushAll(); });
addEventListener("pagehide", flushAll);
addEventListener("online", () => { flushAll(); sweep(); });
setTimeout(sweep, 1500);

// Streamlit runs this again at every run of the screen, with the old cleanup before or after.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".tw-kept");
  const owner = (root.owner = Symbol("owner"));
  const key = JSON.stringify([data.account, data.subject, data.field, data.uses]);
  if (root.field?.key !== key) {
    root.field?.close();
    root.field = new Field(root, data);
    root.field.key = key;
  } else {
    root.field.data = data;
  }
  return () => setTimeout(() => {
    if (root.owner !== owner) return;
    root.field?.close();
    root.field = null;
  }, 300);
}
