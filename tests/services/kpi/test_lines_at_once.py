"""What is asked of several lines at once is what each of them says alone, and costs no statement a line."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.reporting import Kind, Period
from domain.time_model import Span
from services import clocks
from services.floor import facts, plant
from services.kpi import planned, remarks, shift_days, valid
from services.kpi import window as windows
from services.kpi.count_flags import OVER_A_CHANGE
from services.kpi.keeping import Keeper
from services.reports import gather
from services.rows.floor import Window
from tests import factories as f
from tests.kits import asked
from tests.services.kpi import facts as k

OTHERS = tuple(f"north/machining/line-{n}" for n in (2, 3))
LINES = (k.LINE, *OTHERS)
SPANS = {line: Span(k.START + n * HOUR, k.END - 5 * n * HOUR) for n, line in enumerate(LINES)}


@pytest.fixture(params=["database", "postgres"])
def three(request) -> Database:
    """Three lines with facts of their own; the shifts of each begin an hour after those of the one before."""
    database: Database = request.getfixturevalue(request.param)
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-12))
        shifts = [dict(row) for row in tx.execute(select(t.shifts)).mappings()]
        rates = [dict(row) for row in tx.execute(select(t.product_rates)).mappings()]
        for late, line in enumerate(OTHERS, start=1):
            for position, unit in enumerate(k.UNITS):
                f.machine(tx, _moved(unit, line))
                its = {"position": position, "constraint_unit": position == 1}
                mine = t.equipment.c.equipment_id == _moved(unit, line)
                tx.execute(t.equipment.update().where(mine).values(its))
            tx.execute(insert(t.shifts), [_later(row, line, late * HOUR) for row in shifts])
            rated = [{**row, "equipment_id": _moved(row["equipment_id"], line)} for row in rates]
            tx.execute(insert(t.product_rates), rated)
        for seed, line in enumerate(LINES):
            for fact in k.random_facts(random.Random(seed)):
                k.store(
                    tx, replace(fact, row={name: _moved(value, line) for name, value in fact.row.items()})
                )
            _about(tx, line, seed)
    return database


def _moved(value, line: str):
    """What is said of the first line, said of another one; records carry its name, too."""
    return value.replace(k.LINE, line) if isinstance(value, str) else value


def _later(row: dict, line: str, us: int) -> dict:
    moved = {name: row[name] + us for name in ("start_us", "end_us", "break_start_us", "frozen_us")}
    return {**row, **moved, "line_id": line, "shift_id": f"{row['shift_id']}-{line}"}


def _about(tx, line: str, n: int) -> None:
    """A break of a calendar, a machine that was away, a closed shift, a remark, a target, a stop, orders."""
    unit = _moved(k.UNITS[1], line)
    shift = tx.execute(select(t.shifts).where(t.shifts.c.line_id == line)).mappings().first()
    pause = {"instance": "mes", "shift_id": shift["shift_id"], "start_us": shift["start_us"] + HOUR,
             "end_us": shift["start_us"] + HOUR + 60_000_000 * (n + 1)}  # fmt: skip
    _add(tx, t.shift_breaks, pause)
    _add(
        tx, t.absences, {"equipment_id": unit, "from_us": k.START + n * HOUR, "to_us": k.START + 2 * n * HOUR}
    )
    _add(tx, t.shift_closings, {
        "line_id": line, "from_us": shift["start_us"], "to_us": shift["end_us"], "version": 1,
        "shift": shift["name"], "closed_us": k.END,
    })  # fmt: skip
    _remark(tx, unit, shift["start_us"])
    _add(tx, t.targets, {"scope": line, "kpi": "oee", "valid_from_us": k.START - DAY, "value": 0.6 + n / 10})
    stop = {"instance": "mes", "downtime_id": f"D-{line}", "equipment_id": unit, "start_us": k.END - HOUR,
            "end_us": None if n else k.END - HOUR // 2, "reason": "Jam", "planned": False}  # fmt: skip
    _add(tx, t.downtimes, stop)
    for number, status in enumerate(("Released", "Running")):
        _add(tx, t.orders, {
            "instance": "mes", "order_id": f"O-{line}-{number}", "line_id": line, "product_id": "P-1",
            "quantity": 100.0 + n, "status": status, "planned_start_us": k.START,
            "start_us": k.START + 3 * HOUR if status == "Running" else None, "planned_end_us": k.END,
            "due_us": k.END,
        })  # fmt: skip
    _add(
        tx,
        t.cost_rates,
        {"equipment_id": line, "downtime_cents_per_hour": 10_000 * (n + 1), "unplanned_factor": 1.0},
    )


def _remark(tx, unit: str, at_us: int) -> None:
    words = f"{len(unit)} parts came at once."
    row = {"equipment_id": unit, "from_us": at_us, "code": OVER_A_CHANGE, "record": "r", "at_us": at_us}
    _add(tx, t.kpi_flags, row | {"words": words})


def _add(tx, table, row: dict) -> None:
    """A row, with something neutral in the columns that it leaves open."""
    kinds = {int: 0, float: 0.0, str: "", bool: False}
    rest = {
        c.name: kinds[c.type.python_type]
        for c in table.c
        if c.name not in row and not c.nullable and c.default is None and c.server_default is None
    }
    tx.execute(insert(table), [rest | row])


def test_what_is_planned_for_lines_is_read_at_once(three, monkeypatch) -> None:
    with three.read() as tx:
        alone = {line: planned.read_line(tx, line, s.from_us, s.to_us) for line, s in SPANS.items()}
        sent = asked.watch(monkeypatch)
        found = planned.read_lines(tx, SPANS)
    assert {line: repr(one) for line, one in found.items()} == {line: repr(o) for line, o in alone.items()}
    assert all(one.units and one.cells and one.breaks and one.away and one.closed for one in found.values())
    assert len({repr(one.breaks) for one in found.values()}) == len(LINES)
    assert len(sent) == len(set(sent))


def test_windows_of_lines_are_those_of_each_alone(three, monkeypatch) -> None:
    Keeper(three).turn()
    units = {line: [_moved(unit, line) for unit in k.UNITS] for line in LINES}
    over = Span(k.START + 14 * HOUR, k.START + 22 * HOUR)  # a shift of the first line
    for spans in (dict.fromkeys(LINES, over), dict.fromkeys(LINES, Span(k.START, k.END)), SPANS):
        looks = {line: windows.Look(units[line][1:2], spans[line], units[line][:1]) for line in LINES}
        with three.read() as tx:
            alone = {
                unit: window
                for line, one in looks.items()
                for unit, window in windows.read(tx, line, one.shown, one.span, k.END, one.beside).items()
            }
            assert windows.of_lines(tx, looks, k.END) == alone
            assert any(window.strip for window in alone.values())
    whole = {line: windows.Look(units[line][1:2], Span(k.START - DAY, k.END), units[line]) for line in LINES}
    with three.read() as tx:
        sent = asked.watch(monkeypatch)
        windows.of_lines(tx, whole, k.END)
    for table in ("kpi_progress", "kpi_dirty", "FROM shifts WHERE"):
        assert asked.about(sent, table) == 1, table


def test_what_holds_for_lines_is_what_holds_for_each(three):
    moments = {line: span.to_us for line, span in SPANS.items()}
    period = Period(Kind.DAY, k.START, k.START + DAY, "k", "k")
    looks = {line: [(SPANS[line].from_us, k.START + (2 + n) * HOUR)] for n, line in enumerate(LINES)}
    names = {line: {_moved(unit, line): unit for unit in k.UNITS} for line in LINES}
    last = {line: _moved(k.UNITS[-1], line) for line in LINES}
    with three.read() as tx:
        for found, each in (
            (valid.shifts_at(tx, moments), lambda line: valid.shift_at(tx, line, moments[line])),
            (valid.models_of(tx, moments), lambda line: valid.model_of(tx, line, moments[line])),
            (
                valid.goal_moments(tx, moments),
                lambda line: valid.goal_moments(tx, {line: moments[line]})[line],
            ),
            (
                shift_days.spans_of(tx, LINES, "UTC", period),
                lambda line: shift_days.spans_of(tx, [line], "UTC", period)[line],
            ),
            (facts.orders(tx, last), lambda line: facts.orders(tx, {line: last[line]})[line]),
            (
                dict(zip(LINES, remarks.unsure(tx, [(names[x], looks[x]) for x in LINES]), strict=True)),
                lambda line: remarks.unsure(tx, [(names[line], looks[line])])[0],
            ),
        ):
            assert {line: found.get(line) for line in LINES} == {line: each(line) for line in LINES}
        orders = facts.orders(tx, last)
    for window in (Window.SHIFT, Window.WEEK, Window.YESTERDAY):
        with three.read() as tx:
            spans = facts.stretches(tx, LINES, window, k.END, "UTC")
            assert spans == {line: facts.stretches(tx, [line], window, k.END, "UTC")[line] for line in LINES}
    assert [[o.status for o in rows] for rows in orders.values()] == [["Running", "Released"]] * len(LINES)
    assert all(rows[0].made > 0 and rows[1].made == 0 for rows in orders.values())


def test_the_plant_shows_each_line_as_it_is_alone_and_asks_no_more_for_more_lines(three, monkeypatch) -> None:
    Keeper(three).turn()
    sent = asked.watch(monkeypatch)
    for window in (Window.SHIFT, Window.WEEK):
        with three.read() as tx:
            one = {line: plant.read(tx, plant.Request(line, window, k.END)) for line in LINES}
            first = len(sent)
            whole = plant.read(tx, plant.Request("north", window, k.END))
        assert whole.lines == tuple(one[line].lines[0] for line in LINES)
        dear = sorted((s for each in one.values() for s in each.stops), key=lambda s: (-s.cost_cents, s.name))
        assert whole.stops == tuple(dear[: len(whole.stops)])
        assert any(line.standing for line in whole.lines)
        texts = sent[first:]
        assert asked.about(texts, "FROM targets") == asked.about(texts, "FROM (SELECT orders.*") == 1
        stretches = {(line.stretch.from_us, line.stretch.to_us) for line in whole.lines}
        assert asked.about(texts, "FROM downtimes d WHERE") == 1 + len(stretches)
        assert asked.about(texts, "FROM cost_rates") == 2
        sent.clear()


def test_a_report_of_the_plant_holds_the_lines_as_their_own_reports_do(three) -> None:
    Keeper(three).turn()
    shift = Span(k.START + 14 * HOUR, k.START + 22 * HOUR)
    periods = (
        Period(Kind.DAY, k.START, k.START + DAY, "k", "k"),
        Period(Kind.SHIFT, shift.from_us, shift.to_us, "k", "k"),
    )
    with three.write() as tx:
        _remark(tx, k.UNITS[0], shift.from_us)
    for period, lines in zip(periods, (LINES, LINES[:1]), strict=True):
        with three.read() as tx:
            alone = [gather.report(tx, line, period, k.END) for line in lines]
            whole = gather.report(tx, "north", period, k.END)
        for name in ("lines", "machines", "unsure", "output"):
            assert getattr(whole, name) == tuple(row for one in alone for row in getattr(one, name)), name
        assert len(whole.lines) == len(lines)
    assert whole.unsure
