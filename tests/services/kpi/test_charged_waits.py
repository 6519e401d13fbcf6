"""Waits that are charged to a machine, of one shift: as the rows add up, and found in their index alone."""

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from data.store import statements
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR
from services.kpi import sums
from services.kpi.keeping import Keeper
from services.rows.kpi import Ask
from tests.services.kpi import facts as k

ZONE = "Europe/Berlin"
ASK = Ask(k.LINE, k.START - 24 * HOUR, k.START + 72 * HOUR)


@pytest.fixture(params=["database", "postgres"])
def kept(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A line with three days of facts, its figures kept."""
    found: Database = request.getfixturevalue(request.param)
    with found.write() as tx:
        k.plant(tx)
        for fact in k.random_facts(random.Random(7)):
            k.store(tx, fact)
    Keeper(found).turn()
    yield found


def added(database: Database, shift: str) -> dict[str, int]:
    """Row by row, of the cells whose local day begins within the stretch."""
    c, found = t.kpi_losses.c, dict[str, int]()
    with database.read() as tx:
        rows = tx.execute(select(c.charged_to, c.lost_us, c.from_us, c.day_us).where(
            c.level == "cell", c.shift == shift, c.charged_to != ""))  # fmt: skip
        for whom, lost_us, from_us, day_us in rows:
            if from_us >= ASK.from_us and ASK.from_us <= day_us < ASK.to_us:
                found[whom] = found.get(whom, 0) + lost_us
    return found


def test_waits_of_one_shift_add_up_and_all_shifts_give_the_whole(kept: Database) -> None:
    with kept.read() as tx:
        shifts = sorted(set(tx.execute(select(t.kpi_losses.c.shift).where(t.kpi_losses.c.level == "cell"))))
        for (shift,) in shifts:
            if shift:
                asked = Ask(k.LINE, ASK.from_us, ASK.to_us, shift)
                assert sums.charged(tx, k.UNITS, asked, ZONE) == added(kept, shift)
        assert any(added(kept, shift) for (shift,) in shifts if shift)
        lost = sums.losses(tx, k.UNITS, Ask(k.LINE, ASK.from_us, ASK.to_us, "Early"), ZONE)
    early: dict[str, int] = {}
    for (_, _, whom), (lost_us, _) in lost.items():
        if whom:
            early[whom] = early.get(whom, 0) + lost_us
    assert early == added(kept, "Early")


def test_the_index_alone_answers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, send = [], statements.ask
    monkeypatch.setattr(statements, "ask", lambda tx, text, values: sent.append((text, values)) or send(
        tx, text, values))  # fmt: skip
    with database.read() as tx:
        sums.charged(tx, k.UNITS, Ask(k.LINE, ASK.from_us, ASK.to_us, "Early"), ZONE)
        ((text, values),) = sent
        plan = [row[-1] for row in send(tx, f"EXPLAIN QUERY PLAN {text}", values)]
    assert any("kpi_losses USING COVERING INDEX ix_kpi_losses_charged" in step for step in plan), plan
