"""Scrap that only inspections found, by hand and against a recomputation: whose parts, in which shift."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from auth.permissions import Role
from components.shifts import shifts_panel
from data.store import tables as t
from data.store.database import Database
from data.store.migrate import downgrade, upgrade
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.reporting import Kind, Period
from domain.time_model import Span
from services import clocks
from services.commands.figures import FigureCommands
from services.context import Context
from services.ingest import corrections
from services.kpi import dirty, window
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.kpi.refresh import refresh
from services.queries.kpi import KpiQueries
from services.reports import gather
from services.rows.kpi import Ask, ShiftRow
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.shifts import sheet
from tests.services.kpi import facts as k
from tests.services.kpi.test_changes import mes
from tests.services.kpi.test_refresh import differences

UNIT = k.UNITS[1]
EARLY, BETWEEN, LATE = k.START + 2 * HOUR, k.START + 10 * HOUR, k.START + 14 * HOUR
NOW = LATE + 8 * HOUR
BUCKET = 5 * MINUTE
Made = tuple[float, float]  # good parts, scrap


def plant(tx: Connection, worked: Sequence[tuple[str, int, int | None]], bad: Sequence[int] = ()) -> None:
    """Five parts in each bucket of the operations (order, begin, end); in the buckets `bad` one is scrap."""
    k.plant(tx)
    clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-12))
    row = {"equipment_id": UNIT, "source_us": EARLY, "state": 6, "mode": 1, "receive_us": EARLY}
    tx.execute(t.states.insert().values(**row))
    for number, (order, begin, end) in enumerate(worked):
        tx.execute(t.operations.insert().values(
            instance="mes", operation_id=f"O{number}", order_id=order, equipment_id=UNIT, product_id="P-1",
            start_us=begin, end_us=end, setup_end_us=begin, updated_us=0,
        ))  # fmt: skip
    for at in range(EARLY, NOW, BUCKET):
        made = any(begin <= at < (end or NOW) for _, begin, end in worked)
        row = {"equipment_id": UNIT, "bucket_us": at, "good": 5.0 * made - (at in bad),
               "scrap": float(at in bad), "energy_kwh": 0.0}  # fmt: skip
        tx.execute(t.counts.insert().values(**row))


def check(tx: Connection, number: int, at: int, scrap: float, order: str | None = "W1", **said: Any) -> None:
    """An inspection as ingest stores it."""
    mes(tx, t.quality_results, {
        "instance": "mes", "result_id": f"Q{number}", "equipment_id": UNIT, "order_id": order, "at_us": at,
        "good": 0.0, "scrap": scrap, "rework": 0.0, "defects": None, "reinspection": None, "updated_us": at,
    } | said)  # fmt: skip


def made(database: Database) -> dict[int, Made]:
    """By cell with parts of W1, as kept; the same as a recomputation gives."""
    Keeper(database).turn()
    kept, found = k.derived(database), _made(database)
    Keeper(database).rebuild(k.LINE, EARLY, NOW)
    assert differences(kept, k.derived(database)) == {}
    return found


def _made(database: Database) -> dict[int, Made]:
    c = t.kpi_cells.c
    query = select(c.from_us, func.sum(c.good), func.sum(c.scrap)).where(
        c.equipment_id == UNIT, c.order_id == "W1", c.good + c.scrap > 0
    )
    with database.read() as tx:
        return {row[0]: (row[1], row[2]) for row in tx.execute(query.group_by(c.from_us))}


def remarks(database: Database) -> dict[tuple[int, str], str]:
    c = t.kpi_flags.c
    query = select(c.from_us, c.record, c.words).where(c.code == "scrap_of_inspection")
    with database.read() as tx:
        return {(row[0], row[1]): row[2] for row in tx.execute(query)}


def test_scrap_of_an_inspection_is_no_good_part(database: Database) -> None:
    """Eight hours, five parts in five minutes: 480 parts, the inspection scraps 100: 380 of 480 are good."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, BETWEEN, 100)
    assert made(database) == {EARLY: (380, 100)}
    with database.read() as tx:
        c = t.kpi_cells.c
        row = tx.execute(
            select(c.ideal_s, c.ideal_good_s, c.startup_scrap).where(
                c.equipment_id == UNIT, c.from_us == EARLY
            )
        ).one()
    assert tuple(row) == pytest.approx((480 * 50, 380 * 50, 0))


