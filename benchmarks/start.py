"""From `make run` on a set-up machine to a signed-in screen with live values.

Each run copies a prepared folder (TAKTWISE_VAR_DIR when it is prepared, else one is made), then starts
the clock and types what `make run` types: `python -m runtime prepare`, which finds everything there, and
`python -m runtime demo`: broker, virtual plant, workers, web app. A Chromium that is open already signs
in as soon as the desk answers. The clock stops at the frame that shows a value which a machine sent
after the start. The median of three runs counts.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks import demo_desk as desk
from data.store.database import Database
from domain.clock import wall_us
from runtime import settings as configuration
from services import clocks

RUNS = 3
REACH_S = 15.0
FRESH = """(since) => [...document.querySelectorAll(".tw-live .age[data-at]")]
  .some((e) => Number(e.dataset.at) > since && e.textContent)"""
FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
Run = dict[str, float]  # seconds since the start, by what was reached


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """Measure. Raises SettingsError without Chromium."""
    desk.chromium()
    settings = configuration.load()
    with tempfile.TemporaryDirectory(prefix="taktwise-start-") as folder:
        source = settings.var_dir if settings.prepared else None
        first = desk.prepared(source, Path(folder) / "prepared")
        with desk.browser() as browser:
            found = []
            for number in range(runs):
                var = desk.prepared(first, Path(folder) / f"run-{number}")
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                found.append(_once(var, page))
                page.context.close()
    return rows(found)


def rows(found: list[Run]) -> list[dict[str, Any]]:
    """The figures: the goal's first, then where the time goes."""
    method = f"median of {len(found)} starts on a prepared folder, 50 machines, Chromium signs in"

    def row(name: str, key: str, reach: float | None) -> dict[str, Any]:
        value = round(statistics.median(one[key] for one in found), 1)
        ok = None if reach is None else value <= reach
        return {"name": name, "value": value, "unit": "s", "reach": reach, "ok": ok, "method": method}

    return [
        row("make run to a signed-in screen with a live value", "live", REACH_S),
        row("make run to the first answer of the web app", "answer", None),
        row("make run to the signed-in screen", "signed in", None),
    ]


def _once(var: Path, page: Page) -> Run:
    (var / "ports.json").unlink(missing_ok=True)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "runtime", "prepare"],
        cwd=desk.ROOT, env=desk.environment(var), check=True, stdout=sys.stderr,
    )  # fmt: skip
    with desk.running(["demo"], var) as process:
        url = desk.address(var, process)
        reached = {"answer": time.monotonic() - began}
        since = _plant_us(var, began)
        desk.sign_in(page, url, "supervisor", desk.password(var))
        reached["signed in"] = time.monotonic() - began
        page.wait_for_function(FRESH, arg=since, timeout=60_000)
        page.evaluate(FRAME)
        reached["live"] = time.monotonic() - began
    sys.stderr.write(json.dumps({k: round(v, 1) for k, v in reached.items()}) + "\n")
    return reached


def _plant_us(var: Path, began: float) -> int:
    """Plant time at the start, by the clock that the running desk goes by."""
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    with database.read() as tx:
        clock = clocks.read(tx, "north")
    database.close()
    return clock.plant_us(wall_us() - round((time.monotonic() - began) * 1_000_000))
