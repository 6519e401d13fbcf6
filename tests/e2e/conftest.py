"""The whole product in its own folder: prepared once, started for a test, driven by a real browser."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import update

from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from tests.conftest import needs

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
READY_S = 240.0
PATIENCE_MS = 60_000  # the machine that runs the tests may be busy


@dataclass(frozen=True)
class RunningDesk:
    """A running demo."""

    url: str
    password: str
    var: Path
    process: subprocess.Popen[bytes]

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.var / 'taktwise.db'}"


def environment(var: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    return {**kept, "TAKTWISE_VAR_DIR": str(var)}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var/ folder with 14 days of history, made by the command that a person types.

    TAKTWISE_TEST_PREPARED names one that is there already, for those who run a story many times.
    """
    if ready := os.environ.get("TAKTWISE_TEST_PREPARED"):
        return Path(ready)
    var = tmp_path_factory.mktemp("prepared") / "var"
    subprocess.run(
        [sys.executable, "-m", "runtime", "prepare"], cwd=ROOT, env=environment(var), check=True, timeout=900
    )
    return var


@contextmanager
def run_desk(var: Path, speed: float, interval_s: float, **settings: str) -> Iterator[RunningDesk]:
    """Start everything, as `make run` does, with settings (`TAKTWISE_...`); stop it as Ctrl-C does."""
    settings = {"TAKTWISE_PLANT_ABSENCE": "0"} | settings  # no order is refused by chance
    log = (var / "demo.out").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime", "demo", "--speed", str(speed), "--interval", str(interval_s)],
        cwd=ROOT,
        env=environment(var) | settings,
        stdout=log,
        stderr=log,
    )
    try:
        url = wait_until_ready(var, process)
        password = re.search(r"Password[^:]*: (\S+)", (var / "demo-accounts.txt").read_text())
        assert password is not None
        yield RunningDesk(url, password[1], var, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
        log.close()


def wait_until_ready(var: Path, process: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        assert process.poll() is None, (var / "demo.out").read_text()
        try:
            url = f"http://127.0.0.1:{json.loads((var / 'ports.json').read_text())['web']}"
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):
                return url
        except (OSError, ValueError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError("the desk did not start: " + (var / "demo.out").read_text()[-2_000:])


@pytest.fixture
def copy_of_prepared(prepared: Path, tmp_path: Path) -> Path:
    """A prepared var/ folder that the test may change."""
    return copied(prepared, tmp_path / "var")


def copied(prepared: Path, to: Path) -> Path:
    """A copy whose plant time goes on where the history ended, however long ago it was prepared: advice that
    was open then is open still, and rests on data as fresh as then."""
    shutil.copytree(prepared, to)
    database = Database(f"sqlite:///{to / 'taktwise.db'}")
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_wall_us=wall_us()))
    database.close()
    return to


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; it ends with these tests, since Playwright keeps a loop running on this thread."""
    path = needs(shutil.which("chromium") or "", "Chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh tab of a fresh profile, at the size of a desk screen."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
