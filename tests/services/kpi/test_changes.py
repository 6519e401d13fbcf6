"""Records of a MES that change later leave the figures of a recomputation: as ingest marks them and
the keeper answers the marks."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from data.store import tables as t
from data.store.database import Database
from data.store.migrate import downgrade, upgrade
from data.store.upsert import upsert
from domain.clock import DAY, FOR_EVER_US, HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.kpi import dirty
from services.kpi.keeping import Keeper
from tests import factories as f
from tests.services.kpi import facts as k
from tests.services.kpi.test_refresh import differences

UNIT, SHIFT = k.UNITS[1], k.START + 2 * HOUR


def mes(tx: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """One record as ingest stores it: marked as it was before, and as it is now."""
    keys = [c.name for c in table.primary_key]
    same = select(table).where(*(table.c[name] == row[name] for name in keys))
    before = [dict(r) for r in tx.execute(same).mappings()]
    upsert(tx, table, [dict(row)], keys)
    after = [dict(r) for r in tx.execute(same).mappings()]
    dirty.mark(tx, dirty.of_mes(tx, table.name, [*before, *after]))


def one_of(rng: random.Random, tx: Connection, table: Table, **where: str) -> dict[str, Any]:
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    return dict(rng.choice(tx.execute(query.order_by(*table.primary_key)).mappings().all()))


def moved_shift(rng: random.Random, tx: Connection, unit: str) -> None:
    row = one_of(rng, tx, t.shifts)
    row["start_us"] += rng.randrange(-180, 180) * MINUTE
    row["end_us"] = max(row["start_us"] + HOUR, row["end_us"] + rng.randrange(-180, 180) * MINUTE)
    row["frozen_us"] = row["start_us"] - rng.randrange(600) * MINUTE
    mes(tx, t.shifts, row)


def new_rate(rng: random.Random, tx: Connection, unit: str) -> None:
    mes(tx, t.product_rates, {
        "instance": "mes", "product_id": rng.choice(["P-1", "P-2"]), "equipment_id": unit, "tool": "",
        "cavities": 1, "basis": "planned", "planned_cycle_s": rng.choice([0.0, 40.0, 70.0]),
        "valid_from_us": k.START + rng.randrange(30) * HOUR, "updated_us": 0,
    })  # fmt: skip


def absence(rng: random.Random, tx: Connection, unit: str) -> None:
    a = t.absences.c
    if tx.execute(select(a.equipment_id).where(a.equipment_id == unit)).first() is None:
        begin = k.START + rng.randrange(1, 28) * HOUR
        f.absent(tx, unit, begin, rng.choice([None, begin + 3 * HOUR]))
        dirty.mark(tx, [(unit, begin, FOR_EVER_US)])


def changed_operation(rng: random.Random, tx: Connection, unit: str) -> None:
    row = one_of(rng, tx, t.operations, equipment_id=unit)
    row["product_id"] = rng.choice(["P-1", "P-2", "P-3", ""])
    row["start_us"] += rng.randrange(-60, 60) * MINUTE
    row["end_us"] = rng.choice([None, row["start_us"] + rng.randrange(1, 900) * MINUTE])
    row["setup_end_us"] = rng.choice([None, row["start_us"] + 20 * MINUTE])
    mes(tx, t.operations, row)


def planned_stop(rng: random.Random, tx: Connection, unit: str) -> None:
    row = one_of(rng, tx, t.downtimes, equipment_id=unit)
    row["end_us"] = rng.choice([None, row["start_us"] + rng.randrange(1, 900) * MINUTE])
    mes(tx, t.downtimes, row | {"planned": True})


def job(rng: random.Random, tx: Connection, unit: str) -> None:
    at = k.START + rng.randrange(28 * 60) * MINUTE
    mes(tx, t.maintenance, {
        "instance": "mes", "maintenance_id": f"X{rng.randrange(3)}", "equipment_id": unit, "planned_us": at,
        "kind": rng.choice(["corrective", "preventive"]), "start_us": at, "status": "done", "updated_us": 0,
        "end_us": rng.choice([None, at + 3 * HOUR]),
    })  # fmt: skip


def late_inspection(rng: random.Random, tx: Connection, unit: str) -> None:
    mes(tx, t.quality_results, {
        "instance": "mes", "result_id": f"X{rng.randrange(3)}", "equipment_id": unit,
        "order_id": f"W{rng.randrange(3)}", "at_us": k.START + rng.randrange(28 * 60) * MINUTE,
        "good": 5.0, "scrap": rng.choice([1.0, 90.0]), "rework": 1.0, "updated_us": 0,
    })  # fmt: skip


def policy(rng: random.Random, tx: Connection, unit: str) -> None:
    at = k.START + rng.randrange(28) * HOUR
    row = {
        "scope": k.LINE, "valid_from_us": at, "minor_stop_s": rng.choice([60, 600, 1800]),
        "minor_model": "availability", "set_by": "sue", "set_wall_us": 0, "reason": "measured",
    }  # fmt: skip
    upsert(tx, t.stop_policies, [row], ["scope", "valid_from_us"])
    dirty.mark(tx, [(k.LINE, at, FOR_EVER_US)])


KINDS: tuple[Callable[[random.Random, Connection, str], None], ...] = (
    moved_shift, new_rate, absence, changed_operation, planned_stop, job, late_inspection, policy,
)  # fmt: skip


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.lists(st.sampled_from(KINDS), min_size=3, max_size=5))
def test_what_changes_later_leaves_the_figures_of_a_recomputation(tmp_path_factory, seed, kinds) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('x') / 'x.db'}")
    database.create_all()
    rng = random.Random(seed)
    with database.write() as tx:
        k.plant(tx, k.COUNTING)
        for fact in k.random_facts(rng, k.COUNTING):
            k.store(tx, fact)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
    keeper = Keeper(database)
    keeper.turn()
    for change in kinds:
        with database.write() as tx:
            change(rng, tx, rng.choice(k.UNITS))
        keeper.turn()
    kept = k.derived(database)
    keeper.rebuild(k.LINE, k.START, k.END)
    assert differences(kept, k.derived(database)) == {}
    database.close()


def test_an_inspection_days_after_its_order_is_that_orders(database: Database) -> None:
    """The machine makes other orders for six days. Then the parts of W1 are inspected; then the MES says that
    W1 was of another product."""
    now = SHIFT + 8 * DAY
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(now, wall_us(), 1e-12))
        tx.execute(t.counts.insert(), [
            {"equipment_id": UNIT, "bucket_us": at, "good": 5.0, "scrap": 0.0, "energy_kwh": 0.1}
            for at in range(SHIFT, now, 5 * MINUTE)
        ])  # fmt: skip
        for number in range(8):
            k.store(tx, k.operation(UNIT, number, SHIFT + number * DAY, SHIFT + (number + 1) * DAY))
    keeper = Keeper(database)
    keeper.turn()
    with database.write() as tx:
        mes(tx, t.quality_results, {
            "instance": "mes", "result_id": "Q1", "equipment_id": UNIT, "order_id": "W0",
            "at_us": SHIFT + 6 * DAY, "good": 380.0, "scrap": 0.0, "rework": 100.0, "updated_us": 0,
        })  # fmt: skip
    keeper.turn()
    assert inspected(database) == [("W0", "P-1", 480.0)]
    with database.write() as tx:
        mes(
            tx,
            t.operations,
            one_of(random.Random(0), tx, t.operations, order_id="W0") | {"product_id": "P-2"},
        )
    keeper.turn()
    assert inspected(database) == [("W0", "P-2", 480.0)]
    kept = k.derived(database)
    keeper.rebuild(k.LINE, SHIFT, now)
    assert differences(kept, k.derived(database)) == {}


def inspected(database: Database) -> list[tuple[str, str, float]]:
    c = t.kpi_cells.c
    query = select(c.order_id, c.product_id, c.inspected).where(c.equipment_id == UNIT, c.inspected > 0)
    with database.read() as tx:
        return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def test_figures_of_an_earlier_version_learn_what_ran_without_an_order(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    database = Database(url)
    with database.write() as tx:
        k.plant(tx, k.COUNTING)
        for fact in k.random_facts(random.Random(1), k.COUNTING):
            k.store(tx, fact)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
    Keeper(database).turn()
    kept = k.derived(database)
    assert any(without_order(database))
    database.close()
    downgrade(url, "0074")
    downgrade(url, "-1")
    upgrade(url)
    database = Database(url)
    assert differences(kept, k.derived(database)) == {}
    database.close()


def without_order(database: Database) -> list[int]:
    with database.read() as tx:
        return [us for table in (t.kpi_days, t.kpi_months) for us in tx.scalars(select(table.c.unordered_us))]
