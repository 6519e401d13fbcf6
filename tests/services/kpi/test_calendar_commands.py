"""What people do with the shift calendar: from tomorrow on, never into a fixed plan, never at once."""

import threading
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotNow
from domain.shift_calendar import CalendarException, ExceptionKind, Pattern, local_day
from runtime.settings import Settings
from runtime.workers import figures
from services import calendars, clocks
from services.commands.calendars import CalendarCommands
from services.context import Context
from services.queries.calendars import CalendarQueries
from services.rows.site import SiteRow
from tests import factories as f

LINE = "north/machining/line-1"
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
TODAY = local_day(f.NOW, "Europe/Berlin")  # Saturday 21 November 2026, 11:00
MONDAY = TODAY + timedelta(days=2)
EARLY = Pattern("", "north", "Early", frozenset(range(1, 6)), 360, 480, ((240, 30),), valid_from=MONDAY)
LATE = replace(EARLY, name="Late", start_minute=840, breaks=())


class Floor:
    def __init__(self, database):
        self.database, self.do = database, CalendarCommands(database)
        with database.write() as tx:
            f.site(tx)
            f.machine(tx)
            self.paul = f.account(tx, "paul", [Role.MAINTENANCE_PLANNER])
            self.olaf = f.account(tx, "olaf", [Role.OPERATOR])

    def queries(self):
        return CalendarQueries(Context(self.database, self.paul, SITE, Clock(f.NOW, wall_us())))

    def shifts(self, days=14, first=TODAY):
        lines = self.queries().view("", first, days).lines
        return [(s.name, local_day(s.from_us, SITE.time_zone)) for s in lines[0].shifts]

    def mes(self, name, from_us, hours=8):
        row = {
            "instance": "mes", "shift_id": name, "line_id": LINE, "name": name, "start_us": from_us,
            "end_us": from_us + hours * HOUR, "break_s": 0, "break_start_us": None, "frozen_us": 0,
            "updated_us": 0,
        }  # fmt: skip
        with self.database.write() as tx:
            tx.execute(insert(t.shifts).values(**row))

    def audit(self):
        with self.database.read() as tx:
            a = t.audit.c
            return list(
                tx.execute(select(a.action).where(a.subject_kind == "calendar").order_by(a.entry)).scalars()
            )


@pytest.fixture
def floor(database):
    return Floor(database)


