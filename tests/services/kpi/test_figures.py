"""Reading figures, closing and reopening shifts, targets and policies."""

import random

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from data.store.upsert import upsert
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound, NotNow
from domain.kpi import Measures, MinorModel, behind, figures, total
from domain.shift_calendar import day_span, local_day
from services import clocks
from services.commands.figures import FigureCommands
from services.context import Context
from services.ingest import corrections
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from services.queries.kpi import KpiQueries
from services.rows.kpi import Ask
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits import asked
from tests.kits.shifts import shown
from tests.services.kpi import facts as k

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
NOW = k.END + HOUR


@pytest.fixture
def plant(database):
    return filled(database)


@pytest.fixture(params=["database", "postgres"])
def either(request):
    """The same plant on one database, and on the other."""
    return filled(request.getfixturevalue(request.param))


def filled(database):
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-6))
        for fact in k.random_facts(random.Random(4)):
            k.store(tx, fact)
    Keeper(database).turn()
    return database


def actor(database, username="sue", roles=(Role.SUPERVISOR,), scopes=("north",)):
    with database.write() as tx:
        return f.account(tx, username, roles, scopes)


def queries(database, who) -> KpiQueries:
    return KpiQueries(Context(database, who, SITE, Clock(NOW, wall_us(), 1e-6)))


def whole(scope: str, **more) -> Ask:
    first = day_span(local_day(k.START, SITE.time_zone), SITE.time_zone).from_us
    return Ask(scope, first, first + 4 * DAY, **more)


def test_a_line_is_measured_at_its_constraint_with_the_lines_good_output(plant) -> None:
    view = queries(plant, actor(plant)).view(whole(k.LINE))
    cells: dict[tuple[str, str], list[Measures]] = {}
    with plant.read() as tx:
        for row in tx.execute(select(t.kpi_cells)).mappings():
            cells.setdefault((row["equipment_id"], row["product_id"]), []).append(Measures.of(row))
    sums = {key: total(found) for key, found in cells.items()}
    wanted = [
        behind(m, sum(o.scrap for (u, p), o in sums.items() if u == k.UNITS[2] and p == product))
        for (unit, product), m in sums.items()
        if unit == k.UNITS[1]
    ]
    assert view.whole.figures.oee == pytest.approx(figures(total(wanted)).oee)
    assert [part.key for part in view.parts] == list(k.UNITS)
    plant_view = queries(plant, actor(plant, "max")).view(whole("north"))
    assert plant_view.whole.measures.production_us == view.whole.measures.production_us
    assert [part.key for part in plant_view.parts] == [k.LINE]


def test_days_shifts_and_products_add_up_to_the_whole(plant) -> None:
    view = queries(plant, actor(plant)).view(whole(k.UNITS[0]))
    for rows in (view.days, view.shifts):
        assert total(r.measures for r in rows).calendar_us == view.whole.measures.calendar_us
        assert total(r.measures for r in rows).good == view.whole.measures.good
    one = queries(plant, actor(plant, "max")).view(whole(k.UNITS[0], shift="Early"))
    early = next(r for r in view.shifts if r.name == "Early")
    assert one.whole.measures.good == early.measures.good
    assert one.whole.measures.planned_us == early.measures.planned_us


def test_a_day_of_the_trend_is_the_line_at_its_constraint(plant) -> None:
    """Added up row by row: the machine that sets the pace, with what the one behind it scrapped."""
    rows: dict[tuple[int, str], list[Measures]] = {}
    with plant.read() as tx:
        for row in tx.execute(select(t.kpi_days)).mappings():
            rows.setdefault((row["day_us"], row["equipment_id"]), []).append(Measures.of(row))
    mine = queries(plant, actor(plant, "max"))
    for scope in (k.LINE, "north"):
        days = mine.view(whole(scope)).days
        assert len(days) > 1
        for day in days:
            wanted = behind(total(rows[day.at_us, k.UNITS[1]]), total(rows[day.at_us, k.UNITS[2]]).scrap)
            for name in ("good", "scrap", "ideal_s", "ideal_good_s", "pbt_us", "calendar_us", "uncounted_us"):
                assert getattr(day.measures, name) == pytest.approx(getattr(wanted, name)), name
            assert day.figures.oee == pytest.approx(figures(wanted).oee)
            assert day.figures.energy_per_part is None
        assert any(day.measures.scrap for day in days)


