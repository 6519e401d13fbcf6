"""Roll-ups kept as facts arrive, in any order, equal a recomputation from all facts."""

import random
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE
from domain.measures import LEAF_COLUMNS, NAMES
from domain.time_model import Span
from services.kpi.recompute import recompute
from services.kpi.refresh import refresh
from tests.services.kpi import facts as k


def close(one, other) -> bool:
    return len(one) == len(other) and all(
        a == b or (isinstance(a, float) and a == pytest.approx(b, rel=1e-12, abs=1e-9))
        for a, b in zip(one, other, strict=True)
    )


def differences(one, other) -> dict[str, list]:
    found = {}
    for name, rows in one.items():
        both = zip(rows, other[name], strict=False)
        wrong = [(a, b) for a, b in both if not close(a, b)]
        if wrong or len(rows) != len(other[name]):
            found[name] = [len(rows), len(other[name]), *wrong[:3]]
    return found


def compare(live: Database, whole: Database, seed: int, batch: int) -> dict[str, list]:
    rng = random.Random(seed)
    facts = k.random_facts(rng, k.COUNTING)
    for database in (live, whole):
        with database.write() as tx:
            k.plant(tx, k.COUNTING)
    with whole.write() as tx:
        for fact in facts:
            k.store(tx, fact)
        recompute(tx, k.LINE, k.START, k.END)
    rng.shuffle(facts)
    with live.write() as tx:
        refresh(tx, k.LINE, {unit: [Span(k.START, k.END)] for unit in (*k.UNITS, *k.COUNTING)}, k.END)
    for start in range(0, len(facts), batch):
        stretches = defaultdict(list)
        with live.write() as tx:
            for fact in facts[start : start + batch]:
                k.store(tx, fact)
                for unit, spans in k.stretches(tx, fact).items():
                    stretches[unit] += spans
            refresh(tx, k.LINE, stretches, k.END)
    return differences(k.derived(live), k.derived(whole))


@settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_in_any_order_the_figures_are_those_of_a_recomputation(tmp_path_factory, seed) -> None:
    two = [Database(f"sqlite:///{tmp_path_factory.mktemp('x') / 'x.db'}") for _ in range(2)]
    for database in two:
        database.create_all()
    assert compare(two[0], two[1], seed, batch=400) == {}
    for database in two:
        database.close()


