// The top bar. Text from the server enters the page by textContent only.
const el = (tag, cls, text) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
};

function tab(item) {
  const a = el("a", "tw-link-quiet", item.label);
  a.href = item.url;
  if (item.current) a.setAttribute("aria-current", "page");
  if (item.count) {
    const count = el("span", "count", String(item.count));
    count.setAttribute("aria-label", item.count + " open");
    a.append(" ", count);
  }
  return a;
}

function row(cls, label, items) {
  const nav = el("nav", cls);
  nav.setAttribute("aria-label", label);
  nav.append(...items.map(tab));
  return nav;
}

function chooser(data, go) {
  if (data.sites.length < 2) return el("span", "", data.sites.length ? data.sites[0][1] : "");
  const select = el("select");
  select.setAttribute("aria-label", "Site");
  for (const [id, name] of data.sites) {
    const option = el("option", "", name);
    option.value = id;
    option.selected = id === data.site;
    select.append(option);
  }
  select.addEventListener("change", () => go("/?site=" + encodeURIComponent(select.value)));
  return select;
}

function signOut() {
  const form = el("form");
  form.method = "post";
  form.action = "/auth/sign-out";
  const button = el("button", "", "Sign out");
  button.type = "submit";
  form.append(button);
  return form;
}

function draw(root, data, go) {
  const bar = el("header", "tw-top");
  const brand = el("div", "brand");
  const home = el("a", "tw-link-quiet", "Taktwise");
  home.href = "/";
  brand.append(home);
  const who = el("div", "who");
  const person = el("div", "person");
  const name = el("a", "tw-link-quiet", data.person);
  name.href = "/account";
  if (data.own) name.setAttribute("aria-current", "page");
  const below = el("div", "tw-muted", data.role);
  const site = chooser(data, go);
  if (site.tagName === "SPAN") below.append(site.textContent ? " \u00B7 " : "", site);
  else who.append(site);
  person.append(name, below);
  who.append(person, signOut());
  bar.append(brand);
  if (data.tabs.length) bar.append(row("", "Sections", data.tabs));
  bar.append(who);
  const parts = [bar, root.strip ??= el("div", "tw-ai")];
  root.strip.setAttribute("role", "status");
  if (data.under.length > 1) parts.push(row("tw-sub", "Screens", data.under));
  root.replaceChildren(...parts);
}

// The strip under the bar: what concerns every screen, pushed. A tab in the background lets its stream
// go, since a browser keeps only a few connections to one server.
class Strip {
  constructor(root, site, go) {
    this.root = root;
    this.go = go;
    this.site = site;
    this.onSight = () => (document.hidden ? this.leave() : this.listen());
    document.addEventListener("visibilitychange", this.onSight);
    this.onSight();
  }

  listen() {
    if (this.source || !this.site) return;
    const source = (this.source = new EventSource(
      location.origin + "/live/stream?" + new URLSearchParams({ view: "status", scope: this.site }),
    ));
    const take = (event) => {
      const said = JSON.parse(event.data);
      if (said.s.ai) this.show(said.s.ai);
      this.root.strip.dataset.seen = said.t;
    };
    source.addEventListener("full", take);
    source.onmessage = take;
    source.addEventListener("ended", () => this.leave());
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      this.leave();
      this.again = setTimeout(() => this.onSight(), 3000);
    };
  }

  show(ai) {
    const strip = this.root.strip;
    const changed = this.kind !== undefined && this.kind !== ai.kind;
    this.kind = strip.dataset.kind = ai.kind;
    // A stop replaces what the inbox shows: draw it again now instead of at its next turn.
    if (changed && location.pathname === "/inbox") this.go(location.pathname + location.search);
    if (!ai.kind) return strip.replaceChildren();
    const more = el("a", "tw-link-quiet", "What happens now");
    more.href = ai.url;
    const cases = el("a", "tw-link-quiet", "Open cases");
    cases.href = "/inbox";
    strip.replaceChildren(el("b", "", ai.title), el("span", "", ai.text), more, cases);
  }

  leave() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  close() {
    document.removeEventListener("visibilitychange", this.onSight);
    this.leave();
  }
}

function inner(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const a = event.composedPath().find((n) => n instanceof HTMLAnchorElement);
  if (!a || !a.matches(".tw-link, .tw-link-quiet") || a.target) return null;
  const url = new URL(a.href, location.href);
  return url.origin === location.origin && !url.pathname.startsWith("/auth/") ? url : null;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("div");
  const go = (address) => setTriggerValue("go", address);
  const key = JSON.stringify(data);
  if (root.dataset.key !== key) {
    root.dataset.key = key;
    draw(root, data, go);
  }
  if (root.live?.site !== data.site) {
    root.live?.close();
    root.live = new Strip(root, data.site, go);
  }
  const owner = (root.owner = Symbol("owner"));
  const onClick = (event) => {
    const url = inner(event);
    if (!url) return;
    event.preventDefault();
    go(url.pathname + url.search);
  };
  document.addEventListener("click", onClick);
  import(location.origin + "/assets/tables.js").then((tables) => tables.watch());
  import(location.origin + "/assets/connection.js").then((connection) => connection.watch());
  return () => {
    document.removeEventListener("click", onClick);
    setTimeout(() => {
      if (root.owner !== owner) return;
      root.live?.close();
      root.live = null;
    }, 300);
  };
}
