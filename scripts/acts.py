"""What people do on the demo so that the pictures show decided cases."""

import re
import time

from playwright.sync_api import Page, expect
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.cases import ABOUT_MODELS
from scripts.camera import PATIENCE_MS, Camera, Tabs

LOOKED_S = 300  # the first look at the models follows the first predictions


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
    camera.take(page, "case-approving", page.get_by_role("button", name="Sign and release"))
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
    camera.take(page, "case-changing", page.get_by_role("button", name="Sign and release with changes"))
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
    """(number, machine, prediction) of the model's open case with the most time left, else of the newest."""
    c = t.cases.c
    with database.read() as tx:
        row = tx.execute(
            select(c.number, c.equipment_id, c.prediction_id)
            .where(c.prediction_id.is_not(None))
            .order_by(c.state.in_(["proposed", "seen"]).desc(), c.deadline_us.desc())
        ).first()
    if row is None:
        raise SystemExit("this plant has no case: prepare another one")
    return row[0], row[1], row[2]


def training_case(database: Database) -> int | None:
    """The number of the newest case about training a model anew; None where the watch over models opens none
    within LOOKED_S."""
    c, until = t.cases.c, time.monotonic() + LOOKED_S
    newest = select(c.number).where(c.kind.in_(ABOUT_MODELS)).order_by(c.number.desc()).limit(1)
    while True:
        with database.read() as tx:
            found = tx.execute(newest).scalar()
        if found is not None or time.monotonic() > until:
            return found
        time.sleep(1)


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
