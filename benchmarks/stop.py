"""From the signature under "stop the AI" to what people see: the strip on every screen, and the cases.

A desk of its own in a temporary folder: the demo plant with six hours of history, two machines that
shake beyond the limit, the real web app, one Chromium that looks at the inbox. A round: the command
StopCommands.stop is called (password check included); the page notes the frame in which the strip says
that the AI is stopped and that both limit cases are open, and the frame in which both stand in the inbox.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from sqlalchemy import delete, insert, select

from auth.sessions import SESSION_COOKIE
from auth.signatures import Credential
from benchmarks import live_publisher
from benchmarks.live import FLAGS, web_app
from data.store import stops
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import MINUTE, wall_us
from domain.errors import SettingsError
from services.accounts import Accounts
from services.actors import actor_of
from services.commands.stopping import StopCommands

ROUNDS = 7
REACH_MS = 2_000.0
SHAKING = 9.5
PASSWORD = Credential("only for this bench")
WATCH = """() => {
  const now = () => performance.timeOrigin + performance.now();
  window.seen = {};
  const note = (name) => { window.seen[name] ??= now(); };
  const look = () => requestAnimationFrame(() => {
    const strip = document.querySelector(".tw-ai[data-kind=stopped]");
    if (strip && strip.textContent.includes("2 open cases")) note("strip");
    if ((document.body.textContent.match(/beyond a fixed limit/g) || []).length === 2) note("inbox");
  });
  window.looking?.disconnect();
  window.looking = new MutationObserver(look);
  const every = { subtree: true, childList: true, characterData: true, attributes: true };
  window.looking.observe(document.body, every);
}"""


def run(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Measure. Raises SettingsError without Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SettingsError("bench stop needs Chromium (Debian package chromium)")
    with tempfile.TemporaryDirectory(prefix="taktwise-stop-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'taktwise.db'}")
        live_publisher.prepare(database)
        _shake(database)
        token = Accounts(database, 12).open_session("watcher").token
        with web_app(Path(folder)) as (url, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": url, "httpOnly": True}])
            page = context.new_page()
            page.goto(f"{url}/inbox")
            page.get_by_text("Nothing waits for a decision").first.wait_for(timeout=60_000)
            found = [_round(database, page) for _ in range(rounds)]
            browser.close()
        database.close()
    acts, strips, inboxes = zip(*found, strict=True)
    return [
        _row("the stop itself: password, advice withdrawn, cases opened, committed", acts, rounds),
        _row("stop to the strip on every screen, cases counted", strips, rounds),
        _row("stop to the limit cases in the inbox", inboxes, rounds),
    ]


def _row(name: str, values: Sequence[float], rounds: int) -> dict[str, Any]:
    value = round(statistics.median(values), 1)
    method = f"median of {rounds} stops, worst {max(values):.0f} ms; 50 machines, real web app, 1 Chromium"
    return {
        "name": name, "value": value, "unit": "ms", "reach": REACH_MS, "ok": max(values) <= REACH_MS,
        "method": method,
    }  # fmt: skip


def _round(database: Database, page: Page) -> tuple[float, float, float]:
    commands = StopCommands(database)
    with database.read() as tx:
        actor = actor_of(tx.execute(select(t.accounts)).mappings().one())
    page.evaluate(WATCH)
    begin = time.time() * 1_000
    commands.stop(actor, "north", "", "bench", PASSWORD)
    done = time.time() * 1_000
    page.wait_for_function("() => window.seen.strip && window.seen.inbox", timeout=30_000)
    seen = page.evaluate("() => window.seen")
    with database.write() as tx:
        stops.end(tx, stops.under_way(tx, "north")[0]["stop_id"], {"resumed_us": wall_us()})
        for table in (t.cases, t.commands):
            tx.execute(delete(table))
    page.get_by_text("Nothing waits for a decision").first.wait_for(timeout=30_000)
    return done - begin, seen["strip"] - begin, seen["inbox"] - begin


def _shake(database: Database) -> None:
    now, m = wall_us(), t.metrics.c
    with database.write() as tx:
        units = ("north/machining/line-1/cnc-11", "north/machining/line-1/cnc-12")
        for unit in units:
            row = {"equipment_id": unit, "name": "vibration_rms", "unit": "mm/s", "kind": "gauge"}
            upsert(tx, t.metrics, [row], ["equipment_id", "name"])
            mine = (m.equipment_id == unit) & (m.name == "vibration_rms")
            metric_id = tx.execute(select(m.metric_id).where(mine)).scalar_one()
            tx.execute(delete(t.readings).where(t.readings.c.metric_id == metric_id))
            values = {"metric_id": metric_id, "value": SHAKING, "quality": 192, "receive_us": now}
            # Ahead of the clock as well, so that the machines still shake in the last round.
            rows = [{**values, "source_us": now + k * MINUTE} for k in range(-30, 30)]
            tx.execute(insert(t.readings), rows)
