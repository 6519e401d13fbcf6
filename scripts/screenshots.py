"""Draws docs/screenshots anew: every screen of a freshly prepared demo, at two sizes.

make screenshots            the demo of var/, prepared when it is not there yet
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
SIZES = {"1440x900": (1440, 900), "1180x820": (1180, 820)}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTLE_MS = 5_000


def main() -> None:
    """Prepare, start, look, stop."""
    source = Path(os.environ.get("TAKTWISE_VAR_DIR", ROOT / "var"))
    subprocess.run([sys.executable, "-m", "runtime", "prepare"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        var = Path(shutil.copytree(source, Path(folder) / "var"))
        env = {**os.environ, "TAKTWISE_VAR_DIR": str(var)}
        demo = subprocess.Popen([sys.executable, "-m", "runtime", "demo"], cwd=ROOT, env=env)
        try:
            look(ready(var), var)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


def ready(var: Path) -> str:
    """The address, once it answers."""
    for _ in range(600):
        time.sleep(0.2)
        try:
            url = f"http://127.0.0.1:{json.loads((var / 'ports.json').read_text())['web']}"
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):
                time.sleep(10)
                return url
        except (OSError, ValueError):
            continue
    raise SystemExit("the demo did not start")


def screens(var: Path) -> dict[str, tuple[str, str]]:
    """Name -> (account, path). The case and the machine are the ones that matter most now."""
    with sqlite3.connect(var / "taktwise.db") as store:
        case = store.execute(
            "SELECT number, equipment_id, prediction_id FROM cases WHERE prediction_id IS NOT NULL "
            "ORDER BY state IN ('proposed', 'seen') DESC, opened_us DESC"
        ).fetchone()
    number, machine, prediction = case
    line = machine.rpartition("/")[0]
    return {
        "sign-in": ("", "/"),
        "plant": ("manager", "/"),
        "line": ("supervisor", f"/line?id={line}"),
        "machine": ("supervisor", f"/machine?id={machine}"),
        "risks": ("supervisor", "/risks"),
        "explanation": ("supervisor", f"/explanation?prediction={prediction}"),
        "inbox": ("supervisor", "/inbox"),
        "case": ("supervisor", f"/case?case={number}"),
        "history": ("supervisor", "/history"),
        "connections": ("admin", "/health"),
        "users": ("admin", "/users"),
    }


def look(url: str, var: Path) -> None:
    """Take every picture."""
    found = re.search(r"Password[^:]*: (\S+)", (var / "demo-accounts.txt").read_text())
    assert found is not None
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for size, (width, height) in SIZES.items():
            pages: dict[str, Page] = {}
            for name, (account, path) in screens(var).items():
                if account not in pages:
                    pages[account] = signed_in(browser, url, account, found[1], (width, height))
                pages[account].goto(url + path)
                pages[account].wait_for_timeout(SETTLE_MS)
                pages[account].screenshot(path=str(OUT / f"{name}-{size}.png"))
                print(f"{name}-{size}.png")
        browser.close()


def signed_in(browser: Browser, url: str, account: str, password: str, size: tuple[int, int]) -> Page:
    """A tab of its own for each account; an empty account stays outside."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    page = context.new_page()
    if account:
        page.goto(url)
        page.get_by_label("User name").fill(account)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".tw-top").get_by_text("Demo").first.wait_for(timeout=60_000)
    return page


main()