def test_what_is_inspected_later_belongs_to_the_shift_that_made_it(database: Database) -> None:
    """The order ended with the early shift; its parts are inspected in the late one, which makes another."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W2", LATE, NOW)])
        check(tx, 1, LATE + 3 * HOUR, 100, good=350.0, rework=30.0)
    assert made(database) == {EARLY: (380, 100)}
    assert remarks(database) == {
        (EARLY, "W1"): "Inspections scrapped 100 parts of order W1 that the machine counted as good: they"
        " count as scrap here, in quality and OEE too."
    }
    c = t.kpi_cells.c
    query = select(c.from_us, c.first_pass, c.inspected, c.rework).where(c.inspected > 0)
    with database.read() as tx:
        assert [tuple(row) for row in tx.execute(query)] == [(EARLY, 350, 480, 30)]


def test_an_order_over_two_shifts_is_scrapped_in_the_one_that_made_the_parts(database: Database) -> None:
    """480 parts in the early shift, 480 in the late one, inspected in both: each shift has its own scrap."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, NOW)])
        check(tx, 1, EARLY + 6 * HOUR, 30)
        check(tx, 2, LATE + 6 * HOUR, 50)
    assert made(database) == {EARLY: (450, 30), LATE: (430, 50)}


def test_more_than_a_shift_made_comes_from_the_shift_before(database: Database) -> None:
    """The order went on for half an hour of the late shift: 30 parts. The inspection after it scraps 100: 30
    of the late shift, and 70 of the 480 parts made before."""
    end = LATE + 30 * MINUTE
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, end)])
        check(tx, 1, end + 2 * HOUR, 100)
    assert made(database) == {EARLY: (410, 70), LATE: (0, 30)}


