"""What the stories of the decision desk share: people with a session, cases, and looks at what came."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from auth.permissions import Actor
from auth.sessions import SESSION_COOKIE
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseKind, CaseState
from domain.ids import new_id
from domain.recommendation import Choice
from services.accounts import Accounts
from services.actors import actor_of
from services.commands.cases import CaseCommands
from tests.e2e.conftest import PATIENCE_MS

DESK = {"width": 1440, "height": 900}


@contextmanager
def tab(browser: Browser, database: Database, url: str, username: str, **more: Any) -> Iterator[Page]:
    """A tab of a browser of their own, in which this person has signed in."""
    context = browser.new_context(locale="en-GB", **{"viewport": DESK, **more})
    token = Accounts(database, 12).open_session(username).token
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": url, "httpOnly": True}])
    yield context.new_page()
    context.close()


def person(database: Database, username: str) -> Actor:
    with database.read() as tx:
        a = t.accounts
        return actor_of(tx.execute(select(a).where(a.c.username == username)).mappings().one())


def raised(
    database: Database, under: str = "north", *, cause: str = "unknown", wanted: Choice = Choice.SHIFT_CHANGE
) -> tuple[int, str]:
    """A case that the operator has raised about a machine below `under` without one: (number, id)."""
    with database.read() as tx:
        c, e = t.cases.c, t.equipment.c
        busy = select(c.equipment_id).where(c.open_key.is_not(None))
        free = select(e.equipment_id).where(e.level == "unit", e.assigned, e.equipment_id.not_in(busy))
        below = free.where(e.equipment_id.startswith(f"{under}/")).order_by(e.equipment_id)
        units = tx.execute(below).scalars().all()
    with database.write() as tx:  # the plant lives: the part that the advice needs may just have been used
        tx.execute(update(t.stock).values(on_hand=t.stock.c.reserved + 5))
    commands, who = CaseCommands(database), person(database, "operator")
    for unit in units:
        done = commands.raise_case(who, unit, new_id(), cause, "It hums since the morning.", wanted)
        if case_of(database, done.case_id)["kind"] == CaseKind.RAISED:  # else a model was faster by a moment
            return done.number, done.case_id
    raise AssertionError(f"every machine below {under} has an open case")


def case_of(database: Database, case_id: str) -> dict[str, Any]:
    with database.read() as tx:
        return dict(tx.execute(select(t.cases).where(t.cases.c.case_id == case_id)).mappings().one())


def state_of(database: Database, case_id: str) -> CaseState:
    return CaseState(case_of(database, case_id)["state"])


def outbox_of(database: Database, case_id: str) -> list[str]:
    with database.read() as tx:
        o, m = t.outbox.c, t.commands.c
        query = select(o.queue).join_from(t.outbox, t.commands, m.command_id == o.message_id)
        return sorted(tx.execute(query.where(m.case_id == case_id)).scalars())


def draft_of(database: Database, username: str, subject: str) -> str:
    """What the server has of somebody's words."""
    with database.read() as tx:
        d, a = t.drafts.c, t.accounts.c
        query = select(d.content).join_from(t.drafts, t.accounts, a.account_id == d.account_id)
        return tx.execute(query.where(a.username == username, d.subject == subject)).scalar() or ""