def test_a_weekly_shift_stands_in_the_shifts_and_in_the_audit(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "two shifts from Monday on")
    assert floor.shifts() == [("Early", MONDAY + timedelta(days=n)) for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
    assert floor.audit() == ["added a weekly shift"]
    change = floor.queries().settings().changes[0]
    assert (change.who, change.reason) == ("Paul", "two shifts from Monday on")
    with floor.database.read() as tx:
        assert tx.execute(select(t.kpi_dirty.c.equipment_id)).scalars().all() == [LINE]


def test_a_change_ends_the_old_one_and_leaves_the_days_before(floor) -> None:
    key = floor.do.set_pattern(floor.paul, EARLY, "start")
    later = replace(EARLY, start_minute=300, valid_from=MONDAY + timedelta(days=2))
    floor.do.set_pattern(floor.paul, later, "an hour earlier", instead_of=key)
    with floor.database.read() as tx:
        found = calendars.load(tx, "north", TODAY, TODAY)
    assert [(p.start_minute, p.valid_to) for p in sorted(found.patterns, key=lambda p: p.valid_from)] == [
        (360, MONDAY + timedelta(days=1)), (300, None),
    ]  # fmt: skip
    shown = floor.queries().view("", MONDAY, 3).lines[0].shifts
    assert [round((s.from_us - shown[0].from_us) / HOUR) for s in shown] == [0, 24, 47]
    assert "Early 06:00 to 14:00" in floor.queries().settings().changes[0].words


def test_shifts_at_the_same_time_are_refused_by_name_and_moment(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "start")
    with pytest.raises(
        InvalidInput, match="Early and Late of Line 1 would run at once on Mon 23 Nov"
    ) as told:
        floor.do.set_pattern(floor.paul, replace(LATE, start_minute=780), "too early")
    assert told.value.field == "times" and "13:00 to 14:00" in str(told.value)
    assert {name for name, _ in floor.shifts()} == {"Early"} and len(floor.audit()) == 1
    floor.do.set_pattern(floor.paul, LATE, "side by side")
    assert {name for name, _ in floor.shifts()} == {"Early", "Late"}


def test_a_shift_of_the_mes_is_in_the_way_too_and_old_clashes_of_its_own_are_not(floor) -> None:
    floor.mes("Rush", f.NOW + 2 * DAY)  # Monday 11:00
    with pytest.raises(InvalidInput, match=r"Early and Rush \(mes\)"):
        floor.do.set_pattern(floor.paul, EARLY, "start")
    floor.mes("Double", f.NOW + 2 * DAY + HOUR)  # the MES overlaps itself: not our doing
    floor.do.set_pattern(floor.paul, replace(EARLY, valid_from=MONDAY + timedelta(days=1)), "from Tuesday")
    clash = [s.clash for s in floor.queries().view("", MONDAY, 1).lines[0].shifts]
    assert clash == [("Double",), ("Rush",)]


def test_what_is_fixed_stays(floor) -> None:
    sunday = replace(EARLY, weekdays=frozenset({7}), valid_from=TODAY + timedelta(days=1))
    with pytest.raises(
        InvalidInput, match="the plan of Early on Sun 22 Nov 06:00 is fixed since Fri"
    ) as told:
        floor.do.set_pattern(floor.paul, replace(sunday, freeze_minutes=48 * 60), "late idea")
    assert told.value.field == "valid_from"
    key = floor.do.set_pattern(floor.paul, sunday, "8 hours ahead is early enough")
    with pytest.raises(InvalidInput, match="from tomorrow on"):
        floor.do.set_pattern(floor.paul, replace(LATE, valid_from=TODAY), "today")
    floor.do.end_pattern(floor.paul, key, TODAY, "not needed")
    assert floor.shifts() == []  # it never began: gone from the plan, kept by the audit
    with pytest.raises(InvalidInput, match="days that are over"):
        floor.do.end_pattern(
            floor.paul, floor.do.set_pattern(floor.paul, EARLY, "x"), TODAY - timedelta(days=1), "y"
        )


def test_a_day_differs_and_is_as_usual_again(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "start")
    closed = CalendarException("north", MONDAY, ExceptionKind.CLOSED, reason="inventory")
    floor.do.set_day(floor.paul, closed)
    extra = CalendarException(
        LINE, TODAY + timedelta(days=1), ExceptionKind.EXTRA, "Sunday", 360, 300, "rush"
    )
    floor.do.set_day(floor.paul, extra)
    assert floor.shifts(3) == [("Sunday", TODAY + timedelta(days=1))]
    with pytest.raises(Conflict):
        floor.do.set_day(floor.paul, closed)
    with pytest.raises(InvalidInput, match="after today"):
        floor.do.set_day(floor.paul, replace(closed, day=TODAY))
    floor.do.take_back_day(floor.paul, closed, "inventory is later")
    assert floor.shifts(3)[-1] == ("Early", MONDAY)
    assert floor.audit()[-1] == "took back a day that differs"


def test_holidays_count_for_days_to_come(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "start")
    christmas = date(2026, 12, 25)
    assert ("Early", christmas) in floor.shifts(40)
    floor.do.set_region(floor.paul, "north", "DE", "BY", "we sit in Bavaria")
    assert ("Early", christmas) not in floor.shifts(40)
    days = {d.day: d.holiday for d in floor.queries().view("", TODAY, 40).days}
    assert "Christmas" in days[christmas]
    with pytest.raises(InvalidInput) as told:
        floor.do.set_region(floor.paul, "north", "QQ", "", "x")
    assert told.value.field == "region"


def test_who_may_not_changes_nothing_and_a_reason_is_needed(floor) -> None:
    with pytest.raises(Forbidden):
        floor.do.set_pattern(floor.olaf, EARLY, "x")
    with pytest.raises(InvalidInput) as told:
        floor.do.set_pattern(floor.paul, EARLY, "  ")
    assert told.value.field == "reason" and floor.shifts() == []


def test_an_ended_shift_cannot_end_again(floor) -> None:
    key = floor.do.set_pattern(floor.paul, EARLY, "start")
    floor.do.end_pattern(floor.paul, key, MONDAY, "one day only")
    with pytest.raises(NotNow):
        floor.do.end_pattern(floor.paul, key, MONDAY + timedelta(days=3), "longer")
    assert floor.shifts() == [("Early", MONDAY)]


def test_a_line_s_own_shifts_to_come_leave_the_site_s_until_they_begin(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "everybody")
    own = replace(LATE, scope=LINE, valid_from=MONDAY + timedelta(days=7))
    floor.do.set_pattern(floor.paul, own, "late only from next week on")
    names = dict.fromkeys(name for name, _ in floor.shifts())
    assert list(names) == ["Early", "Late"] and floor.shifts()[4] == ("Early", MONDAY + timedelta(days=4))


def test_shifts_stay_written_ahead_as_days_pass(floor) -> None:
    floor.do.set_pattern(floor.paul, EARLY, "start")
    with floor.database.write() as tx:
        assert calendars.roll_forward(tx, "north", f.NOW) == 0
        assert calendars.roll_forward(tx, "north", f.NOW + 7 * DAY) == 5
    assert calendars.roll_sites(floor.database) == 0


def test_rolling_on_leaves_a_day_that_a_change_left(floor) -> None:
    """A change counts from tomorrow: what rolls on must not put the new shift beside today's old one."""
    every_day = replace(EARLY, weekdays=frozenset(range(1, 8)), valid_from=TODAY - timedelta(days=1))
    with floor.database.write() as tx:
        calendars.save_pattern(tx, replace(every_day, pattern_id="p"))
        assert calendars.roll_forward(tx, "north", f.NOW) == calendars.AHEAD_DAYS + 1
        assert tx.execute(select(t.kpi_dirty.c.equipment_id)).scalars().all() == [LINE]
        calendars.save_pattern(tx, replace(every_day, pattern_id="p", start_minute=420))
        calendars.write_shifts(tx, "north", f.NOW + DAY)
        assert calendars.roll_forward(tx, "north", f.NOW) == 0
        assert calendars.roll_forward(tx, "north", f.NOW + 3 * DAY) == 2
    assert [day for _, day in floor.shifts(days=3)] == [TODAY + timedelta(days=k) for k in range(3)]


def test_the_process_of_the_figures_writes_them_by_itself(floor) -> None:
    """Nobody presses anything: the first turn of `figures` writes the weeks to come."""
    with floor.database.write() as tx:
        clocks.write(tx, "north", Clock(f.NOW, wall_us(), 1e-12))
        calendars.save_pattern(tx, replace(EARLY, pattern_id="p"))
    stop = threading.Event()
    worker = threading.Thread(target=figures.main, args=(Settings(database_url=floor.database.url), stop))
    worker.start()
    try:
        deadline = time.monotonic() + 60
        while not floor.shifts() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        stop.set()
        worker.join()
    assert floor.shifts(days=40)[-1][1] == TODAY + timedelta(days=calendars.AHEAD_DAYS - 1)


def test_a_clock_without_a_site_stops_nothing(floor) -> None:
    with floor.database.write() as tx:
        tx.execute(insert(t.clocks).values(site_id="gone", origin_plant_us=0, origin_wall_us=0, speed=1.0))
    assert calendars.roll_sites(floor.database) == 0


def test_the_same_on_postgresql(postgres) -> None:
    floor = Floor(postgres)
    key = floor.do.set_pattern(floor.paul, EARLY, "start")
    with pytest.raises(InvalidInput, match="would run at once"):
        floor.do.set_pattern(floor.paul, replace(LATE, start_minute=780), "too early")
    floor.do.set_pattern(floor.paul, replace(EARLY, start_minute=420), "an hour later", instead_of=key)
    floor.do.set_region(floor.paul, "north", "DE", "BY", "Bavaria")
    assert floor.shifts(3) == [("Early", MONDAY)] and calendars.roll_sites(postgres) == 0