def test_an_inspection_soon_after_a_change_of_shift_speaks_of_parts_made_before(database: Database) -> None:
    """The order runs on over the change; ten minutes after it, ten parts on, 40 parts are scrapped."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, None)])
        check(tx, 1, BETWEEN + 10 * MINUTE, 40)
    found = made(database)
    assert (found[EARLY], found[BETWEEN][1]) == ((450, 30), 10)


def test_the_same_bad_parts_count_once(database: Database) -> None:
    """The machine counted 3 bad parts, the inspection scraps 13 of the same order: 13 are bad."""
    bad = [EARLY + hour * HOUR for hour in (1, 2, 3)]
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)], bad)
        check(tx, 1, BETWEEN, 3)
    assert made(database) == {EARLY: (477, 3)} and remarks(database) == {}
    with database.write() as tx:
        check(tx, 1, BETWEEN, 13)
    assert made(database) == {EARLY: (467, 13)}


@pytest.mark.parametrize("behind_us", [0, 4 * MINUTE, 10 * MINUTE])
def test_what_the_machine_counts_behind_the_inspection_counts_once(
    database: Database, behind_us: int
) -> None:
    """Bad parts are inspected at the change of shift; the machine counts them at once, or some minutes later.
    Within a bucket they are of the shift that counted them, later of the one that made them; never twice."""
    bad = BETWEEN + behind_us // BUCKET * BUCKET
    with database.write() as tx:
        plant(tx, [("W1", EARLY, None)], [bad])
        check(tx, 1, BETWEEN, 1)
    found = made(database)
    assert sum(scrap for _, scrap in found.values()) == 1
    assert found[EARLY][1] == (1 if behind_us >= 10 * MINUTE else 0)


def test_bad_parts_of_the_bucket_in_which_the_order_changed_count_once(database: Database) -> None:
    """The order ends two minutes into a bucket that counts for the next; its bad part is inspected then."""
    end = EARLY + 4 * HOUR + 2 * MINUTE
    with database.write() as tx:
        plant(tx, [("W1", EARLY, end), ("W2", end, BETWEEN)], [EARLY + 4 * HOUR])
        check(tx, 1, end, 1)
    made(database)
    assert remarks(database) == {}


def test_parts_scrapped_at_the_second_inspection_are_scrap(database: Database) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, BETWEEN, 10, rework=20.0)
        check(tx, 2, LATE, 5, good=15.0, reinspection=True)
    assert made(database) == {EARLY: (465, 15)}


def test_an_inspection_that_is_corrected_or_gone_gives_back(database: Database) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, NOW)])
        check(tx, 1, LATE + HOUR, 100)
    assert made(database) == {EARLY: (440, 40), LATE: (420, 60)}
    with database.write() as tx:
        check(tx, 1, LATE + HOUR, 70)
    assert made(database) == {EARLY: (470, 10), LATE: (420, 60)}
    with database.write() as tx:
        check(tx, 1, LATE + HOUR, 0)
    assert made(database) == {EARLY: (480, 0), LATE: (480, 0)}
    with database.write() as tx:
        check(tx, 1, LATE + HOUR, 70)
    assert made(database)[EARLY] == (470, 10)
    with database.write() as tx:
        before = [dict(row) for row in tx.execute(select(t.quality_results)).mappings()]
        tx.execute(delete(t.quality_results))
        dirty.mark(tx, dirty.of_mes(tx, "quality_results", before))
    assert made(database) == {EARLY: (480, 0), LATE: (480, 0)}
    assert remarks(database) == {}


def test_more_scrap_than_was_made_changes_nothing_more_and_is_said(database: Database) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, LATE, 500)
    assert made(database) == {EARLY: (0, 480)}
    assert remarks(database)[EARLY, "W1"].endswith(
        "Inspections scrapped 20 parts of order W1 more than the machine had made: these change nothing."
    )


@pytest.mark.parametrize(("order", "of"), [(None, "without an order"), ("W9", "of order W9, of which")])
def test_scrap_of_nobody_knows_what_stays_out_of_quality_and_is_said(database: Database, order, of) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, EARLY + HOUR, 20, order)
    assert made(database) == {EARLY: (480, 0)}
    ((place, words),) = remarks(database).items()
    assert place == (EARLY, order or "")
    assert of in words and "they are in first pass yield, not in quality and OEE" in words


def test_parts_that_are_counted_while_the_machine_is_out_of_the_plant_are_none(database: Database) -> None:
    """Out for the last four hours: 240 parts are left, of which the inspection scraps 100."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        f.absent(tx, UNIT, EARLY + 4 * HOUR, BETWEEN)
        check(tx, 1, LATE, 100)
    assert made(database) == {EARLY: (140, 100)}


def test_a_report_that_cuts_a_shift_has_the_same_parts(database: Database) -> None:
    """Cut after six hours: 360 parts before, of which the inspection at seven hours scraps 30 after all 60 of
    the last hour before it."""
    cut = EARLY + 6 * HOUR
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, cut + HOUR, 90)
    assert made(database) == {EARLY: (390, 90)}
    with database.read() as tx:
        both = [
            window.read(tx, k.LINE, [UNIT], span, NOW)[UNIT].measures
            for span in (Span(EARLY, cut), Span(cut, BETWEEN))
        ]
    assert [(m.good, m.scrap) for m in both] == [(330, 30), (60, 60)]


