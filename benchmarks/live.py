"""From a commit in the database to the painted pixel, with a hundred people watching.

A desk of its own is made in a temporary folder: the demo plant's 50 devices, eight hours of history
taken in by the real ingest, one account. Four processes then run at once on this machine: the web app,
a publisher (50 devices, one message a second each, committed by the real ingest), 99 signed-in readers
of the live stream who take every byte, and one Chromium that is signed in too and notes when a new
value is on the screen (the frame after the change). All clocks are this machine's wall clock.
"""

import bisect
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from auth.sessions import SESSION_COOKIE
from benchmarks import live_publisher
from data.store.database import Database
from domain.errors import SettingsError
from runtime import ports
from services.accounts import Accounts

ROOT = Path(__file__).resolve().parent.parent
READERS = 99
SECONDS = 30
REACH_MS = 150.0
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  const channel = new MessageChannel();
  const part = (e) => e.closest("[data-part]").dataset.part;
  let waiting = [];
  window.painted = [];
  channel.port1.onmessage = () => {
    const at = now();
    for (const seen of waiting) window.painted.push([...seen, at]);
    waiting = [];
  };
  const observer = new MutationObserver((changes) => {
    const aged = changes.map((c) => c.target).filter((e) => e.dataset.at);
    if (!aged.length) return;
    const fresh = aged.map((e) => [part(e), Number(e.dataset.at)]);
    requestAnimationFrame(() => { waiting.push(...fresh); channel.port2.postMessage(0); });
  });
  const filter = { subtree: true, attributes: true, attributeFilter: ["data-at"] };
  observer.observe(document.querySelector(".tw-live"), filter);
}"""
Commits = list[tuple[str, int, float]]  # line id, source time, wall time of the commit in ms


def run(seconds: int = SECONDS, readers: int = READERS) -> list[dict[str, Any]]:
    """Measure. Raises SettingsError without Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SettingsError("bench live needs Chromium (Debian package chromium)")
    with tempfile.TemporaryDirectory(prefix="taktwise-live-") as folder:
        return _measure(Path(folder), chromium, seconds, readers)


def _measure(folder: Path, chromium: str, seconds: int, readers: int) -> list[dict[str, Any]]:
    database = Database(f"sqlite:///{folder / 'taktwise.db'}")
    live_publisher.prepare(database)
    accounts = Accounts(database, 12)
    tokens = [accounts.open_session("watcher").token for _ in range(readers + 1)]
    database.close()
    log, heard = folder / "commits.jsonl", folder / "heard.json"
    (folder / "tokens.json").write_text(json.dumps(tokens[1:]))
    with web_app(folder) as (url, web), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = _open(browser.new_context(viewport={"width": 1440, "height": 900}), url, tokens[0])
        reading = _start(
            "benchmarks.live_readers", url, str(folder / "tokens.json"), str(heard), str(seconds + 6)
        )
        time.sleep(3)
        publishing = _start("benchmarks.live_publisher", str(folder), str(log), str(seconds + 2))
        time.sleep(1)
        painted, share = _watch(page, psutil.Process(web), seconds)
        publishing.wait(30)
        reading.wait(30)
        browser.close()
    latencies = match(_commits(log), painted)
    return rows(latencies, share, json.loads(heard.read_text()), readers)


def match(commits: Commits, painted: list[tuple[str, int, float]]) -> list[float]:
    """Milliseconds from each commit to the first frame that shows it or a newer value of its line."""
    frames: dict[str, list[tuple[int, float]]] = {}
    for line, at, when in painted:
        if not frames.get(line) or frames[line][-1][0] < at:
            frames.setdefault(line, []).append((at, when))
    found = []
    for line, at, committed in commits:
        seen = frames.get(line, [])
        index = bisect.bisect_left(seen, (at, 0.0))
        if index < len(seen) and seen[0][0] <= at:
            found.append(seen[index][1] - committed)
    return found


def rows(latencies: list[float], share: float, heard: dict[str, float], readers: int) -> list[dict[str, Any]]:
    """The figures, with what each must reach."""
    method = (
        f"{len(latencies)} commits, 50 devices at one message a second through the real ingest, "
        f"{readers} signed-in stream readers, 1 Chromium, all on {os.cpu_count()} cores"
    )
    p50 = statistics.median(latencies)
    p95 = statistics.quantiles(latencies, n=20)[18]
    every = heard["clients"] == readers and heard["least"] > 0

    def row(name: str, value: float, unit: str, reach: float | None, ok: bool | None) -> dict[str, Any]:
        rounded = round(value, 1)
        return {"name": name, "value": rounded, "unit": unit, "reach": reach, "ok": ok, "method": method}

    return [
        row("commit to painted pixel, p50", p50, "ms", REACH_MS, p50 <= REACH_MS),
        row("commit to painted pixel, p95", p95, "ms", None, None),
        row("web process CPU", share, "% of one core", None, None),
        row("stream readers served", heard["clients"], "readers", readers, every),
        row("increments per reader", heard["events"] / max(1, heard["clients"]), "events", None, None),
    ]


def _watch(page: Page, web: psutil.Process, seconds: int) -> tuple[list[tuple[str, int, float]], float]:
    page.evaluate(WATCH)
    before, begin = web.cpu_times(), time.monotonic()
    page.wait_for_timeout(1_000 * seconds)
    after, spent = web.cpu_times(), time.monotonic() - begin
    used = (after.user + after.system) - (before.user + before.system)
    painted = page.evaluate("() => window.painted")
    return [(part.removeprefix("line:"), at, when) for part, at, when in painted], 100 * used / spent


def _open(context: Any, url: str, token: str) -> Page:
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": url, "httpOnly": True}])
    page: Page = context.new_page()
    page.goto(url)
    page.locator(".tw-line").nth(4).wait_for(timeout=30_000)
    return page


def _commits(log: Path) -> Commits:
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()]


@contextmanager
def web_app(folder: Path) -> Iterator[tuple[str, int]]:
    """The real web app over this folder: its address and its process id."""
    port = next(p for p in range(8_700, 8_900) if ports.is_free(p))
    settings = {"TAKTWISE_VAR_DIR": str(folder), "TAKTWISE_WEB_PORT": str(port)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    process = subprocess.Popen([sys.executable, "-m", "runtime", "app"], cwd=ROOT, env={**kept, **settings})
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url + "/_stcore/health", process)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SettingsError("the web app did not start")
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)
    raise SettingsError("the web app does not answer")


def _start(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT)
