"""A whole demo in a folder of its own, and a Chromium that signs in: for figures and for pictures."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from domain.errors import SettingsError
from runtime.settings import PREPARED

ROOT = Path(__file__).resolve().parent.parent
READY_S = 90.0
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def environment(var: Path) -> dict[str, str]:
    """The variables of a process that knows this folder and nothing of another desk."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKTWISE_")}
    return {**kept, "TAKTWISE_VAR_DIR": str(var)}


def prepared(given: str | Path | None, to: Path) -> Path:
    """A prepared folder at `to`: a copy of the given one, else made there (under 3 minutes).

    The given folder is not changed. Raises SettingsError when it is not prepared, or in use.
    """
    if given:
        source = Path(given)
        if not (source / PREPARED).exists():
            raise SettingsError(f"{source} is not prepared: python -m runtime prepare makes it")
        return Path(shutil.copytree(source, to, ignore=shutil.ignore_patterns("log", "demo.lock")))
    command = [sys.executable, "-m", "runtime", "prepare"]
    subprocess.run(command, cwd=ROOT, env=environment(to), check=True, stdout=sys.stderr)
    return to


def chromium() -> str:
    """Where Chromium is. Raises SettingsError without one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        raise SettingsError("this needs Chromium (Debian package chromium)")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield opened
        opened.close()


@contextmanager
def running(command: list[str], var: Path, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m runtime COMMAND` on a folder until the block ends; then stopped as Ctrl-C does it."""
    with (var / "out.log").open("ab") as log:
        line = [sys.executable, "-m", "runtime", *command]
        process = subprocess.Popen(line, cwd=ROOT, env=environment(var) | more, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def address(var: Path, process: "subprocess.Popen[bytes]") -> str:
    """The demo's address, as soon as it answers."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            url = f"http://127.0.0.1:{json.loads((var / 'ports.json').read_text())['web']}"
            with urllib.request.urlopen(url + "/_stcore/health", timeout=1):  # noqa: S310
                return url
        except (OSError, ValueError):
            time.sleep(0.05)
    raise SettingsError("the demo did not start: " + (var / "out.log").read_text()[-1_000:])


def password(var: Path) -> str:
    """The demo accounts' password."""
    found = re.search(r"Password[^:]*: (\S+)", (var / "demo-accounts.txt").read_text())
    if found is None:
        raise SettingsError(f"{var}/demo-accounts.txt names no password")
    return found[1]


def sign_in(page: Page, url: str, username: str, word: str) -> None:
    """Fill the form as a person does, until the top bar is there."""
    page.goto(url)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(word)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".tw-top nav").first.wait_for(timeout=60_000)