def test_every_reader_has_the_same_parts(database: Database) -> None:
    """The sheet of the shift, its report, the figures with their losses, the order and the live screens."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        row = {"instance": "mes", "order_id": "W1", "product_id": "P-1", "line_id": k.LINE, "due_us": NOW,
               "quantity": 480.0, "start_us": EARLY, "end_us": BETWEEN, "planned_start_us": EARLY,
               "planned_end_us": BETWEEN, "status": "Completed", "updated_us": 0}  # fmt: skip
        tx.execute(t.orders.insert().values(**row))
        check(tx, 1, BETWEEN, 100)
        who = f.account(tx, "mia", (Role.PLANT_MANAGER,), ("north",))
    Keeper(database).turn()
    site = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
    queries = KpiQueries(Context(database, who, site, Clock(NOW, wall_us(), 1e-12)))
    view = queries.view(Ask(UNIT, k.START - DAY, NOW + DAY))
    (order,) = queries.orders(Ask(k.LINE, k.START, NOW))
    with database.read() as tx:
        live = window.read(tx, k.LINE, [UNIT], Span(EARLY, BETWEEN), NOW)[UNIT].measures
        page = next(row for row in sheet(tx, k.LINE, k.START, NOW) if row.from_us == EARLY).now.measures
        paper = gather.report(tx, k.LINE, Period(Kind.SHIFT, EARLY, BETWEEN, "k", "k"), NOW)
    machine = next(row.oee for row in paper.machines if row.equipment_id == UNIT)
    every = (live, page, paper.whole, machine, view.whole.measures)
    assert [(found.good, found.scrap) for found in every] == [(380, 100)] * len(every)
    assert order.scrap == 100
    assert next(loss.seconds for loss in view.big_losses if loss.name == "defects") == 100 * 50


def late(database: Database, at: int, good: float, scrap: float) -> None:
    """A bucket as the counter tells it later."""
    with database.write() as tx:
        c = t.counts.c
        here = (c.equipment_id == UNIT, c.bucket_us == at)
        tx.execute(t.counts.update().where(*here).values(good=good, scrap=scrap))
        dirty.mark(tx, [(UNIT, at, at + BUCKET)])


def test_a_late_count_gives_back_what_a_shift_before_had_to_bear(database: Database) -> None:
    """60 parts of the late shift and 40 of the early one are scrapped; then 20 more come to light in the late
    shift."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, LATE + HOUR)])
        check(tx, 1, LATE + 6 * HOUR, 100)
    assert made(database) == {EARLY: (440, 40), LATE: (0, 60)}
    late(database, LATE + 30 * MINUTE, 25, 0)
    assert made(database) == {EARLY: (460, 20), LATE: (0, 80)}


def test_a_late_count_of_bad_parts_changes_what_later_shifts_give_back(database: Database) -> None:
    """The inspection scraps 10 parts of the early shift, which the machine counts in the late one. Then 4 are
    found to have been counted in the early one: of the ten of the late one 4 are bad beside them."""
    bad = [LATE + hour * 30 * MINUTE for hour in range(1, 11)]
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, NOW)], bad)
        check(tx, 1, EARLY + 4 * HOUR, 10)
    assert made(database) == {EARLY: (470, 10), LATE: (480, 0)}
    assert remarks(database)[LATE, "W1"] == (
        "The machine counted 10 parts of order W1 as scrap that inspections had scrapped before: they count"
        " once."
    )
    late(database, EARLY + 4 * HOUR + 30 * MINUTE, 1, 4)
    assert made(database) == {EARLY: (470, 10), LATE: (476, 4)}


def closed(database: Database, number: int, scrap: float) -> ShiftRow:
    """The early shift after its close, when an inspection of LATE and six hours is read."""
    Keeper(database).turn()
    with database.write() as tx:
        sue = f.account(tx, "sue", (Role.SUPERVISOR,), ("north",))
    FigureCommands(database).close_shift(sue, k.LINE, EARLY)
    with database.write() as tx:
        at = LATE + 6 * HOUR
        row = {"instance": "mes", "result_id": f"Q{number}", "equipment_id": UNIT, "order_id": "W1",
               "at_us": at, "good": 0.0, "scrap": scrap, "rework": 0.0, "updated_us": NOW + 1}  # fmt: skip
        corrections.keep(tx, "mes", "quality_results", ["instance", "result_id"], [], [row], wall_us())
        mes(tx, t.quality_results, row)
    Keeper(database).turn()
    with database.read() as tx:
        return next(row for row in sheet(tx, k.LINE, k.START, NOW) if row.from_us == EARLY)


