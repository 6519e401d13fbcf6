"""A supervisor stops the AI: everybody sees it at once, limits open cases in its place, and it goes on."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from data.store import stops as store
from data.store import tables as t
from data.store.database import Database
from domain.rules import Limit
from tests.e2e.conftest import PATIENCE_MS, RunningDesk, run_desk
from tests.e2e.test_story import INTERVAL_S, SLOW, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def desk(copy_of_prepared):
    with run_desk(copy_of_prepared, SLOW, INTERVAL_S) as running:
        yield running


def state_a_low_limit(database: Database) -> None:
    """The commonest type of machine without an open case vibrates beyond what this plant allows it.

    What a limit says of a machine with an open case opens no second one, and whatever looks unusual on one
    machine may get its case from the watch over patterns first: so the limit is low, and no reading changed.
    """
    with database.write() as tx:
        e, c = t.equipment.c, t.cases.c
        busy = select(c.equipment_id).where(c.open_key.is_not(None), c.equipment_id.is_not(None))
        free = select(e.machine_type).where(e.level == "unit", e.assigned, e.equipment_id.not_in(busy))
        many = free.group_by(e.machine_type).order_by(func.count().desc(), e.machine_type)
        machine_type = tx.execute(many).scalars().first()
        assert machine_type is not None
        store.state_limits(tx, "north", [Limit(machine_type, "vibration_rms", None, 0.01, 1_800, "bearing")])


def watched(database: Database) -> set[str]:
    """The names of the machines on which a fixed limit has opened a case."""
    with database.read() as tx:
        c, e = t.cases.c, t.equipment.c
        open_ones = select(e.name).join_from(t.cases, t.equipment, e.equipment_id == c.equipment_id)
        return set(tx.execute(open_ones.where(c.kind == "limit", c.open_key.is_not(None))).scalars())


def test_the_stop_falls_back_in_sight_and_going_on_needs_a_reason(
    desk: RunningDesk, page: Page, chromium: Browser
) -> None:
    database = Database(desk.database_url)
    state_a_low_limit(database)
    context = chromium.new_context(viewport={"width": 1180, "height": 820}, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    other = context.new_page()
    sign_in(other, desk, "operator", "/inbox")
    sign_in(page, desk, "planner", "/stop")

    stopping = page.locator(".st-key-ai-stop")  # the limits below are signed as well
    stopping.get_by_label("Why", exact=True).fill("A drill before the audit")
    stopping.get_by_label("Your password").fill(desk.password)
    page.get_by_role("button", name="Sign and start a drill").click()
    expect(other.locator(".tw-ai")).to_contain_text("Drill of the AI stop", timeout=PATIENCE_MS)
    expect(other.locator(".tw-ai")).to_contain_text("nothing is stopped")
    page.get_by_label("What came of it").fill("Everybody knew what to do")
    page.get_by_label("Your password").first.fill(desk.password)
    page.get_by_role("button", name="Sign and end the drill").click()
    expect(other.locator(".tw-ai b")).to_have_count(0, timeout=PATIENCE_MS)
    # Another's screen may hear of the end before this page has taken the drill's own form away.
    expect(page.get_by_role("button", name="Sign and end the drill")).to_have_count(0, timeout=PATIENCE_MS)

    stopping.get_by_label("Why", exact=True).fill("It contradicts the technicians")
    stopping.get_by_label("Your password").fill(desk.password)
    page.get_by_role("button", name="Sign and stop the AI").click()
    strip = other.locator(".tw-ai")
    expect(strip).to_contain_text("AI stopped", timeout=PATIENCE_MS)
    expect(strip).to_contain_text(re.compile(r"[1-9]\d* open case"))
    rows = other.locator("tr", has_text="beyond a fixed limit")
    expect(rows.first).to_be_visible(timeout=PATIENCE_MS)
    shown = rows.first.inner_text()  # before asking which: the watch may be opening more of them
    machines = watched(database)
    assert any(name in shown for name in machines), (machines, shown)

    with database.read() as tx:
        c = t.cases.c
        waits = tx.execute(
            select(func.count()).where(c.kind == "failure_risk", c.state.in_(["proposed", "seen"]))
        ).scalar_one()
    assert waits == 0, "advice of a stopped model still waits for a decision"

    page.get_by_label("Your password").first.fill(desk.password)
    page.get_by_role("button", name="Sign and let it go on").click()
    expect(page.get_by_text("Please write a few words")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Why it may go on").fill("The sensor was replaced")
    page.get_by_label("Your password").first.fill(desk.password)
    page.get_by_role("button", name="Sign and let it go on").click()
    expect(other.locator(".tw-ai b")).to_have_count(0, timeout=PATIENCE_MS)
    context.close()
    database.close()
