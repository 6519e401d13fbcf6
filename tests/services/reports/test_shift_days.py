"""A shift counts whole to the day on which it begins: the same rule in reports, figures and on the floor."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert

from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, Clock, micros, wall_us
from domain.errors import NotFound
from domain.reporting import Kind, Period, day_period, edges_of, week_period
from domain.shift_calendar import at_minute
from services import clocks
from services.floor import facts, line
from services.floor.plant import Request
from services.kpi import reading, shift_days
from services.kpi.keeping import Keeper
from services.reports.gather import report
from services.reports.scheduled import ended, running
from services.rows.floor import Window
from services.rows.kpi import Ask
from tests.kits.shifts import sheet
from tests.services.reports import plant

ZONE = plant.ZONE
FIRST = date(2026, 11, 20)


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def shift(name: str, line: str, from_us: int, to_us: int) -> dict[str, object]:
    return {"instance": "m", "shift_id": f"{name}-{line}-{from_us}", "line_id": line, "name": name,
            "start_us": from_us, "end_us": to_us, "break_s": 0, "break_start_us": None, "frozen_us": from_us,
            "updated_us": 0}  # fmt: skip


@pytest.fixture
def nights(database: Database) -> Database:
    """The line of the reports with shifts at 06:00, 14:00 and 22:00, as plants have them."""
    with database.write() as tx:
        plant.build(tx, evil=False)
        tx.execute(delete(t.shifts))
        for k in range(-2, 3):
            day = FIRST + timedelta(days=k)
            rows = [shift(name, plant.LINE, at_minute(day, begin * 60, ZONE), at_minute(day, end * 60, ZONE))
                    for name, begin, end in (("Early", 6, 14), ("Late", 14, 22))]  # fmt: skip
            after = day + timedelta(days=1)
            night = (at_minute(day, 22 * 60, ZONE), at_minute(after, 6 * 60, ZONE))
            tx.execute(insert(t.shifts), [*rows, shift("Night", plant.LINE, *night)])
    return database


def test_a_day_goes_from_shift_to_shift_and_days_meet(nights) -> None:
    with nights.read() as tx:
        days = [day_period(FIRST + timedelta(days=k), ZONE) for k in range(3)]
        spans = [shift_days.spans_of(tx, [plant.LINE], ZONE, day)[plant.LINE] for day in days]
        week = shift_days.spans_of(tx, [plant.LINE], ZONE, week_period(FIRST, ZONE))[plant.LINE]
    assert spans[0].from_us == at("2026-11-20T06:00") and spans[0].to_us == at("2026-11-21T06:00")
    assert all(a.to_us == b.from_us for a, b in pairwise(spans))
    assert week.from_us == at("2026-11-16T00:00")  # no night shift was planned over that midnight
    assert week.to_us == at("2026-11-23T06:00")  # the one of Sunday was


def test_report_figures_and_floor_say_the_same_of_a_day(nights) -> None:
    now = at("2026-11-21T20:00")
    with nights.write() as tx:
        clocks.write(tx, "north", Clock(now, wall_us(), 1e-12))
    Keeper(nights).turn()
    with nights.read() as tx:
        named = day_period(FIRST, ZONE)
        paper = report(tx, plant.LINE, shift_days.whole(tx, [plant.LINE], ZONE, [named])[0], now)
        view = reading.read(tx, Ask(plant.LINE, named.from_us, named.to_us))
        yesterday = facts.stretches(tx, [plant.LINE], Window.YESTERDAY, now, ZONE)[plant.LINE]
    assert paper.whole.oee == pytest.approx(view.whole.figures.oee)
    assert paper.whole.good == pytest.approx(view.whole.measures.good) and paper.whole.good > 0
    for name in ("production_us", "down_us", "planned_us", "outside_us", "no_data_us"):
        assert getattr(paper.whole.measures, name) == getattr(view.whole.measures, name)
    assert (yesterday.from_us, yesterday.to_us) == (at("2026-11-20T06:00"), at("2026-11-21T06:00"))
    assert paper.counted.startswith("Until 2026-11-21 06:00: a shift counts whole to the day")


def test_the_target_of_a_stretch_is_that_of_the_day_on_which_its_last_shift_begins(nights) -> None:
    now, midnight = at("2026-11-21T20:00"), at("2026-11-21T00:00")
    with nights.write() as tx:
        clocks.write(tx, "north", Clock(now, wall_us(), 1e-12))
        for since, value in ((0, 0.5), (midnight, 0.9)):
            row = {"scope": plant.LINE, "kpi": "oee", "valid_from_us": since, "value": value}
            tx.execute(insert(t.targets).values(**row, set_by="sue", set_wall_us=0))
    Keeper(nights).turn()
    with nights.read() as tx:
        named = day_period(FIRST, ZONE)
        day = report(tx, plant.LINE, shift_days.whole(tx, [plant.LINE], ZONE, [named])[0], now)
        begin, end = at("2026-11-20T22:00"), at("2026-11-21T06:00")
        night = report(tx, plant.LINE, Period(Kind.SHIFT, begin, end, "n", "Night"), now)
        (closed,) = sheet(tx, plant.LINE, begin, begin + HOUR)
        figures = reading.read(tx, Ask(plant.LINE, named.from_us, named.to_us))
        floor = {
            window: line.read(tx, Request(plant.LINE, window, now)).figures.line.target
            for window in (Window.YESTERDAY, Window.SHIFT)
        }
    assert [day.target, night.target, closed.now.target, figures.whole.target] == [0.5] * 4
    assert floor == {Window.YESTERDAY: 0.5, Window.SHIFT: 0.9}


def test_a_day_is_over_when_its_last_shift_is(nights) -> None:
    with nights.read() as tx:
        before, after = (
            [p.key for p in ended(tx, "north", Kind.DAY, ZONE, at("2026-11-20T12:00"), at(until))]
            for until in ("2026-11-21T05:59", "2026-11-21T06:00")
        )
        night = [p.key for p in running(tx, "north", Kind.DAY, ZONE, at("2026-11-21T03:00"))]
    assert "2026-11-20" not in before and "2026-11-20" in after
    assert night == ["2026-11-20"]


@pytest.mark.parametrize("kind", list(Kind))
def test_periods_by_key_are_those_of_the_whole_list(nights, kind) -> None:
    since, until, now = at("2026-11-01T12:00"), at("2026-11-24T12:00"), at("2026-11-21T03:00")
    with nights.read() as tx:
        every = ended(tx, "north", kind, ZONE, since, until)
        assert {p.key: [p] for p in every} == {
            p.key: ended(tx, "north", kind, ZONE, since, until, p.key) for p in every
        }
        assert len(every) > 1 and ended(tx, "north", kind, ZONE, since, until, "2031-01-01") == []
        if kind is not Kind.SHIFT:
            night = running(tx, "north", kind, ZONE, now)
            assert [running(tx, "north", kind, ZONE, now, p.key) for p in night] == [[p] for p in night]


def test_lines_with_other_shifts_keep_their_own_days(nights) -> None:
    with nights.write() as tx:
        tx.execute(insert(t.shifts), [shift("Long", "north/machining/line-9", at("2026-11-20T20:00"),
                                            at("2026-11-21T08:00"))])  # fmt: skip
    with nights.read() as tx:
        named = day_period(FIRST, ZONE)
        both = shift_days.whole(tx, [plant.LINE, "north/machining/line-9"], ZONE, [named])[0]
    assert (both.from_us, both.to_us) == (at("2026-11-20T00:00"), at("2026-11-21T08:00"))
    assert edges_of(both, ZONE) == (named.from_us, named.to_us) and both.key == named.key


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25)])
def test_a_night_in_which_the_clock_moves(database: Database, day, hours) -> None:
    after = day + timedelta(days=1)
    with database.write() as tx:
        plant.build(tx, evil=False)
        tx.execute(delete(t.shifts))
        for one in (day - timedelta(days=1), day):
            night = (at_minute(one, 22 * 60, ZONE), at_minute(one + timedelta(days=1), 6 * 60, ZONE))
            tx.execute(insert(t.shifts), [shift("Night", plant.LINE, *night)])
        span = shift_days.spans_of(tx, [plant.LINE], ZONE, day_period(day, ZONE))[plant.LINE]
    assert (span.from_us, span.to_us) == (at(f"{day}T06:00"), at(f"{after}T06:00"))
    assert span.to_us - span.from_us == hours * HOUR


def test_a_shift_of_three_days_leaves_days_in_which_nothing_counts(database: Database) -> None:
    with database.write() as tx:
        plant.build(tx, evil=False)
        tx.execute(delete(t.shifts))
        tx.execute(
            insert(t.shifts), [shift("Odd", plant.LINE, at("2026-11-18T06:00"), at("2026-11-21T06:00"))]
        )
        days = [day_period(date(2026, 11, d), ZONE) for d in (18, 19, 20, 21)]
        spans = [shift_days.spans_of(tx, [plant.LINE], ZONE, day)[plant.LINE] for day in days]
        found = shift_days.whole(tx, [plant.LINE], ZONE, days)
        with pytest.raises(NotFound):
            report(tx, plant.LINE, found[2], at("2026-11-22T12:00"))
    assert [s.to_us - s.from_us > 0 for s in spans] == [True, False, False, True]
    assert spans[0].to_us == spans[3].from_us == at("2026-11-21T06:00")
    assert (found[1].from_us, found[1].to_us) == (days[1].from_us, days[1].to_us)


def test_the_last_seven_days_begin_with_a_whole_shift(nights) -> None:
    with nights.read() as tx:
        inside = facts.stretches(tx, [plant.LINE], Window.WEEK, at("2026-11-26T17:00"), ZONE)[plant.LINE]
        between = facts.stretches(tx, [plant.LINE], Window.WEEK, at("2026-11-30T12:00"), ZONE)[plant.LINE]
    assert (inside.from_us, inside.to_us) == (at("2026-11-19T22:00"), at("2026-11-26T17:00"))
    assert between.from_us == at("2026-11-23T12:00")  # no shift was planned there