def test_losses_are_the_time_of_the_leaves(plant) -> None:
    view = queries(plant, actor(plant)).view(whole(k.UNITS[0]))
    m = view.whole.measures
    lost = sum(row.lost_us for row in view.losses)
    assert lost == m.delay_us + m.down_us + m.setup_us + m.no_data_us
    assert view.bottlenecks == ()


def test_nobody_reads_beyond_the_own_area(plant) -> None:
    stranger = actor(plant, "tom", (Role.OPERATOR,), ("north/forming",))
    with pytest.raises(NotFound):
        queries(plant, stranger).view(whole(k.LINE))
    assert queries(plant, stranger).lines() == []


def shift(plant, who):
    rows = shown(queries(plant, who), [k.LINE], k.START, k.END)
    return next(row for row in reversed(rows) if row.to_us <= NOW)


def test_a_closed_shift_keeps_what_was_reported_and_shows_what_changed(plant) -> None:
    sue = actor(plant)
    commands = FigureCommands(plant)
    open_row = shift(plant, sue)
    assert (open_row.version, open_row.closed) == (0, False)
    assert commands.close_shift(sue, k.LINE, open_row.from_us, "Tool trouble") == 1
    Keeper(plant).turn()
    closed = shift(plant, sue)
    assert (closed.closed, closed.closed_by, closed.changed) == (True, "Sue", ())
    i = t.intervals.c
    with plant.read() as tx:
        here = (i.from_us >= closed.from_us, i.from_us < closed.to_us)
        assert set(tx.execute(select(i.provisional).where(*here)).scalars()) == {False}
    with pytest.raises(NotNow):
        commands.close_shift(sue, k.LINE, open_row.from_us)
    late = closed.from_us + HOUR + 7
    with plant.write() as tx:
        row = {"equipment_id": k.UNITS[1], "source_us": late, "state": 9, "mode": 1, "receive_us": NOW + HOUR}
        tx.execute(t.states.insert().values(**row))
        recompute(tx, k.LINE, k.START, NOW)
    corrected = shift(plant, sue)
    assert corrected.reported == closed.reported
    assert {c.name for c in corrected.changed} & {"production_us", "down_us", "delay_us", "setup_us"}
    assert "1 machine states that arrived late" in corrected.why
    assert corrected.now != corrected.reported


