"""What a report reads in short is what it would find in all of it."""

import random
from collections import defaultdict

import pytest
from sqlalchemy import insert, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.time_model import Cause, Leaf, Span
from services import clocks
from services.kpi import remarks
from services.kpi import window as windows
from services.kpi.count_flags import OVER_A_CHANGE
from services.kpi.keeping import Keeper
from tests.services.kpi import facts as k

STOOD = (Leaf.DOWN, Leaf.DELAY)
STANDS = (
    Cause.FAILURE, Cause.MINOR_STOP, Cause.WAITING, Cause.BLOCKED, Cause.STARVED, Cause.IDLE, Cause.NO_ORDER,
)  # fmt: skip


@pytest.fixture(params=["database", "postgres"])
def plant(request) -> Database:
    """A line with facts of its own, kept up to the end."""
    database: Database = request.getfixturevalue(request.param)
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
        for fact in k.random_facts(random.Random(7)):
            k.store(tx, fact)
    Keeper(database).turn()
    return database


@pytest.mark.parametrize(
    ("from_us", "to_us"),
    [
        (k.START - DAY, k.END),
        (k.START + 14 * HOUR, k.START + 22 * HOUR),
        (k.START + 3 * HOUR, k.END - 5 * HOUR),
        (k.START, k.END + 2 * HOUR),  # its last shift runs
    ],
)
def test_a_strip_of_when_machines_stood_tells_that_as_the_whole_one(plant, from_us: int, to_us: int) -> None:
    span = Span(from_us, to_us)
    whole = {k.LINE: windows.Look(k.UNITS, span)}
    short = {k.LINE: windows.Look(k.UNITS, span, standing=True)}
    with plant.read() as tx:
        every, found = (windows.of_lines(tx, looks, k.END) for looks in (whole, short))
    for unit in k.UNITS:
        assert found[unit].products == every[unit].products
        assert found[unit].strip.edges(STOOD) == every[unit].strip.edges(STOOD)
        for cause in STANDS:
            assert found[unit].strip.lasted_us(cause) == every[unit].strip.lasted_us(cause), cause
    less = sum(len(one.strip) for one in found.values()) < sum(len(one.strip) for one in every.values())
    assert less is (to_us < k.END)


def test_what_was_odd_is_the_newest_of_each_kind_row_by_row(plant) -> None:
    begin = k.START + 14 * HOUR
    rows = [
        (k.UNITS[1], "odd", "b", begin + MINUTE),
        (k.UNITS[0], "odd", "z", begin + HOUR),
        (k.UNITS[0], "odd", "c", begin + HOUR),  # of one moment the first record
        (k.UNITS[2], "odd", "a", begin + HOUR),
        (k.UNITS[2], "odder", "", begin + HOUR),
        (k.UNITS[2], OVER_A_CHANGE, "n", begin + 2 * HOUR),
    ]
    with plant.write() as tx:
        tx.execute(insert(t.kpi_flags), [
            {"equipment_id": unit, "from_us": begin, "code": code, "record": record, "at_us": at,
             "words": f"Said of {unit} {record}."}
            for unit, code, record, at in rows
        ])  # fmt: skip
        names = {unit: f"M {unit}" for unit in k.UNITS}
        span = (k.START - DAY, k.END)
        flags = [dict(row) for row in tx.execute(select(t.kpi_flags)).mappings()]
        found = remarks.said(tx, names, span)
    kinds = defaultdict(list)
    flags.sort(key=lambda r: (-r["at_us"], r["equipment_id"], r["code"], r["record"]))
    for row in flags:
        if row["code"] != OVER_A_CHANGE and span[0] <= row["from_us"] < span[1]:
            kinds[row["code"]].append(row)
    wanted = []
    for its in kinds.values():
        record = f" Record: {its[0]['record']}." if its[0]["record"] else ""
        on = len({row["equipment_id"] for row in its})
        more = f" ({len(its) - 1:,} more like this, on {on} machines)" if its[1:] else ""
        wanted.append(f"{names[its[0]['equipment_id']]}: {its[0]['words']}{record}{more}")
    assert found == tuple(wanted)
    assert any(words.startswith(f"M {k.UNITS[0]}: Said of {k.UNITS[0]} c. Record: c.") for words in found)
