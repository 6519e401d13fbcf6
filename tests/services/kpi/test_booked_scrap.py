"""Scrap that a MES booked beside what was counted: from a mapping file to the screen's table, by hand."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from auth.permissions import Actor, Role
from components.booked_scrap import scrap_csv, scrap_panel
from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.booked_scrap import Booked, Doubt
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.costs import Rates
from domain.errors import NotFound
from services import clocks
from services.context import Context
from services.ingest.mes import MesIntake
from services.kpi import booked_scrap
from services.kpi.keeping import Keeper
from services.queries.kpi import KpiQueries
from services.rows.booked_scrap import BookedScrap, ScrapRow
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
FIRST, UNIT, LAST = k.UNITS  # the middle one sets the pace
SHIFT, NOW, BUCKET = k.START + 2 * HOUR, k.START + 11 * HOUR, 5 * MINUTE
HALF, END = SHIFT + 4 * HOUR, SHIFT + 8 * HOUR
WHOLE = (k.START - DAY, k.START + 2 * DAY)
FILE = """
times: microseconds
entities:
  operations:
    table: works
    key: id
    updated: changed
    columns:
      operation_id: id
      order_id: order_no
      equipment_id: {column: machine, is: equipment}
      product_id: article
      start_us: {column: begun, is: time}
      end_us: {column: ended, is: time}
      setup_end_us: {column: begun, is: time}
      good: {column: fine, is: number}
      scrap: {column: bad, is: number}
