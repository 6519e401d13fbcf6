"""What came after closes is counted for all shifts at once, and is what a count one by one gives."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.commands.figures import FigureCommands
from services.context import Context
from services.kpi.corrected import later, others
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.queries.kpi import KpiQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits import asked
from tests.kits.shifts import shown
from tests.services.kpi import facts as k

NOW = k.END + HOUR
KINDS = {
    "": (t.states, "source_us", "receive_us"),
    "quality_results": (t.quality_results, "at_us", "updated_us"),
    "operations": (t.operations, "start_us", "updated_us"),
    "downtimes": (t.downtimes, "start_us", "updated_us"),
}


@pytest.fixture(params=["database", "postgres"])
def either(request) -> Database:
    """A line whose facts were learned at any time of theirs and of the hours after."""
    database: Database = request.getfixturevalue(request.param)
    rng = random.Random(11)
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-6))
        for fact in k.random_facts(rng):
            learned = {"receive_us", "updated_us"} & fact.row.keys()
            late = {name: k.START + rng.randrange(40 * HOUR) for name in learned}
            k.store(tx, replace(fact, row={**fact.row, **late}))
    return database


def alone(tx, units, from_us, to_us, closed_us) -> dict[str, int]:
    """The same, kind by kind."""
    found = {}
    for kind, (table, at, learned) in KINDS.items():
        c = table.c
        mine = (
            c.equipment_id.in_(units), c[at] >= from_us, c[at] <= to_us, c[learned] > closed_us
        )  # fmt: skip
        found[kind] = tx.execute(select(func.count()).select_from(table).where(*mine)).scalar_one()
    return found


def test_all_closes_at_once_say_what_each_says_alone(either: Database, monkeypatch) -> None:
    rng = random.Random(3)
    closes = []
    for _ in range(25):
        begin = k.START + rng.randrange(30 * HOUR)
        units = rng.sample(k.UNITS, rng.randrange(1, 4))
        closes.append((units, begin, begin + 8 * HOUR, begin + rng.randrange(20 * HOUR)))
    with either.read() as tx:
        sent = asked.watch(monkeypatch)
        found = later(tx, closes)
        assert len(sent) == 1
        assert found == [alone(tx, *close) for close in closes]
        assert sum(any(one.values()) for one in found) > 10
        assert later(tx, []) == [] and later(tx, [([], 0, 1, 0)]) == [{}]


def test_what_is_named_one_by_one_is_not_counted_again() -> None:
    came = {"": 2, "quality_results": 0, "operations": 5, "downtimes": 1}
    assert others(came, {"operations"}) == (
        "2 machine states that arrived late",
        "1 downtimes entered or changed later",
    )
    assert others({"": 0}, ()) == ("counters that arrived late, or a changed policy",)
    assert others({"": 0}, (), moved=True) == () == others({}, {"orders"})


def test_closed_shifts_cost_no_statement_each(database: Database, monkeypatch) -> None:
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-6))
        for fact in k.random_facts(random.Random(4)):
            k.store(tx, fact)
        sue = f.account(tx, "sue", (Role.SUPERVISOR,), ("north",))
    Keeper(database).turn()
    site = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
    mine = KpiQueries(Context(database, sue, site, Clock(NOW, wall_us(), 1e-6)))
    ended = [one for one in mine.begun([k.LINE], k.START, k.END) if one.to_us <= NOW]
    for one in ended:
        FigureCommands(database).close_shift(sue, k.LINE, one.from_us)
    with database.write() as tx:
        for one in ended:
            late = {"equipment_id": k.UNITS[1], "source_us": one.from_us + HOUR + 7, "state": 9, "mode": 1,
                    "receive_us": NOW + MINUTE}  # fmt: skip
            tx.execute(t.states.insert().values(**late))
        recompute(tx, k.LINE, k.START, NOW)
    sent = asked.watch(monkeypatch)
    rows = [row for row in shown(mine, [k.LINE], k.START, k.END) if row.closed]
    assert len(rows) == len(ended) >= 2
    assert all("1 machine states that arrived late" in row.why for row in rows)
    assert asked.about(sent, "FROM states r") == 1 and asked.about(sent, "FROM mes_changes") == 1
