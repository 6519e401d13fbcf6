"""Takes pictures of the desk's screens at two sizes, through a signed-in tab for each account."""

import io
import sys
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from benchmarks import demo_desk as desk

PATIENCE_MS = 60_000
TOP = "() => document.querySelectorAll('[data-testid=stMain]').forEach((e) => e.scrollTo(0, 0))"
SIZES = {"1440x900": (1440, 900), "1180x820": (1180, 820)}
READY = "() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
LIVE = "() => [...document.querySelectorAll('.tw-live')].every((e) => e.dataset.connection === 'open')"
HEIGHT = (
    "() => Math.max(0, ...[...document.querySelectorAll('[data-testid=stMain]')].map((e) => e.scrollHeight))"
)
SETTLE_MS = 1_500


@dataclass
class Camera:
    """Takes a screen at each size; `only` limits it to names that contain one of its words (`case,line`)."""

    out: Path
    only: str = ""
    whole: bool = False
    taken: list[str] = field(default_factory=list)

    def wants(self, *names: str) -> bool:
        """False when none of these pictures is asked for."""
        return any(word in name for name in names for word in self.only.split(","))

    def take(self, page: Page, name: str, at: Locator | None = None) -> None:
        """Both sizes of what the page shows, from its top or where `at` is; PNG of 256 colours."""
        if not self.wants(name):
            return
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(TOP)
            if at is not None:
                at.scroll_into_view_if_needed()
            settle(page)
            if self.whole:
                page.set_viewport_size({"width": width, "height": max(height, page.evaluate(HEIGHT))})
                settle(page)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            small = picture.quantize(256, dither=Image.Dither.NONE)
            small.save(self.out / f"{name}-{size}.png", optimize=True)
        self.taken.append(name)
        sys.stderr.write(f"{name}\n")


@dataclass(frozen=True)
class Tabs:
    """A signed-in tab for each account."""

    browser: Browser
    url: str
    word: str
    open: dict[str, Page] = field(default_factory=dict)

    def of(self, account: str, path: str) -> Page:
        """The account's tab, at a path."""
        if account not in self.open:
            page = self.open[account] = fresh(self.browser)
            desk.sign_in(page, self.url, account, self.word)
        self.open[account].goto(self.url + path)
        settle(self.open[account])
        return self.open[account]


def fresh(browser: Browser) -> Page:
    """A tab of a fresh profile."""
    page = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin").new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def settle(page: Page) -> None:
    """Until nothing runs and the live parts have drawn themselves."""
    page.wait_for_function(READY)
    page.wait_for_function(LIVE)
    page.wait_for_timeout(SETTLE_MS)
