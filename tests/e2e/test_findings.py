"""A technician on a tablet records what was found with two taps."""

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select, update

from data.store import tables as t
from data.store.database import Database
from tests.e2e.conftest import PATIENCE_MS, RunningDesk, run_desk
from tests.e2e.desk_kit import raised
from tests.e2e.test_story import INTERVAL_S, SLOW, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]
TARGET_PX = 44


@pytest.fixture
def desk(copy_of_prepared):
    with run_desk(copy_of_prepared, SLOW, INTERVAL_S) as running:
        yield running


def expired(database: Database) -> tuple[str, int]:
    """A case that nobody has decided in time: (id, number).

    One of the history would not do: the MES may have told what was found there.
    """
    number, case_id = raised(database, "north/machining", cause="bearing")
    with database.write() as tx:
        over = {"state": "expired", "open_key": None}
        tx.execute(update(t.cases).where(t.cases.c.case_id == case_id).values(**over))
    return case_id, number


def test_two_taps_record_a_finding(desk: RunningDesk, chromium: Browser) -> None:
    database = Database(desk.database_url)
    case_id, number = expired(database)
    context = chromium.new_context(viewport={"width": 1180, "height": 820}, locale="en-GB", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    sign_in(page, desk, "technician", "/findings")
    card = page.locator("[data-testid=stVerticalBlock]").filter(has_text=f"case {number},").last
    first = card.get_by_role("button", name="Clearly worn")
    expect(first).to_be_visible()
    box = first.bounding_box()
    assert box is not None and box["height"] >= TARGET_PX and box["width"] >= TARGET_PX
    first.tap(timeout=PATIENCE_MS)
    card.locator(f".st-key-cause-{case_id}-bearing button").tap(timeout=PATIENCE_MS)
    expect(page.get_by_text("clearly worn (worn bearing)").first).to_be_visible(timeout=PATIENCE_MS)
    with database.read() as tx:
        found = tx.execute(select(t.outcomes).where(t.outcomes.c.case_id == case_id)).mappings().one()
        said = tx.execute(
            select(func.count()).where(
                t.audit.c.subject_id == case_id, t.audit.c.action == "recorded the outcome"
            )
        ).scalar_one()
    assert (found["finding"], found["cause"], said) == ("degraded", "bearing", 1)
    context.close()
    database.close()
