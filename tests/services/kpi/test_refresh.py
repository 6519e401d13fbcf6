"""Roll-ups kept as facts arrive, in any order, equal a recomputation from all facts."""

import random
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    facts = k.random_facts(rng)
    for database in (live, whole):
        with database.write() as tx:
            k.plant(tx)
    with whole.write() as tx:
        for fact in facts:
            k.store(tx, fact)
        recompute(tx, k.LINE, k.START, k.END)
    rng.shuffle(facts)
    with live.write() as tx:
        refresh(tx, k.LINE, {unit: [Span(k.START, k.END)] for unit in k.UNITS}, k.END)
    for start in range(0, len(facts), batch):
        stretches = defaultdict(list)
        with live.write() as tx:
            for fact in facts[start : start + batch]:
                k.store(tx, fact)
                for unit, spans in fact.stretches.items():
                    stretches[unit] += spans
            refresh(tx, k.LINE, stretches, k.END)
    return differences(k.derived(live), k.derived(whole))


@settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_in_any_order_the_figures_are_those_of_a_recomputation(tmp_path_factory, seed) -> None:
    two = [Database(f"sqlite:///{tmp_path_factory.mktemp('x') / 'x.db'}") for _ in range(2)]
    for database in two:
        database.create_all()
    assert compare(*two, seed, batch=400) == {}
    for database in two:
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
