// While the desk does not answer: one calm sentence in place of Streamlit's window, which would take the
// keyboard from whoever is typing.
const SENTENCE = "No connection to the desk. What you see may be old.";
const state = () => document.querySelector(".stApp")?.dataset.testConnectionState;
let watching = false;
let was = false; // connected once: before that the page is only loading

export const lost = () => was && state() !== "CONNECTED";

function show() {
  let bar = document.querySelector(".tw-offline");
  if (!lost()) return bar?.remove();
  if (bar) return;
  bar = document.createElement("div");
  bar.className = "tw-offline";
  bar.setAttribute("role", "status");
  bar.textContent = SENTENCE;
  document.body.append(bar);
}

// Only its own window about the connection; nothing that the desk itself has opened.
function dismiss() {
  if (!lost()) return;
  for (const window of document.querySelectorAll("[data-testid=stDialog]")) {
    if (window.querySelector("[slot=title]")?.textContent === "Connection error") window.querySelector("button")?.click();
  }
}

export function watch() {
  if (watching) return;
  watching = true;
  const look = () => {
    was ||= state() === "CONNECTED";
    show();
    dismiss();
  };
  new MutationObserver(look).observe(document.documentElement, { subtree: true, attributeFilter: ["data-test-connection-state"] });
  new MutationObserver(look).observe(document.body, { childList: true });
  look();
}