"""
COLUMNS = "id, order_no, article, machine, begun, ended, fine, bad, changed"


class Works:
    """A MES that books operations, and what reads it."""

    def __init__(self, store: Database, url: str, folder: Path) -> None:
        self.store, self.engine, self._count = store, create_engine(url), 0
        path = folder / "map.yaml"
        path.write_text(FILE)
        self.foreign = ForeignDatabase(url, mapping.load(path))
        self.intake = MesIntake(store)
        typed = "id TEXT, order_no TEXT, article TEXT, machine TEXT, begun BIGINT, ended BIGINT,"
        with self.engine.begin() as tx:
            tx.execute(text(f"CREATE TABLE works ({typed} fine FLOAT, bad FLOAT, changed BIGINT)"))

    def book(self, number: str, order: str, begun: int, ended: int | None, **said: Any) -> None:
        """One row, new or changed, and read."""
        self._count += 1
        row = {"id": number, "order_no": order, "article": "P-1", "machine": "M2", "begun": begun,
               "ended": ended, "fine": None, "bad": None, "changed": self._count} | said  # fmt: skip
        with self.engine.begin() as tx:
            tx.execute(text("DELETE FROM works WHERE id = :id"), {"id": number})
            marks = ", ".join(f":{name}" for name in COLUMNS.split(", "))
            tx.execute(text(f"INSERT INTO works ({COLUMNS}) VALUES ({marks})"), row)
        assert self.intake.read("m", self.foreign).trouble == ""


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def works(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Works]:
    """The line with its calendar; machines M1 to M3 that run for 8 h and count good parts and scrap. The MES
    lies in a database of the same kind."""
    store: Database = request.getfixturevalue(request.param)
    served = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if served else f"sqlite:///{tmp_path / 'mes.db'}"
    with store.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
        tx.execute(t.cost_rates.insert().values(
            equipment_id=k.LINE, stated_us=k.START, **asdict(Rates(downtime_cents_per_hour=36_000))
        ))  # fmt: skip
        for number, unit in enumerate(k.UNITS):
            alias = {"source": "mes:m", "external_id": f"M{number + 1}", "equipment_id": unit}
            insert_ignore(tx, t.equipment_aliases, [alias])
            tells(tx, unit, "state", "good_count", "scrap_count")
            for at, state in ((SHIFT, 6), (END, 11)):
                row = {"equipment_id": unit, "source_us": at, "state": state, "mode": 1, "receive_us": at}
                tx.execute(t.states.insert().values(**row))
    found = Works(store, url, tmp_path)
    yield found
    found.foreign.close()
    found.engine.dispose()


def tells(tx: Any, unit: str, *names: str) -> None:
    tx.execute(t.metrics.delete().where(t.metrics.c.equipment_id == unit))
    tx.execute(t.metrics.insert(), [
        {"equipment_id": unit, "name": name, "unit": "1", "kind": "counter"} for name in names
    ])  # fmt: skip


def made(works: Works, bad: dict[int, float], *, unit: str = UNIT, silent: range = range(0)) -> None:
    """Five parts in each bucket of the 8 h, of which those in `bad` are scrap; none heard in `silent`."""
    with works.store.write() as tx:
        for at in range(SHIFT, END, BUCKET):
            if at not in silent:
                scrap = bad.get(at, 0.0)
                row = {"equipment_id": unit, "bucket_us": at, "good": 5.0 - scrap, "scrap": scrap,
                       "energy_kwh": 0.0}  # fmt: skip
                tx.execute(t.counts.insert().values(**row))


def hour(from_us: int) -> dict[int, float]:
    """A part of scrap in each bucket of an hour: twelve."""
    return dict.fromkeys(range(from_us, from_us + HOUR, BUCKET), 1.0)


def queries(works: Works, scope: str) -> KpiQueries:
    """Of a supervisor of a part of the plant."""
    sue = Actor("sue", "sue", "Sue", frozenset({Role.SUPERVISOR}), (scope,))
    return KpiQueries(Context(works.store, sue, SITE, Clock(NOW, wall_us(), 1e-12)))


def look(works: Works, scope: str = "north", span: tuple[int, int] = WHOLE, product: str = "") -> BookedScrap:
    Keeper(works.store).turn()
    return queries(works, "north").booked_scrap(Ask(scope, *span, product=product))


def only(found: BookedScrap) -> ScrapRow:
    (row,) = found.rows
    return row


def test_booked_scrap_stands_beside_what_was_counted_and_costs_what_it_costs(works: Works) -> None:
    """240 parts in 4 h, 12 of them scrap; booked are 210 good and 30 scrap: 18 more. A part takes 50 s of the
    machine that sets the pace, an hour costs 360: 5 a part, 90 in all."""
    made(works, hour(SHIFT + HOUR) | {END - HOUR: 2.0})
    works.book("1", "A", SHIFT, HALF, fine=210.0, bad=30.0)
    works.book("2", "B", HALF, END, fine=238.0, bad=2.0, article="P-2")
    with works.store.read() as tx:
        o = t.operations.c
        kept = tx.execute(select(o.order_id, o.good, o.scrap).order_by(o.order_id)).all()
    assert [tuple(row) for row in kept] == [("A", 210.0, 30.0), ("B", 238.0, 2.0)]
    found = look(works)
    row = only(found)
    assert (row.order_id, row.product, row.machine, row.ended_us) == ("A", "P-1", "CNC-12", HALF)
    assert (row.booked, row.counted.scrap, row.counted.good) == (Booked(30.0, 210.0), 12.0, 228.0)
    assert (row.difference, row.cents, row.doubt, row.by_counter) == (18.0, 9_000, None, True)
    assert row.same_parts
    (product,) = found.products
    assert (product.compared, product.differing) == (1, 1)
    assert (product.booked, product.counted, product.difference, product.cents) == (30.0, 12.0, 18.0, 9_000)
    assert (found.compared, found.differing) == (2, 1)
    assert (found.uncounted, found.unmeasured, found.negative) == (0, 0, ())
    html = scrap_panel(found, SITE, NOW)
    assert "1 of 2 operations differ" in html and "+18" in html and "\u20ac 90" in html
    assert "As many parts in all on both sides" in html
    line = scrap_csv(found, SITE).decode("utf-8-sig").splitlines()[1]
    assert line.startswith("A,P-1,CNC-12,") and ",30.0,12.0,18.0,90.0,210.0,228.0," in line


def test_scrap_that_only_an_inspection_found_is_counted(works: Works) -> None:
    made(works, hour(SHIFT + HOUR))
    works.book("1", "A", SHIFT, HALF, bad=30.0)
    with works.store.write() as tx:
        inspected(tx, 30.0)
    found = look(works)
    assert (found.compared, found.rows) == (1, ())
    assert "Booked and counted scrap agree: 1 operation compared." in scrap_panel(found, SITE, NOW)


def inspected(tx: Any, scrap: float) -> None:
    tx.execute(t.quality_results.insert().values(
        instance="m", result_id="Q1", equipment_id=UNIT, order_id="A", at_us=HALF, good=0.0, scrap=scrap,
        rework=0.0, updated_us=1,
    ))  # fmt: skip


def test_a_machine_that_counts_no_scrap_is_held_to_inspections_alone(works: Works) -> None:
    made(works, {})
    works.book("1", "A", SHIFT, HALF, bad=30.0)
    with works.store.write() as tx:
        tells(tx, UNIT, "state", "good_count")
    none = look(works)
    assert (none.compared, none.uncounted, none.rows) == (0, 1, ())
    assert "1 operation neither counted nor inspected" in scrap_panel(none, SITE, NOW)
    with works.store.write() as tx:
        inspected(tx, 10.0)
    row = only(look(works))
    assert (row.counted.scrap, row.difference, row.by_counter) == (10.0, 20.0, False)
    assert "counted by inspections alone" in scrap_panel(look(works), SITE, NOW)


@pytest.mark.parametrize(
    ("booked", "said"), [(14.0, Doubt.EDGE), (15.0, None)], ids=["two parts may be another order's", "three"]
)
def test_scrap_at_the_edge_of_the_work_may_be_another_orders(works: Works, booked, said) -> None:
    """Twelve parts within, and two in the bucket that begins as the work ends, which are not its own."""
    made(works, hour(SHIFT + HOUR) | {HALF: 2.0})
    works.book("1", "A", SHIFT, HALF, bad=booked)
    row = only(look(works))
    assert (row.counted.scrap, row.counted.edge_scrap, row.doubt) == (12.0, 2.0, said)
    words = scrap_panel(look(works), SITE, NOW)
    assert ("2 parts were scrapped in the minutes" in words) is (said is Doubt.EDGE)


@pytest.mark.parametrize(("booked", "said"), [(59.0, Doubt.SILENCE), (60.0, None)])
def test_parts_of_a_silence_may_be_missing(works: Works, booked, said) -> None:
    """An hour of 4 h without a message, of which 50 min are without data: 180 parts in 190 min make 47 in
    them. 47 more than the 12 counted are within, 48 are not."""
    made(works, hour(SHIFT + HOUR), silent=range(SHIFT + 2 * HOUR, SHIFT + 3 * HOUR))
    works.book("1", "A", SHIFT, HALF, bad=booked)
    row = only(look(works))
    assert (row.counted.silent_us, row.counted.running_us) == (50 * MINUTE, 190 * MINUTE)
    assert (row.counted.scrap, row.doubt) == (12.0, said)
    assert ("nothing was heard of it for" in scrap_panel(look(works), SITE, NOW)) is (said is not None)


@pytest.mark.parametrize(("at_us", "said"), [(SHIFT + 2 * HOUR, Doubt.FELL), (END - HOUR, None)])
def test_a_counter_that_was_reset_meanwhile_is_no_proof(works: Works, at_us, said) -> None:
    """In the work, and in the same shift after it."""
    made(works, hour(SHIFT + HOUR))
    with works.store.write() as tx:
        tx.execute(t.counts.update().where(t.counts.c.bucket_us == at_us).values(resets=1.0))
    works.book("1", "A", SHIFT, HALF, bad=300.0)
    found = look(works)
    assert only(found).doubt is said
    html = scrap_panel(found, SITE, NOW)
    assert ("it fell, or read below zero, 1 time" in html) is (said is Doubt.FELL)
    assert ("one of the two is wrong" in html) is (said is None)


def test_of_orders_booked_at_once_the_parts_are_given_to_one(works: Works) -> None:
    """A for 4 h, B in the third of them: the parts of that hour are B's, and A misses some."""
    made(works, hour(SHIFT + HOUR) | hour(SHIFT + 2 * HOUR))
    works.book("1", "A", SHIFT, HALF, bad=24.0)
    works.book("2", "B", SHIFT + 2 * HOUR, SHIFT + 3 * HOUR, bad=12.0)
    works.book("3", "C", HALF, END, bad=9.0)
    works.book("4", "D", HALF, END, bad=3.0)
    found = look(works)
    shared = dict.fromkeys("ACD", Doubt.SHARED)
    assert {row.order_id: row.doubt for row in found.rows} == shared
    assert "another order was booked here at the same time" in scrap_panel(found, SITE, NOW)