@settings(deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_late_counts_around_a_switch_one_by_one_leave_the_figures_of_a_recomputation(
    tmp_path_factory, seed
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('x') / 'x.db'}")
    database.create_all()
    rng, unit = random.Random(seed), k.UNITS[1]
    facts = k.random_facts(rng, k.COUNTING)
    edges = [k.START + hours * HOUR for hours in (0, 10, 14, 22, 30)]
    switches = [at + rng.randrange(-20, 20) * MINUTE for at in edges]
    facts = [f for f in facts if f.table is not t.operations or f.row["equipment_id"] != unit]
    facts += [k.operation(unit, n, begin, end) for n, (begin, end) in enumerate(pairwise(switches))]
    late = [
        f
        for f in facts
        if f.table is t.counts
        and f.row["equipment_id"] == unit
        and any(abs(f.row["bucket_us"] - at) < HOUR for at in switches[1:-1])
    ]
    rng.shuffle(late)
    with database.write() as tx:
        k.plant(tx, k.COUNTING)
        for fact in facts:
            if all(fact is not other for other in late):
                k.store(tx, fact)
        recompute(tx, k.LINE, k.START, k.END)
        for fact in late:
            k.store(tx, fact)
            refresh(tx, k.LINE, fact.stretches, k.END)
    kept = k.derived(database)
    with database.write() as tx:
        recompute(tx, k.LINE, k.START, k.END)
    assert differences(kept, k.derived(database)) == {}
    database.close()


@pytest.mark.services
def test_the_same_on_postgresql(postgres: Database, tmp_path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'x.db'}")
    other.create_all()
    assert compare(postgres, other, seed=3, batch=700) == {}
    other.close()


def test_the_leaves_of_every_cell_add_up_to_its_length(database: Database) -> None:
    with database.write() as tx:
        k.plant(tx)
        for fact in k.random_facts(random.Random(5)):
            k.store(tx, fact)
        count = recompute(tx, k.LINE, k.START, k.END)
        assert count > 100
        total = defaultdict(int)
        ends = {}
        for row in tx.execute(t.kpi_cells.select()).mappings():
            total[row["equipment_id"], row["from_us"]] += sum(row[c] for c in LEAF_COLUMNS.values())
            ends[row["equipment_id"], row["from_us"]] = min(row["to_us"], k.END)
        assert all(us == ends[key] - key[1] for key, us in total.items())
        days = tx.execute(t.kpi_days.select()).mappings().all()
        for name in NAMES:
            cells = sum(row[name] for row in tx.execute(t.kpi_cells.select()).mappings())
            assert sum(row[name] for row in days) == pytest.approx(cells)


def test_one_late_state_changes_what_follows_and_nothing_else(database: Database) -> None:
    with database.write() as tx:
        k.plant(tx)
        for fact in k.random_facts(random.Random(9)):
            k.store(tx, fact)
        recompute(tx, k.LINE, k.START, k.END)
    before = k.derived(database)["intervals"]
    at = k.START + 20 * HOUR + MINUTE
    with database.write() as tx:
        row = {"equipment_id": k.UNITS[0], "source_us": at, "state": 9, "mode": 1, "receive_us": at}
        tx.execute(t.states.insert().values(**row))
        refresh(tx, k.LINE, {k.UNITS[0]: [Span(at, at + 4 * HOUR)]}, k.END)
    after = k.derived(database)["intervals"]
    changed = {row[1] for row in set(after) ^ set(before) if row[0] == k.UNITS[0]}
    assert changed
    assert min(changed) >= at - 8 * HOUR


def test_a_late_count_moves_a_setup_in_a_cell_that_nobody_marked(database: Database) -> None:
    """The shift ends at 10:00 of the line's clock, the switch is booked at 10:10, behind it. Parts come
    until 09:20 and from 10:20 on: a setup of an hour, 40 minutes of it in the shift. A late bucket of
    10:05 to 10:10 says that the old order went on until then: the shift, which its mark does not touch, has
    no setup any more."""
    unit, shift, edge = k.UNITS[1], k.START + 2 * HOUR, k.START + 10 * HOUR
    bucket, switch = 5 * MINUTE, k.START + 10 * HOUR + 10 * MINUTE
    made = [*range(shift, edge - 40 * MINUTE, bucket), *range(edge + 20 * MINUTE, edge + 2 * HOUR, bucket)]
    with database.write() as tx:
        k.plant(tx)
        tx.execute(
            t.states.insert().values(equipment_id=unit, source_us=shift, state=6, mode=1, receive_us=shift)
        )
        for name, begin, end in (("P-1", shift, switch), ("P-2", switch, edge + 2 * HOUR)):
            tx.execute(
                t.operations.insert().values(
                    instance="mes", operation_id=name, order_id=f"W-{name}", equipment_id=unit,
                    product_id=name, start_us=begin, end_us=end, setup_end_us=None, updated_us=0,
                )
            )  # fmt: skip
        empty = [at for at in range(shift, edge + 2 * HOUR, bucket) if at not in made]
        rows = [(at, 6.0 if at in made else 0.0) for at in sorted([*made, *empty])]
        tx.execute(t.counts.insert(), [
            {"equipment_id": unit, "bucket_us": at, "good": good, "scrap": 0.0, "energy_kwh": 0.0}
            for at, good in rows
        ])  # fmt: skip
        recompute(tx, k.LINE, k.START, k.END)
    assert setup_minutes(database, unit) == {shift: 40, edge: 20}
    with database.write() as tx:
        c = t.counts.c
        tx.execute(
            t.counts.update().where(c.equipment_id == unit, c.bucket_us == edge + bucket).values(good=6.0)
        )
        refresh(tx, k.LINE, {unit: [Span(edge + bucket, edge + 2 * bucket)]}, k.END)
    assert setup_minutes(database, unit) == {edge: 10}
    after = k.derived(database)
    with database.write() as tx:
        recompute(tx, k.LINE, k.START, k.END)
    assert differences(after, k.derived(database)) == {}


def setup_minutes(database: Database, unit: str) -> dict[int, int]:
    """Setup by the beginning of its cell."""
    c = t.kpi_cells.c
    query = select(c.from_us, func.sum(c.setup_us)).where(c.equipment_id == unit).group_by(c.from_us)
    with database.read() as tx:
        return {row[0]: int(row[1]) // MINUTE for row in tx.execute(query) if row[1]}
