"""Draws docs/screenshots anew: every screen of a demo of its own, on a desk screen and on a tablet.

    make screenshots                                          prepares a plant first (under 3 minutes)
    make screenshots PREPARED=var                             with a folder that is prepared already
    python -m scripts.screenshots --prepared var --only case --whole --out build/look

The demo runs in a temporary folder, so nothing of the given one changes. On it people do what the
pictures show: a technician raises a case, a supervisor approves one case as advised and one with a
later start, and the receipts come in. A second desk, without a plant, shows the first visit.
"""

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from benchmarks import demo_desk as desk
from data.store import migrate
from data.store import tables as t
from data.store.database import Database
from domain.clock import Clock, wall_us
from runtime import demo_site, ports
from services import clocks
from simulator.layout import demo

OUT = desk.ROOT / "docs" / "screenshots"
SIZES = {"1440x900": (1440, 900), "1180x820": (1180, 820)}
READY = "() => document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning'"
LIVE = "() => [...document.querySelectorAll('.tw-live')].every((e) => e.dataset.connection === 'open')"
HEIGHT = (
    "() => Math.max(0, ...[...document.querySelectorAll('[data-testid=stMain]')].map((e) => e.scrollHeight))"
)
SETTLE_MS = 1_500
PATIENCE_MS = 60_000


@dataclass
class Camera:
    """Takes a screen at each size; `only` limits it to names that contain a word."""

    out: Path
    only: str = ""
    whole: bool = False
    taken: list[str] = field(default_factory=list)

    def wants(self, *names: str) -> bool:
        """False when none of these pictures is asked for."""
        return any(self.only in name for name in names)

    def take(self, page: Page, name: str) -> None:
        """Both sizes of what the page shows now, as PNG of 256 colours."""
        if not self.wants(name):
            return
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
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


def main() -> None:
    """Prepare, start, look, stop."""
    said = arguments()
    said.out.mkdir(parents=True, exist_ok=True)
    camera = Camera(said.out, said.only, said.whole)
    with tempfile.TemporaryDirectory(prefix="taktwise-screens-") as folder, desk.browser() as browser:
        if camera.wants(*FIRST_VISIT.values()):
            first_visit(Path(folder) / "empty", browser, camera)
        var = desk.prepared(said.prepared, Path(folder) / "var")
        (var / "ports.json").unlink(missing_ok=True)
        with desk.running(["demo"], var) as process:
            url = desk.address(var, process)
            outside(fresh(browser), url, camera)
            tabs = Tabs(browser, url, desk.password(var))
            with opened(var) as database:
                reading(tabs, database, camera)
                deciding(tabs, database, camera)
    total = sum(path.stat().st_size for path in said.out.glob("*.png"))
    sys.stderr.write(f"{len(camera.taken)} screens at {len(SIZES)} sizes, {total / 1e6:.1f} MB in all\n")


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(description="Draw docs/screenshots anew.")
    parser.add_argument("--prepared", help="a folder that `python -m runtime prepare` has made")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="", help="pictures whose name contains this")
    parser.add_argument("--whole", action="store_true", help="the whole page instead of one screen")
    return parser.parse_args()


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


@contextmanager
def opened(var: Path) -> Iterator[Database]:
    """The running demo's database."""
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    yield database
    database.close()


def outside(page: Page, url: str, camera: Camera) -> None:
    """The sign-in, and what it says to a wrong password."""
    if not camera.wants("sign-in", "sign-in-refused"):
        return
    page.goto(url)
    page.get_by_label("User name").wait_for()
    camera.take(page, "sign-in")
    page.get_by_label("User name").fill("supervisor")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("User name or password is wrong").wait_for()
    camera.take(page, "sign-in-refused")


def reading(tabs: Tabs, database: Database, camera: Camera) -> None:
    """Every screen as it is before anybody does anything."""
    number, machine, prediction = open_case(database)
    line = machine.rpartition("/")[0]
    screens = {
        "overview": ("manager", "/"),
        "overview-yesterday": ("manager", "/?window=yesterday"),
        "line": ("supervisor", f"/line?id={line}"),
        "machine": ("supervisor", f"/machine?id={machine}"),
        "risks": ("supervisor", "/risks"),
        "explanation": ("supervisor", f"/explanation?prediction={prediction}"),
        "inbox": ("supervisor", "/inbox"),
        "case": ("supervisor", f"/case?case={number}"),
        "history": ("supervisor", "/history?span=all"),
        "health": ("admin", "/health"),
        "users": ("admin", "/users"),
        "account": ("supervisor", "/account"),
        "not-found": ("supervisor", "/machine?id=north/nowhere"),
        "not-allowed": ("operator", "/users"),
        "nothing-matches": ("supervisor", "/history?state=expired&cause=leak&span=7"),
    }
    for name, (account, path) in screens.items():
        if camera.wants(name):
            camera.take(tabs.of(account, path), name)


def deciding(tabs: Tabs, database: Database, camera: Camera) -> None:
    """A case is raised, one is approved, one is changed; the pictures show each step."""
    if not camera.wants("raise", "case-approving", "case-changing", "case-decided", "case-changed", "inbox-"):
        return
    number, machine, _ = open_case(database)
    raised = raise_case(tabs, database, other_machine(database, machine), camera)
    approve(tabs, number, camera)
    change(tabs, raised, camera)
    camera.take(tabs.of("supervisor", "/inbox"), "inbox-under-way")


