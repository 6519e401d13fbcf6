"""Calendars in the database: the library's holidays, written shifts, overlaps with a MES."""

from datetime import date

import pytest
from sqlalchemy import insert, select

from data.store import tables as t
from domain.clock import DAY, HOUR
from domain.errors import InvalidInput
from domain.shift_calendar import CalendarException, ExceptionKind, Pattern
from services import calendars
from tests import factories as f

LINE = "north/machining/line-1"
CHRISTMAS_EVE = 1_798_070_400_000_000  # 2026-12-24 00:00 UTC
EARLY = Pattern("early", "north", "Early", frozenset(range(1, 8)), 360, 480, ((240, 30), (400, 10)))


def written(tx) -> list[tuple[str, int, int]]:
    s = t.shifts.c
    return [tuple(r) for r in tx.execute(select(s.name, s.start_us, s.end_us).order_by(s.start_us))]


def test_a_calendar_writes_shifts_and_keeps_public_holidays(database) -> None:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        calendars.set_region(tx, "north", "DE", "BY")
        calendars.save_pattern(tx, EARLY)
        gone = CalendarException("north", date(2026, 12, 27), ExceptionKind.CLOSED, reason="inventory")
        calendars.save_exception(tx, gone)
        assert calendars.write_shifts(tx, "north", CHRISTMAS_EVE, days=4) == []
        days = [(start - CHRISTMAS_EVE) // DAY for _, start, _ in written(tx)]
        assert days == [0, 4]  # the 25th and 26th are holidays, the 27th is closed
        assert len(tx.execute(select(t.shift_breaks)).all()) == 4


def test_writing_again_changes_nothing_and_a_new_pattern_replaces_days_to_come(database) -> None:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        calendars.save_pattern(tx, EARLY)
        calendars.write_shifts(tx, "north", f.NOW, days=5)
        before = written(tx)
        calendars.write_shifts(tx, "north", f.NOW, days=5)
        assert written(tx) == before
        later = Pattern("early", "north", "Early", EARLY.weekdays, 420, 480)
        calendars.save_pattern(tx, later)
        calendars.write_shifts(tx, "north", f.NOW + 2 * DAY, days=5)
        after = written(tx)
        assert after[:2] == before[:2]
        assert after[2][1] == before[2][1] + HOUR


def test_an_overlap_with_a_shift_of_the_mes_is_told(database) -> None:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        calendars.save_pattern(tx, EARLY)
        row = {
            "instance": "mes", "shift_id": "X", "line_id": LINE, "name": "Rush", "start_us": f.NOW,
            "end_us": f.NOW + 8 * HOUR, "break_s": 0, "break_start_us": None, "frozen_us": 0, "updated_us": 0,
        }  # fmt: skip
        tx.execute(insert(t.shifts).values(**row))
        found = calendars.write_shifts(tx, "north", f.NOW, days=1)
    assert [(o.first, o.second) for o in found] == [("Early", "Rush")]


def test_an_unknown_region_is_refused(database) -> None:
    with database.write() as tx, pytest.raises(InvalidInput):
        calendars.set_region(tx, "north", "XX")