def test_an_inspection_after_the_close_is_the_cause_of_the_difference(database: Database) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W2", LATE, NOW)])
    row = closed(database, 1, 100)
    assert row.reported is not None
    assert row.reported.figures.quality == 1.0
    assert row.now.figures.quality == pytest.approx(380 / 480)
    assert [(c.name, c.now - c.reported) for c in row.changed] == [
        ("good", -100), ("scrap", 100), ("ideal_good_s", -5000)
    ]  # fmt: skip
    assert [(c.entity, c.record, c.field, c.old) for c in row.corrections] == [
        ("quality_results", "Q1", "", None)
    ]
    assert row.why == ()


def test_an_inspection_that_reaches_back_into_a_closed_shift_is_said(database: Database) -> None:
    """It speaks of the end of the order, in the late shift, and scraps more than was made there."""
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W1", LATE, LATE + 30 * MINUTE)])
    row = closed(database, 1, 100)
    assert [(c.name, c.now - c.reported) for c in row.changed][:2] == [("good", -70), ("scrap", 70)]
    assert [(c.entity, c.record) for c in row.corrections] == [("quality_results", "Q1")]
    assert row.why == ()


def test_a_shift_whose_parts_wait_for_inspection_says_that_quality_may_change(database: Database) -> None:
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN)])
        check(tx, 1, EARLY + HOUR, 0)
    Keeper(database).turn()
    with database.read() as tx:
        rows = sheet(tx, k.LINE, k.START, NOW)
    site = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
    assert next(row for row in rows if row.from_us == EARLY).provisional
    assert "parts wait for inspection: quality, first pass yield and rework may still change" in (
        shifts_panel(rows, site, NOW)
    )


def test_figures_of_an_earlier_version_learn_what_inspections_scrapped(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    database = Database(url)
    with database.write() as tx:
        plant(tx, [("W1", EARLY, BETWEEN), ("W2", LATE, NOW)])
        check(tx, 1, LATE, 100)
    right = made(database)
    with database.write() as tx:
        c = t.kpi_cells.c
        as_counted = t.kpi_cells.update().where(c.order_id == "W1", c.good > 0).values(good=480, scrap=0)
        tx.execute(as_counted)
    database.close()
    downgrade(url, "0082")
    upgrade(url)
    database = Database(url)
    assert made(database) == right == {EARLY: (380, 100)}
    database.close()


LATE_KINDS = (t.counts, t.quality_results, t.operations)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6))
def test_late_facts_of_inspected_orders_leave_the_figures_of_a_recomputation(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('x') / 'x.db'}")
    database.create_all()
    assert one_by_one(database, seed) == {}
    database.close()


@pytest.mark.services
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_on_postgresql(postgres: Database, seed: int) -> None:
    assert one_by_one(postgres, seed) == {}


def one_by_one(database: Database, seed: int) -> dict[str, list[Any]]:
    """What differs from a recomputation after counts, inspections and operations of one machine came late,
    each answered as ingest marks it."""
    rng = random.Random(seed)
    facts = k.random_facts(rng)
    for fact in facts:
        if fact.table is t.quality_results and rng.random() < 0.3:
            fact.row["scrap"] = rng.choice([40.0, 400.0])
    late = rng.sample([one for one in facts if one.table is t.counts and _mine(one)], 25)
    late += rng.sample([one for one in facts if one.table is not t.counts and _mine(one)], 6)
    rng.shuffle(late)
    with database.write() as tx:
        k.plant(tx)
        for fact in facts:
            if all(fact is not other for other in late):
                k.store(tx, fact)
        recompute(tx, k.LINE, k.START, k.END)
        for fact in late:
            k.store(tx, fact)
            refresh(tx, k.LINE, k.stretches(tx, fact), k.END)
    kept = k.derived(database)
    with database.write() as tx:
        recompute(tx, k.LINE, k.START, k.END)
    return differences(kept, k.derived(database))


def _mine(fact: k.Fact) -> bool:
    return fact.table in LATE_KINDS and fact.row["equipment_id"] == UNIT
