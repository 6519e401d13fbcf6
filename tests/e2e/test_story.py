"""The main job, as people do it: from a machine at risk to a maintained machine, in a real browser."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect
from sqlalchemy import create_engine, func, select, update

from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from services import clocks
from simulator.erp import schema as erp
from tests.e2e.conftest import PATIENCE_MS, RunningDesk, run_desk

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]

# Plant seconds per second: while people read, and while work is done. People read slowly on a busy machine,
# and meanwhile nothing is to expire, to be scored or to be proposed anew.
SLOW, FAST = 2.0, 900.0
INTERVAL_S = 300.0
SETTLE_MS = 500  # an open list closes when the page scrolls, and the event comes a frame later


def fill_shelves(var: Path) -> None:
    """Five of every part, in the ERP and at the desk: which cases a history leaves open, and whether their
    parts are there, is chance."""
    engine = create_engine(f"sqlite:///{var / 'plant' / 'erp.db'}")
    newest = select(func.max(erp.stock.c.updated_at)).scalar_subquery()
    with engine.begin() as tx:
        tx.execute(update(erp.stock).values(on_hand=erp.stock.c.reserved + 5, updated_at=newest + 1))
    engine.dispose()
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    with database.write() as tx:
        tx.execute(update(t.stock).values(on_hand=t.stock.c.reserved + 5))
    database.close()


def leave_hours(var: Path) -> None:
    """Four hours to decide what is open: how many minutes a history leaves is chance."""
    database = Database(f"sqlite:///{var / 'taktwise.db'}")
    with database.write() as tx:
        ample = {"deadline_us": clocks.read(tx, "north").plant_us() + 4 * HOUR}
        tx.execute(update(t.cases).where(t.cases.c.state.in_(["proposed", "seen"])).values(**ample))
    database.close()


@pytest.fixture
def desk(copy_of_prepared):
    fill_shelves(copy_of_prepared)
    leave_hours(copy_of_prepared)
    with run_desk(copy_of_prepared, SLOW, INTERVAL_S) as running:
        yield running


def sign_in(page: Page, desk: RunningDesk, username: str, path: str = "/") -> None:
    page.goto(desk.url + path)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(desk.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".tw-top")).to_contain_text("Demo", timeout=PATIENCE_MS)


def choose(page: Page, choices: Locator, name: str) -> None:
    """Choose from a list. One that the page closes, as it scrolls or draws itself anew, is opened again."""
    choices.scroll_into_view_if_needed()
    page.wait_for_timeout(SETTLE_MS)
    end = time.monotonic() + 2 * PATIENCE_MS / 1_000
    while True:
        choices.click()
        try:
            page.get_by_role("option", name=name).click(timeout=PATIENCE_MS / 6)
            return
        except TimeoutError:
            assert time.monotonic() < end, f"{name} cannot be chosen"


def open_case(database: Database) -> tuple[int, str, str]:
    """(number, id, machine) of the open case with the latest data."""
    c = t.cases.c
    with database.read() as tx:
        row = tx.execute(
            select(c.number, c.case_id, c.equipment_id)
            .where(c.state.in_(["proposed", "seen"]), c.kind == "failure_risk")
            .order_by(c.evidence_us.desc(), c.deadline_us.desc())
        ).first()
    assert row is not None, "the prepared history leaves no open case"
    return row[0], row[1], row[2]


def set_speed(database: Database, speed: float) -> None:
    with database.write() as tx:
        now, old = wall_us(), clocks.read(tx, "north")
        clocks.write(tx, "north", Clock(old.plant_us(now), now, speed))


def wait_for(what, seconds: float = 240.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"never came: {what.__name__}")


def test_a_supervisor_overrides_the_start_and_the_machine_is_maintained(
    desk: RunningDesk, page: Page
) -> None:
    database = Database(desk.database_url)
    number, case_id, machine = open_case(database)
    sign_in(page, desk, "supervisor", "/risks")
    expect(page.get_by_text("of 100").first).to_be_visible(timeout=PATIENCE_MS)

    page.goto(f"{desk.url}/case?case={number}")
    expect(page.get_by_text("What moved the risk")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Approve and sign")).to_be_visible()
    assert page.locator(".stButton button[kind=primary]").count() == 0, "no choice is preselected"

    page.get_by_role("button", name="Approve with changes").click()
    choose(page, page.get_by_label("What to do instead"), "At another time")
    page.get_by_label("Why (kept with the decision)").fill("The order in progress is finished first.")
    page.get_by_label("Your password", exact=True).fill(desk.password)
    page.get_by_role("button", name="Sign and release with changes").click()

    receipts = page.locator("body")
    expect(receipts).to_contain_text(re.compile(r"accepted", re.I), timeout=PATIENCE_MS)

    def both_accepted() -> bool:
        with database.read() as tx:
            rows = tx.execute(
                select(t.receipts.c.sender)
                .join(t.commands, t.commands.c.command_id == t.receipts.c.command_id)
                .where(t.commands.c.case_id == case_id, t.receipts.c.status == "accepted")
            ).scalars()
            return {sender.split(".")[0] for sender in rows} == {"mes", "erp"}

    wait_for(both_accepted)
    expect(page.get_by_text(re.compile("MES")).first).to_be_visible()
    expect(page.get_by_text(re.compile("ERP")).first).to_be_visible()

    set_speed(database, FAST)

    def maintained() -> int:
        with database.read() as tx:
            found = tx.execute(
                select(t.maintenance.c.end_us)
                .join(t.commands, t.commands.c.command_id == t.maintenance.c.command_id)
                .where(t.commands.c.case_id == case_id, t.maintenance.c.status == "done")
            ).scalar()
            return found or 0

    ended_us = wait_for(maintained)

    def newest() -> str:
        with database.read() as tx:
            p = t.predictions.c
            row = tx.execute(
                select(p.status, p.above_threshold)
                .where(p.equipment_id == machine, p.at_us > ended_us)
                .order_by(p.at_us.desc())
                .limit(1)
            ).first()
        if row is None:
            return ""
        return "not_known" if row[0] == "not_known" else "high" if row[1] else "low"

    def not_known_yet() -> bool:
        return newest() == "not_known"

    wait_for(not_known_yet)
    page.goto(f"{desk.url}/machine?id={machine}")
    expect(page.get_by_text(re.compile("not known yet", re.I)).first).to_be_visible(timeout=PATIENCE_MS)

    def low_again() -> bool:
        return newest() == "low"

    wait_for(low_again)
    page.goto(f"{desk.url}/case?case={number}")
    expect(page.get_by_text(re.compile("found", re.I)).first).to_be_visible(timeout=PATIENCE_MS)
    database.close()


def test_an_operator_sees_the_case_and_cannot_approve_it(desk: RunningDesk, page: Page) -> None:
    database = Database(desk.database_url)
    number, _, _ = open_case(database)
    sign_in(page, desk, "operator", f"/case?case={number}")
    expect(page.get_by_text("What moved the risk")).to_be_visible(timeout=PATIENCE_MS)
    for name in ("Approve and sign", "Approve with changes", "Reject"):
        assert page.get_by_role("button", name=name).count() == 0
    database.close()