def test_what_is_not_over_not_measured_or_below_zero_is_left_out(works: Works) -> None:
    made(works, hour(SHIFT + HOUR))
    works.book("1", "A", SHIFT, HALF, bad=30.0)
    works.book("2", "A", HALF, None, bad=1.0)
    assert look(works).compared == 0
    works.book("2", "A", HALF, END)  # it books no scrap
    assert look(works).compared == 0
    works.book("2", "A", HALF, END, bad=-3.0)
    found = look(works)
    assert (found.compared, found.negative) == (0, ("A",))
    assert "1 booked below zero left out (order A)" in scrap_panel(found, SITE, NOW)
    works.book("2", "A", HALF, END, bad=3.0)
    assert only(look(works)).booked == Booked(33.0, None)
    with works.store.write() as tx:
        tx.execute(t.kpi_progress.update().values(from_us=SHIFT + 1))
    with works.store.read() as tx:
        later = booked_scrap.read(tx, Ask("north", *WHOLE), NOW)
    assert (later.compared, later.unmeasured) == (0, 1)


def test_scrap_before_the_machine_that_sets_the_pace_costs_none_of_its_time(works: Works) -> None:
    for unit in k.UNITS:
        made(works, hour(SHIFT + HOUR), unit=unit)
    for number, machine in enumerate(("M1", "M2", "M3")):
        works.book(str(number), "A", SHIFT, HALF, bad=13.0 + number, machine=machine)
    found = look(works)
    assert [(row.machine, row.difference, row.cents) for row in found.rows] == [
        ("CNC-13", 3.0, 1_500),
        ("CNC-12", 2.0, 1_000),
        ("CNC-11", 1.0, None),
    ]
    assert found.products[0].cents is None
    with works.store.write() as tx:
        tx.execute(t.cost_rates.delete())
    assert [row.cents for row in look(works).rows] == [None, None, None]


