"""What operations ran with, added up in the database, is what adding up their rows one by one gives."""

import random
from collections import defaultdict
from operator import itemgetter

import pytest
from sqlalchemy import insert

from data.store import process
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR
from tests import factories as f

UNITS = [f"north/forming/line-2/press-{n}" for n in (21, 22, 23)]
SINCE = f.NOW - 30 * HOUR


@pytest.fixture(params=["database", "postgres"])
def either(request) -> Database:
    database: Database = request.getfixturevalue(request.param)
    return database


def _stored(database: Database, rng: random.Random) -> list[tuple[dict, dict]]:
    """Operations that begin at whole hours, some at once, with settings; a few of these are told for another
    machine than their operation is booked at."""
    found = []
    with database.write() as tx:
        for unit in UNITS:
            f.machine(tx, unit)
        tx.execute(insert(t.products).values(instance="a", product_id="P-1", name="Hood", updated_us=1))
        for number in range(120):
            begun = f.NOW - rng.randrange(40) * HOUR
            operation = {
                "instance": "a", "operation_id": f"O-{rng.random()}", "order_id": f"W-{number}",
                "equipment_id": rng.choice(UNITS), "product_id": rng.choice(["P-1", "P-2"]),
                "start_us": begun, "end_us": None, "setup_end_us": None, "updated_us": 1,
            }  # fmt: skip
            tx.execute(insert(t.operations).values(**operation))
            for name in rng.sample(["force", "speed", "oil"], rng.randrange(4)):
                other = rng.choice(UNITS) if rng.random() < 0.1 else operation["equipment_id"]
                setting = {
                    "instance": "a", "operation_id": operation["operation_id"], "parameter": name,
                    "equipment_id": other, "value": rng.gauss(100, 5), "unit": rng.choice(["kN", "t"]),
                    "set_point": rng.choice([None, 100.0]), "updated_us": 1,
                }  # fmt: skip
                tx.execute(insert(t.process_parameters).values(**setting))
                found.append((operation, setting))
    return found


def _added_up(pairs: list[tuple[dict, dict]]) -> list[process.Spread]:
    groups = defaultdict(list)
    for o, p in pairs:
        groups[o["product_id"], p["equipment_id"], p["parameter"]].append((o, p))
    found = []
    for (product, unit, name), rows in sorted(groups.items(), key=itemgetter(0)):
        o, p = min(rows, key=lambda row: (-row[0]["start_us"], row[0]["operation_id"]))
        values = [row[1]["value"] for row in rows]
        called = "Hood" if product == "P-1" else None
        newest = (p["unit"], o["start_us"], p["value"], p["set_point"])
        found.append(
            process.Spread(unit, product, called, name, *newest, len(rows), min(values), max(values))
        )
    return found


@pytest.mark.parametrize("seed", range(3))
def test_sums_of_groups_are_those_of_their_rows(either: Database, seed: int) -> None:
    stored = _stored(either, random.Random(seed))
    every, some = t.operations.c.equipment_id.in_(UNITS), t.operations.c.equipment_id.in_(UNITS[:1])
    late = [pair for pair in stored if pair[0]["start_us"] >= SINCE]
    with either.read() as tx:
        assert process.spread(tx, every, 0) == _added_up(stored)
        assert process.spread(tx, every, SINCE) == _added_up(late)
        mine = [pair for pair in late if pair[0]["equipment_id"] == UNITS[0]]
        assert process.spread(tx, some, SINCE) == _added_up(mine) != []
