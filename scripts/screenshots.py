"""Draws docs/screenshots anew: every screen of a demo of its own, on a desk screen and on a tablet.

    make screenshots                                          prepares a plant first (under 3 minutes)
    make screenshots PREPARED=var                             with a folder that is prepared already
    python -m scripts.screenshots --prepared var --only case --whole --out build/look

The demo runs in a temporary folder, so nothing of the given one changes. On it people do what the
pictures show: a technician raises a case, a supervisor approves one case as advised and one with a
later start, and the receipts come in. A second desk, without a plant, shows the first visit.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from auth.permissions import GRANTS
from benchmarks import demo_desk as desk
from data.store import migrate
from data.store.database import Database
from domain.clock import Clock, wall_us
from pages.registry import PAGES
from runtime import demo_site, ports
from scripts.acts import approve, change, open_case, other_machine, raise_case, training_case
from scripts.camera import SIZES, Camera, Tabs, fresh
from services import clocks
from simulator.layout import demo

OUT = desk.ROOT / "docs" / "screenshots"


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
    parser.add_argument(
        "--only", default="", help="pictures whose name contains one of these words: case,line"
    )
    parser.add_argument("--whole", action="store_true", help="the whole page instead of one screen")
    return parser.parse_args()


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
        "anomaly": ("supervisor", f"/anomaly?id={machine}"),
        "inbox": ("supervisor", "/inbox"),
        "case": ("supervisor", f"/case?case={number}"),
        "history": ("supervisor", "/history?span=all"),
        "models": ("manager", "/models"),
        "pictures": ("supervisor", "/pictures"),
        "health": ("admin", "/health"),
        "sources": ("admin", "/sources"),
        "data-quality": ("admin", "/data-quality"),
        "flow": ("admin", "/flow"),
        "users": ("admin", "/users"),
        "calendar": ("manager", f"/calendar?line={line}"),
        "targets": ("manager", f"/targets?line={line}"),
        "machines": ("manager", f"/machines?line={line}"),
        "alarm-limits": ("supervisor", f"/alarm-limits?line={line}"),
        "prices": ("manager", "/prices"),
        "pattern": ("supervisor", f"/pattern?id={machine}"),
        "account": ("supervisor", "/account"),
        "not-found": ("supervisor", "/machine?id=north/nowhere"),
        "not-allowed": ("operator", "/users"),
        "nothing-matches": ("supervisor", "/history?state=expired&cause=leak&span=7"),
    }
    for name, (account, path) in (screens | others(screens)).items():
        if camera.wants(name):
            camera.take(tabs.of(account, path), name)
    if camera.wants("case-training") and (training := training_case(database)) is not None:
        camera.take(tabs.of("manager", f"/case?case={training}"), "case-training")


def others(known: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Every further screen of the menu, seen by the first account that may open it."""
    found = {}
    for page in PAGES:
        allowed = [name for name, _, role in demo_site.ACCOUNTS if page.permission in GRANTS[role]]
        if page.in_menu and page.url_path not in known and allowed:
            account = next((name for name in ("supervisor", "manager") if name in allowed), allowed[0])
            found[page.url_path] = (account, f"/{page.url_path}")
    return found


def deciding(tabs: Tabs, database: Database, camera: Camera) -> None:
    """A case is raised, one is approved, one is changed; the pictures show each step."""
    if not camera.wants("raise", "case-approving", "case-changing", "case-decided", "case-changed", "inbox-"):
        return
    number, machine, _ = open_case(database)
    raised = raise_case(tabs, database, other_machine(database, machine), camera)
    approve(tabs, number, camera)
    change(tabs, raised, camera)
    camera.take(tabs.of("supervisor", "/inbox"), "inbox-under-way")


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