def raise_case(tabs: Tabs, database: Database, machine: str, camera: Camera) -> int:
    """A technician has heard something; the number of the new case."""
    page = tabs.of("technician", "/inbox")
    page.get_by_role("button", name="Raise a case").click()
    page.get_by_label("Machine", exact=True).fill(machine)  # the list draws only what is in sight
    page.get_by_role("option", name=re.compile(f"^{re.escape(machine)}")).first.click()
    page.get_by_label("What should be done").click()
    page.get_by_role("option", name="Repair at the shift change").click()
    page.get_by_label("What you have seen or heard").fill(
        "It hums louder than this morning, and smells warm."
    )
    camera.take(page, "raise")
    before = newest_number(database)
    page.get_by_role("button", name="Raise the case").click()
    page.get_by_text("Somebody else has to approve it").wait_for()
    assert newest_number(database) > before
    return newest_number(database)


def approve(tabs: Tabs, number: int, camera: Camera) -> None:
    """As advised; then both receipts."""
    page = tabs.of("supervisor", f"/case?case={number}")
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_label("Your password", exact=True).wait_for()
    camera.take(page, "case-approving")
    page.get_by_label("Your password", exact=True).fill(tabs.word)
    page.get_by_role("button", name="Sign and release").click()
    wait_for_receipts(page)
    camera.take(page, "case-decided")


def change(tabs: Tabs, number: int, camera: Camera) -> None:
    """With a start of one's own; then both receipts."""
    page = tabs.of("supervisor", f"/case?case={number}")
    page.get_by_role("button", name="Approve with changes").click()
    page.get_by_label("What to do instead").click()
    page.get_by_role("option", name="At another time").click()
    why = page.get_by_label("Why (kept with the decision)")
    why.fill("The order in progress is finished first.")
    why.blur()
    camera.take(page, "case-changing")
    page.get_by_label("Your password", exact=True).fill(tabs.word)
    page.get_by_role("button", name="Sign and release with changes").click()
    wait_for_receipts(page)
    camera.take(page, "case-changed")


def wait_for_receipts(page: Page) -> None:
    """Until no order waits for its answer."""
    expect(page.get_by_text("Orders and receipts")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("body")).to_contain_text(re.compile("accepted", re.I), timeout=PATIENCE_MS)
    for words in ("waits to be sent", "sent, no answer yet"):
        expect(page.get_by_text(words)).to_have_count(0, timeout=PATIENCE_MS)


def open_case(database: Database) -> tuple[int, str, str]:
    """(number, machine, prediction) of the model's open case that is worth most, else of the newest."""
    c = t.cases.c
    with database.read() as tx:
        row = tx.execute(
            select(c.number, c.equipment_id, c.prediction_id)
            .where(c.prediction_id.is_not(None))
            .order_by(c.state.in_(["proposed", "seen"]).desc(), c.benefit_cents.desc(), c.opened_us.desc())
        ).first()
    if row is None:
        raise SystemExit("this plant has no case: prepare another one")
    return row[0], row[1], row[2]


def other_machine(database: Database, machine: str) -> str:
    """The name of a machine of the same line without an open case."""
    e, c = t.equipment.c, t.cases.c
    line = machine.rpartition("/")[0]
    with database.read() as tx:
        busy = select(c.equipment_id).where(c.open_key.is_not(None))
        found = tx.execute(
            select(e.name).where(e.parent_id == line, e.equipment_id.not_in(busy)).order_by(e.position)
        ).scalars()
        return str(next(iter(found)))


def newest_number(database: Database) -> int:
    """The number of the newest case."""
    with database.read() as tx:
        return max(tx.execute(select(t.cases.c.number)).scalars(), default=0)


FIRST_VISIT = {"/": "first-visit-overview", "/risks": "first-visit-risks", "/inbox": "first-visit-inbox",
               "/history": "first-visit-history", "/health": "first-visit-health"}  # fmt: skip


def first_visit(var: Path, browser: Browser, camera: Camera) -> None:
    """The plant is placed, and no machine has spoken yet: what each screen says then."""
    var.mkdir()
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    migrate.upgrade(database.url)
    layout, now = demo(), wall_us()
    demo_site.place(database, layout, {})
    demo_site.make_accounts(database, layout.site, var / "demo-accounts.txt")
    with database.write() as tx:
        clocks.write(tx, layout.site, Clock(now, now, 1.0))
    database.close()
    port = next(p for p in range(8_700, 8_900) if ports.is_free(p))
    (var / "ports.json").write_text(f'{{"web": {port}}}')
    with desk.running(["app"], var, TAKTWISE_WEB_PORT=str(port)) as process:
        tabs = Tabs(browser, desk.address(var, process), desk.password(var))
        for path, name in FIRST_VISIT.items():
            account = "admin" if path == "/health" else "supervisor"
            camera.take(tabs.of(account, path), name)


if __name__ == "__main__":
    main()
