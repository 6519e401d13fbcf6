"""What the screens of Floor, Quality and Improve read, each as one call, with the widest span of its filter.

One entry is all that a screen asks for at once (a form's lists aside). *Connections* and the like are Admin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from auth.permissions import Actor, Role
from benchmarks.kpi_plant import START, Size
from benchmarks.kpi_records import CHART
from benchmarks.kpi_work import GAUGES
from data.store.database import Database
from domain.clock import DAY, HOUR, Clock, wall_us
from domain.reporting import Kind
from domain.shift_calendar import local_day
from domain.time_model import Span
from services.context import Context
from services.floor import line as line_view
from services.floor import machine, plant
from services.kpi import window
from services.queries.alarm_limits import AlarmLimitQueries
from services.queries.alarms import AlarmQueries
from services.queries.booked import BookedQueries
from services.queries.calendars import CalendarQueries
from services.queries.energy import EnergyQueries
from services.queries.kpi import KpiQueries
from services.queries.lots import LotQueries
from services.queries.patterns import PatternQueries
from services.queries.pictures import PictureQueries
from services.queries.plant import PlantQueries
from services.queries.process import ProcessQueries
from services.queries.quality import QualityQueries
from services.queries.reports import ReportQueries
from services.queries.signals import SignalQueries
from services.queries.stops import StopQueries
from services.queries.targets import TargetQueries
from services.rows.floor import Window
from services.rows.kpi import Ask
from services.rows.signals import Ask as Signals
from services.rows.site import SiteRow

SITE = SiteRow("north", "North", "Europe/Berlin", "EUR")
ROWS, LISTED = 50, 40  # of a page of a list, and of stops (pages.filters.ROWS, pages.floor.stops.LISTED)
SHOWN = 24  # of a page of pictures (pages.quality.pictures.A_PAGE)
ACTOR = Actor("bench", "bench", "Bench", frozenset({Role.PLANT_MANAGER}), ("north",))


@dataclass(frozen=True, slots=True)
class Screen:
    """A read, and over how many days it goes (0 where it has no span)."""

    name: str
    days: int
    ask: Callable[[], object]


def screens(database: Database, size: Size, until_us: int) -> tuple[Screen, ...]:
    """All of them, at the end of a history."""
    context = Context(database, ACTOR, SITE, Clock(until_us, wall_us(), 1e-9))
    line, unit = size.units[4]
    found = (*_live(context, size), *_figures(context, line, unit), *_floor(context, line, unit))
    return (*found, *_quality(context, line, size.units[0][1]), *_improve(context, line))


def _live(c: Context, size: Size) -> list[Screen]:
    """Plant, line and machine as they are pushed, and strips."""
    line, unit = size.units[4]
    units = [u for where, u in size.units if where == line]
    shift = Span(c.now_us - 10 * HOUR, c.now_us - 2 * HOUR)
    reads: list[tuple[str, int, Callable[[Connection], object]]] = [
        ("strips of a line, last shift", 1, lambda tx: window.read(tx, line, units, shift, c.now_us))
    ]
    for words, days, stretch in (("this shift", 1, Window.SHIFT), ("a week", 14, Window.WEEK)):
        whole, one, single = (plant.Request(s, stretch, c.now_us) for s in ("north", line, unit))
        reads += [
            (f"Plant, {words}", days, partial(plant.read, ask=whole)),
            (f"Line, {words}", days, partial(line_view.read, ask=one)),
            (f"Machine, {words}", days, partial(machine.read, ask=single)),
        ]
    return [Screen(name, days, partial(_read, c.database, ask)) for name, days, ask in reads]


def _figures(c: Context, line: str, unit: str) -> list[Screen]:
    """Figures of every kind of place, and with every filter; with the orders below them."""
    kpi, now = KpiQueries(c), c.now_us
    found = []
    for name, days, scope, filters in (
        ("plant", 7, "north", ()), ("plant", 30, "north", ()), ("plant", 90, "north", ()),
        ("plant", 365, "north", ()), ("line, one shift", 365, line, ("Early",)),
        ("plant, one product", 365, "north", ("", "P-1")), ("line", 30, line, ()), ("line", 365, line, ()),
        ("machine", 365, unit, ()),
    ):  # fmt: skip
        ask = Ask(scope, max(START, now - days * DAY), now, *filters)
        found.append(Screen(f"Figures: {name}, {days} days", days, partial(kpi.view, ask)))
    whole, week = Ask("north", max(START, now - 365 * DAY), now), now - 7 * DAY
    found.append(Screen("Figures: orders, 7 days", 7, partial(kpi.orders, replace(whole, from_us=week))))
    return [
        *found,
        Screen("Figures: orders, 365 days", 365, lambda: (kpi.orders(whole), kpi.kept(whole))),
        Screen("Figures: booked scrap, 7 days", 7, partial(kpi.booked_scrap, replace(whole, from_us=week))),
        Screen("Figures: booked scrap, 365 days", 365, partial(kpi.booked_scrap, whole)),
    ]


def _floor(c: Context, line: str, unit: str) -> list[Screen]:
    now, kpi, booked, stops = c.now_us, KpiQueries(c), BookedQueries(c), StopQueries(c)
    alarms, energy = AlarmQueries(c), EnergyQueries(c)
    lines, month, year = [key for key, _ in kpi.lines()], now - 30 * DAY, now - 365 * DAY
    desk, shift, three = f"desk-{line}", Span(now - 10 * HOUR, now - 2 * HOUR), Span(now - 3 * DAY, now)
    one_week = partial(alarms.figures, desk, now - 7 * DAY, now)
    return [
        Screen("Booked work: plant, 30 days", 30, partial(booked.view, "north", month, now)),
        Screen("Booked work: line, 30 days", 30, partial(booked.view, line, month, now)),
        Screen("Booked work: machine, 30 days", 30, partial(booked.view, unit, month, now)),
        Screen("Shifts: all lines, 7 days", 7, partial(_shifts, kpi, lines, now - 7 * DAY, now)),
        Screen("Shifts: a line, 365 days", 365, partial(_shifts, kpi, [line], year, now)),
        Screen("Shifts: all lines, 365 days", 365, partial(_shifts, kpi, lines, year, now)),
        Screen("Shifts: all lines, 365 days, last page", 365, partial(_shifts, kpi, lines, year, now, True)),
        Screen("Alarms: all positions", 1, alarms.board),
        Screen("Alarms: one position", 1, partial(alarms.board, desk)),
        Screen("Alarm figures: one position, 7 days", 7, one_week),
        Screen("Alarm figures: plant, 30 days", 30, partial(alarms.figures, "", month, now)),
        Screen("Alarm figures: a page of the journal", 30, partial(alarms.journal, "", month, now, 50)),
        Screen("Energy: plant, 24 hours", 1, partial(energy.view, "", now - DAY, now)),
        Screen("Energy: line, 30 days", 30, partial(energy.view, line, month, now)),
        Screen("Energy: plant, 30 days", 30, partial(energy.view, "", month, now)),
        Screen("Stops: a line, one shift", 1, partial(stops.stops, line, shift, LISTED)),
        Screen("Stops: a line, 3 days", 3, partial(stops.stops, line, three, LISTED)),
        *_signals(c),
    ]


def _shifts(kpi: KpiQueries, lines: Sequence[str], from_us: int, to_us: int, oldest: bool = False) -> object:
    """The list, and the figures of a page of it."""
    listed = kpi.begun(lines, from_us, to_us)
    return kpi.shifts(listed[-ROWS:] if oldest else listed[:ROWS], to_us)


def _signals(c: Context) -> list[Screen]:
    signals = SignalQueries(c)
    unit = signals.machines()[0][0]
    ask = Signals(unit, GAUGES, c.now_us - 365 * DAY, c.now_us)
    by_shift = partial(signals.view, replace(ask, by_shift=True))
    return [
        Screen("Signals: machines and names", 0, lambda: (signals.machines(), signals.names(unit))),
        Screen("Signals: four, 365 days", 365, partial(signals.view, ask)),
        Screen("Signals: four, 365 days, shift by shift", 365, by_shift),
    ]


def _quality(c: Context, line: str, unit: str) -> list[Screen]:
    charts, patterns, lots, pictures = QualityQueries(c), PatternQueries(c), LotQueries(c), PictureQueries(c)
    now = c.now_us
    month = now - 30 * DAY
    kinds = ("X-bar and S", "individuals", "EWMA", "CUSUM", "p")
    return [
        Screen("Control charts: all", 0, charts.charts),
        *(
            Screen(f"Control chart: {kind}, 30 days", 30, partial(charts.chart, CHART.format(k), month, now))
            for k, kind in enumerate(kinds)
        ),
        Screen("Capability: a line, 7 days", 7, partial(charts.capabilities, line, now - 7 * DAY, now)),
        Screen("Capability: plant, 30 days", 30, partial(charts.capabilities, "", month, now)),
        Screen("Several sensors: all machines", 0, patterns.machines),
        Screen("Usual pattern: 14 days", 14, partial(patterns.machine, unit, now - 14 * DAY, now)),
        Screen("Process settings: plant", 30, ProcessQueries(c).settings),
        Screen("Process settings: advice", 30, ProcessQueries(c).advice),
        Screen("Lots: newest", 0, lots.lots),
        Screen("Lots: searched by number", 0, partial(lots.lots, f"L-{line}-1-0")),
        Screen("Lots: one lot", 0, partial(lots.genealogy, "mes", f"L-{line}-1-0")),
        Screen("Pictures: newest", 0, lambda: (pictures.places(), pictures.gallery(), pictures.said())),
        Screen("Pictures: last page", 0, _last(pictures)),
    ]


def _last(pictures: PictureQueries) -> Callable[[], object]:
    """The last whole page of cracks, however many the history has."""
    pages = pictures.gallery("", "crack", "", SHOWN).total // SHOWN
    return partial(pictures.gallery, "", "crack", "", SHOWN, SHOWN * max(0, pages - 1))


def _improve(c: Context, line: str) -> list[Screen]:
    now, reports, stops = c.now_us, ReportQueries(c), StopQueries(c)
    calendar, targets, limits = CalendarQueries(c), TargetQueries(c), AlarmLimitQueries(c)
    shift, day, week = (reports.periods("north", kind)[-1 if kind is Kind.WEEK else 1].key for kind in Kind)
    today = local_day(now, SITE.time_zone)
    return [
        Screen("Reports: plant, a shift", 1, partial(reports.report, "north", Kind.SHIFT, shift)),
        Screen("Reports: plant, a day", 1, partial(reports.report, "north", Kind.DAY, day)),
        Screen("Reports: plant, a week", 7, partial(reports.report, "north", Kind.WEEK, week)),
        Screen("Reports: line, a week", 7, partial(reports.report, line, Kind.WEEK, week)),
        Screen("Schedules", 0, lambda: (reports.schedules(), reports.failed())),
        Screen("Reasons: 7 days", 7, partial(stops.quality, Span(now - 7 * DAY, now))),
        Screen("Stop rules", 0, lambda: (stops.tree(), stops.limits(), stops.minor_model())),
        Screen("Shift calendar: two weeks", 14, lambda: (calendar.view("", today, 14), calendar.settings())),
        Screen("Targets: plant", 28, targets.all),
        Screen("Machines: plant", 35, PlantQueries(c).machines),
        Screen("Targets: a line", 28, partial(targets.all, line)),
        Screen("Alarm limits", 0, limits.all),
        Screen("Energy prices", 0, EnergyQueries(c).prices),
    ]


def _read(database: Database, ask: Callable[[Connection], object]) -> object:
    with database.read() as tx:
        return ask(tx)