def test_the_part_of_the_plant_the_days_and_the_product_are_those_of_the_screen(works: Works) -> None:
    made(works, hour(SHIFT + HOUR))
    made(works, hour(SHIFT + HOUR), unit=LAST)
    works.book("1", "A", SHIFT, HALF, bad=30.0)
    works.book("2", "A", SHIFT, END, bad=40.0, machine="M3", article="P-2")
    assert [row.machine for row in look(works, LAST).rows] == ["CNC-13"]
    assert [row.machine for row in look(works, product="P-1").rows] == ["CNC-12"]
    assert [row.machine for row in look(works, span=(HALF, END)).rows] == ["CNC-12"]
    assert [row.machine for row in look(works, span=(HALF + 1, END + 1)).rows] == ["CNC-13"]
    with pytest.raises(NotFound):
        queries(works, "north/forming").booked_scrap(Ask(k.LINE, *WHOLE))


def test_of_very_many_only_the_newest_are_compared_and_it_says_since_when(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booked_scrap, "MOST", 1)
    made(works, hour(SHIFT + HOUR))
    works.book("1", "A", SHIFT, HALF, bad=30.0)
    assert look(works).since_us is None
    works.book("2", "B", HALF, END, bad=30.0)
    found = look(works)
    assert (only(found).order_id, found.since_us) == ("B", END)
    assert "the newest only, since" in scrap_panel(found, SITE, NOW)


def test_a_mes_that_books_no_scrap_says_so(works: Works) -> None:
    made(works, hour(SHIFT + HOUR))
    works.book("1", "A", SHIFT, HALF)
    found = look(works)
    assert (found.rows, found.compared) == ((), 0)
    assert "The MES booked no scrap" in scrap_panel(found, SITE, NOW)


def test_what_is_booked_hour_by_hour_is_no_correction_and_changes_no_figure(works: Works) -> None:
    works.book("1", "A", SHIFT, None, fine=10.0, bad=1.0)
    with works.store.write() as tx:
        tx.execute(t.kpi_dirty.delete())
    works.book("1", "A", SHIFT, None, fine=20.0, bad=2.0)
    with works.store.read() as tx:
        assert tx.execute(select(t.operations.c.scrap)).scalar() == 2.0
        assert tx.execute(select(t.kpi_dirty)).all() == [] == tx.execute(select(t.mes_changes)).all()
    works.book("1", "A", SHIFT, HALF, fine=20.0, bad=2.0)
    with works.store.read() as tx:
        assert {row.equipment_id for row in tx.execute(select(t.kpi_dirty))} == {UNIT}
        assert [row.field for row in tx.execute(select(t.mes_changes))] == ["end_us"]