def test_the_list_of_shifts_names_each_that_has_figures_once_newest_first(either) -> None:
    sue, c = actor(either), t.kpi_cells.c
    with either.write() as tx:
        tx.execute(t.kpi_cells.update().where(c.shift == "Early").values(shift='Early, "A"'))
        query = select(c.from_us, c.to_us, c.shift).distinct().where(c.shift != "")
        stored = {tuple(row) for row in tx.execute(query)}
    listed = queries(either, sue).begun([k.LINE], k.START - DAY, k.END + DAY)
    assert {(one.from_us, one.to_us, one.shift) for one in listed} == stored
    assert len(listed) == len(stored) >= 3
    assert 'Early, "A"' in {one.shift for one in listed}
    assert [one.from_us for one in listed] == sorted((one.from_us for one in listed), reverse=True)
    with either.write() as tx:  # one machine has figures of its beginning only, one of its end only
        half = sorted({one.from_us for one in listed})[len(listed) // 2]
        for unit, gone, since, upto in (
            (k.UNITS[0], c.from_us >= half, k.START, half), (k.UNITS[1], c.from_us < half, half + 1, NOW),
        ):  # fmt: skip
            tx.execute(t.kpi_cells.delete().where(c.equipment_id == unit, gone))
            where = t.kpi_progress.c.equipment_id == unit
            tx.execute(t.kpi_progress.update().where(where).values(from_us=since, upto_us=upto))
    assert queries(either, sue).begun([k.LINE], k.START - DAY, k.END + DAY) == listed
    FigureCommands(either).close_shift(sue, k.LINE, listed[-1].from_us)
    again = queries(either, sue).begun([k.LINE], k.START - DAY, k.END + DAY)
    assert [one.closed for one in again] == [False] * (len(again) - 1) + [True]


def test_a_part_of_the_list_has_the_figures_that_it_has_in_the_whole(plant) -> None:
    sue = actor(plant)
    mine, ask = queries(plant, sue), ([k.LINE], k.START - DAY, k.END + DAY)
    for one in mine.begun(*ask)[1::2]:
        FigureCommands(plant).close_shift(sue, k.LINE, one.from_us)
    listed = mine.begun(*ask)
    every = mine.shifts(listed, ask[2])
    assert [(row.line_id, row.from_us, row.shift) for row in every] == [
        (one.line_id, one.from_us, one.shift) for one in listed
    ]
    for first in range(len(listed)):
        assert mine.shifts(listed[first : first + 2], ask[2]) == every[first : first + 2]
    stranger = actor(plant, "tom", (Role.OPERATOR,), ("north/forming",))
    for call in (lambda q: q.begun(*ask), lambda q: q.shifts(listed, ask[2])):
        with pytest.raises(NotFound):
            call(queries(plant, stranger))


def correct(database, row, **changed) -> None:
    """What reading a MES does with a row that says something else."""
    new, keys = {**row, **changed}, ["instance", "result_id"]
    with database.write() as tx:
        corrections.keep(tx, "mes", "quality_results", keys, [row], [new], wall_us())
        upsert(tx, t.quality_results, [new], keys)
        recompute(tx, k.LINE, k.START, NOW)


def test_the_record_that_changed_after_the_close_is_named_with_both_values(plant) -> None:
    sue, commands = actor(plant), FigureCommands(plant)
    begin = shift(plant, sue).from_us
    check = {"instance": "mes", "result_id": "Q-1", "equipment_id": k.UNITS[1], "order_id": None,
             "at_us": begin + HOUR, "good": 5.0, "scrap": 1.0, "rework": 0.0, "updated_us": 1}  # fmt: skip
    with plant.write() as tx:
        tx.execute(t.quality_results.insert().values(**check))
        recompute(tx, k.LINE, k.START, NOW)
    commands.close_shift(sue, k.LINE, begin)
    before = shift(plant, sue)
    assert (before.corrections, len(before.versions)) == ((), 1)
    correct(plant, check, rework=2.0, updated_us=2)
    after = shift(plant, sue)
    assert [(c.name, c.now - c.reported) for c in after.changed] == [("rework", 2.0)]
    assert [(c.entity, c.record, c.field, c.old, c.new, c.source) for c in after.corrections] == [
        ("quality_results", "Q-1", "rework", 0.0, 2.0, "mes")
    ]
    assert after.corrections[0].learned_us >= before.versions[0].closed_us
    assert after.why == ()


def test_every_close_of_a_shift_can_be_seen(plant) -> None:
    sue, commands = actor(plant), FigureCommands(plant)
    begin = shift(plant, sue).from_us
    check = {"instance": "mes", "result_id": "Q-1", "equipment_id": k.UNITS[1], "order_id": None,
             "at_us": begin + HOUR, "good": 5.0, "scrap": 1.0, "rework": 0.0, "updated_us": 1}  # fmt: skip
    with plant.write() as tx:
        tx.execute(t.quality_results.insert().values(**check))
        recompute(tx, k.LINE, k.START, NOW)
    commands.close_shift(sue, k.LINE, begin, "as counted")
    Keeper(plant).turn()
    first = shift(plant, sue).versions[0].figures.measures.rework
    correct(plant, check, rework=2.0, updated_us=2)
    commands.reopen_shift(sue, k.LINE, begin, "rework was found")
    Keeper(plant).turn()
    commands.close_shift(sue, k.LINE, begin, "with rework")
    row = shift(plant, sue)
    assert [(v.version, v.note, v.reopen_reason) for v in row.versions] == [
        (2, "with rework", ""),
        (1, "as counted", "rework was found"),
    ]
    assert [v.figures.measures.rework for v in row.versions] == [first + 2, first]
    assert (row.changed, row.corrections) == ((), ())  # the newest close knows of them


def test_reopening_needs_a_reason_and_the_right_and_is_audited(plant) -> None:
    sue, commands = actor(plant), FigureCommands(plant)
    begin = shift(plant, sue).from_us
    with pytest.raises(NotNow):
        commands.reopen_shift(sue, k.LINE, begin, "why not")
    commands.close_shift(sue, k.LINE, begin)
    with pytest.raises(InvalidInput):
        commands.reopen_shift(sue, k.LINE, begin, "  ")
    with pytest.raises(Forbidden):
        commands.reopen_shift(actor(plant, "olga", (Role.OPERATOR,)), k.LINE, begin, "a reason")
    Keeper(plant).turn()
    commands.reopen_shift(sue, k.LINE, begin, "Scrap was booked to the wrong shift")
    Keeper(plant).turn()
    reopened = shift(plant, sue)
    assert (reopened.closed, reopened.reopen_reason) == (False, "Scrap was booked to the wrong shift")
    assert commands.close_shift(sue, k.LINE, begin) == 2
    with plant.read() as tx:
        actions = tx.execute(select(t.audit.c.action).order_by(t.audit.c.entry)).scalars().all()
    assert actions == ["closed a shift", "reopened a shift", "closed a shift"]


def test_a_shift_that_runs_or_is_not_there_cannot_be_closed(plant) -> None:
    sue = actor(plant)
    with plant.write() as tx:
        clocks.write(tx, "north", Clock(k.START + 4 * HOUR, wall_us(), 1e-6))
    with pytest.raises(NotNow):
        FigureCommands(plant).close_shift(sue, k.LINE, k.START + 2 * HOUR)
    with pytest.raises(NotFound):
        FigureCommands(plant).close_shift(sue, k.LINE, k.START + 3)


def test_targets_hold_from_their_date_and_only_managers_set_them(plant) -> None:
    manager, commands = actor(plant, "mia", (Role.PLANT_MANAGER,)), FigureCommands(plant)
    ask = whole(k.LINE)
    commands.set_target(manager, k.LINE, "oee", 0.7, ask.from_us)
    commands.set_target(manager, k.LINE, "oee", 0.8, ask.to_us + 1)
    assert queries(plant, manager).view(ask).whole.target == 0.7
    later = Ask(k.LINE, ask.from_us, ask.to_us + DAY)
    assert queries(plant, manager).view(later).whole.target == 0.8
    with pytest.raises(Forbidden):
        commands.set_target(actor(plant), k.LINE, "oee", 0.7, 0)
    with pytest.raises(InvalidInput):
        commands.set_target(manager, k.LINE, "oee", 70, 0)
    with pytest.raises(InvalidInput, match="today or later"):
        commands.set_target(manager, k.LINE, "oee", 0.9, ask.from_us + 1)


def test_a_policy_changes_stops_from_its_date_on_only(plant) -> None:
    manager = actor(plant, "mia", (Role.PLANT_MANAGER,))
    before = {r[:2]: r for r in k.derived(plant)["kpi_cells"]}
    cut = k.START + 14 * HOUR
    with plant.write() as tx:
        clocks.write(tx, "north", Clock(cut, wall_us(), 1e-6))
    FigureCommands(plant).set_stop_policy(
        manager, "north", 1_800, MinorModel.PERFORMANCE, cut, "Agreed with the lines"
    )
    with plant.write() as tx:
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-6))
    Keeper(plant).turn()
    after = {r[:2]: r for r in k.derived(plant)["kpi_cells"]}
    changed = [key for key, row in after.items() if before.get(key) != row]
    assert changed
    assert all(key[1] >= cut for key in changed)
    assert queries(plant, manager).view(whole(k.LINE)).model is MinorModel.PERFORMANCE


def test_what_waits_for_inspection_is_asked_once_for_a_shift(either, monkeypatch) -> None:
    sue, end = actor(either), k.END + DAY
    with either.write() as tx:
        q = t.quality_results
        tx.execute(q.delete())
        tx.execute(q.insert(), [
            {"instance": "mes", "result_id": unit, "equipment_id": unit, "order_id": None,
             "at_us": k.START + HOUR, "good": 1.0, "scrap": 0.0, "rework": 0.0, "updated_us": 0}
            for unit in k.UNITS
        ])  # fmt: skip
    asker = queries(either, sue)
    listed = asker.begun([k.LINE], k.START - DAY, end)
    sent = asked.watch(monkeypatch)
    rows = asker.shifts(listed, end)
    assert asked.about(sent, "FROM counts") <= len(listed)
    with either.read() as tx:
        for row in rows:
            made = {
                unit for unit, at in tx.execute(select(t.counts.c.equipment_id, t.counts.c.bucket_us).where(
                    t.counts.c.good + t.counts.c.scrap > 0)).all()
                if max(row.from_us, k.START + HOUR) <= at < row.to_us
            }  # fmt: skip
            assert row.provisional == bool(made)
    assert any(row.provisional for row in rows)
