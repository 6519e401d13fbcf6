// Every table on every screen can be downloaded as CSV. The same rule as domain/spreadsheet.py keeps a
// cell from running as a formula; a test compares the two.
const FORMULA = ["=", "+", "-", "@", "\t", "\r", "\n"];
const BEFORE = /^[ "'\u00a0\v\f]+/; // what may stand before the sign in a part of a text
const NUMBER = /^-?\d{1,3}(,?\d{3})*(\.\d+)?$/;

export function plain(text) {
  const number = text.replace(/^\u2212/, "-");
  if (NUMBER.test(number)) return number.replaceAll(",", "");
  const shown = text.normalize("NFKC").trimStart();
  const [first, ...rest] = text.split(/([;\r\n])/);
  const shielded = first + rest.map((part) => (begins(part) ? "'" + part : part)).join("");
  return FORMULA.some((sign) => text.startsWith(sign) || shown.startsWith(sign)) ? "'" + shielded : shielded;
}

// Where semicolons separate, what follows one inside a text is a cell of its own.
function begins(part) {
  return /^[=+\-@]/.test(part.normalize("NFKC").replace(BEFORE, ""));
}

export function csv(rows) {
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell);
  return rows.map((row) => row.map((cell) => quoted(plain(cell))).join(",")).join("\r\n") + "\r\n";
}

// What a person reads in a cell, on one line; a picture says its words.
function words(cell) {
  const said = [cell.innerText, ...[...cell.querySelectorAll("img[alt]")].map((img) => img.alt)];
  const drawn = [...cell.querySelectorAll("svg[aria-label]")].map((svg) => svg.getAttribute("aria-label"));
  return [...said, ...drawn].join("\n").split("\n").map((line) => line.trim()).filter(Boolean).join("; ");
}

function rowsOf(table) {
  return [...table.rows].map((row) => [...row.cells].map(words));
}

function download(name, text) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

function button(panel, title) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "tw-csv";
  made.textContent = "CSV";
  made.title = `Download ${title} as CSV`;
  made.setAttribute("aria-label", made.title);
  made.addEventListener("click", () => {
    const tables = [...panel.querySelectorAll("table.tw-table")];
    const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "table";
    download(`taktwise-${slug}.csv`, csv(tables.flatMap(rowsOf)));
  });
  return made;
}

function dress() {
  for (const table of document.querySelectorAll("table.tw-table")) {
    const panel = table.closest(".tw-panel");
    if (!panel || panel.querySelector(":scope .tw-csv")) continue;
    const head = panel.querySelector(":scope > .tw-h");
    const title = (head ? head.querySelector("h2, h3") : null)?.textContent || panel.getAttribute("aria-label") || "Table";
    if (head) {
      head.append(button(panel, title));
    } else {
      const row = document.createElement("div");
      row.className = "tw-csv-row";
      row.append(button(panel, title));
      panel.prepend(row);
    }
  }
}

let watching = false;
export function watch() {
  if (watching) return;
  watching = true;
  let due = false;
  const later = () => {
    if (due) return;
    due = true;
    setTimeout(() => { due = false; dress(); }, 200);
  };
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
  later();
}
