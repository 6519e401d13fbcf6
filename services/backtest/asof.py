"""What the desk knew at a moment of the past, and nothing later.

Readings, states and maintenance up to the moment; shifts that were fixed by then. Two things are not
kept as history, and are assumed: parts lie in stock at today's price, and rates are those of today.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store import window_data
from domain.clock import DAY, SECOND
from domain.costs import Rates, Risk, Setting, Stock, Task
from domain.equipment import line_of
from domain.prediction import Contribution
from domain.recommendation import Calendar, life_us, probable_cause
from services.score.inputs import Unit
from services.situation import causes_of, rates_for, site_at, stock_of, task_for

LOOK_AHEAD_US = 7 * DAY
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """A planned shift, its break, and when its plan was fixed."""

    start_us: int
    end_us: int
    pause: Span | None
    frozen_us: int


@dataclass(frozen=True, slots=True)
class Book:
    """What does not change along the replay of one machine. `maintained` are ends of maintenance."""

    unit: Unit
    zone: str
    shifts: tuple[Shift, ...]
    rates: Rates
    causes: tuple[str, ...]
    tasks: dict[str, Task]
    stocks: dict[str, Stock]
    maintained: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A risk at a moment. Life in the unit of the model."""

    at_us: int
    probability: float
    life: tuple[float, float, float]
    life_unit: str
    horizon_us: int


def book_of(tx: Connection, site_id: str, unit: Unit, to_us: int) -> Book:
    """Read it once. Everything with a time is cut by `to_us`, and again by each moment."""
    site, known = site_at(tx, site_id), causes_of(tx, unit.machine_type)
    tasks = {cause: task_for(tx, unit.machine_type, cause) for cause in (*known, "unknown")}
    found = {task.part_id: stock_of(tx, task.part_id) for task in tasks.values() if task.part_id}
    stocks = {
        part: Stock(1.0, one.price_cents, one.lead_time_s) if one else Stock(1.0, 0, 0)
        for part, one in found.items()
    }
    return Book(
        unit=unit,
        zone=site.zone,
        shifts=_shifts(tx, line_of(unit.equipment_id), to_us),
        rates=rates_for(tx, unit.equipment_id) or Rates(),
        causes=tuple(known),
        tasks=tasks,
        stocks=stocks,
        maintained=tuple(window_data.maintenance_ends(tx, unit.equipment_id, to_us).tolist()),
    )


def _shifts(tx: Connection, line_id: str, to_us: int) -> tuple[Shift, ...]:
    s = t.shifts.c
    rows = tx.execute(
        select(s.start_us, s.end_us, s.break_start_us, s.break_s, s.frozen_us)
        .where(s.line_id == line_id, s.start_us < to_us + LOOK_AHEAD_US, s.frozen_us <= to_us)
        .order_by(s.start_us)
    )
    return tuple(
        Shift(
            r.start_us,
            r.end_us,
            (r.break_start_us, r.break_start_us + r.break_s * SECOND) if r.break_start_us else None,
            r.frozen_us,
        )
        for r in rows
    )


def plan_at(book: Book, at_us: int) -> tuple[tuple[Span, ...] | None, Calendar]:
    """When the line was planned to produce, and its shift ends, as the plan stood at a moment."""
    until = at_us + LOOK_AHEAD_US
    known = [s for s in book.shifts if s.frozen_us <= at_us < s.end_us and s.start_us < until]
    if not known:
        return None, Calendar(book.zone)
    spans: list[Span] = []
    for shift in known:
        pause = shift.pause or (shift.end_us, shift.end_us)
        spans += [
            piece for piece in ((shift.start_us, pause[0]), (pause[1], shift.end_us)) if piece[0] < piece[1]
        ]
    spans.append((max(s.end_us for s in known), until))
    return tuple(spans), Calendar(book.zone, tuple(sorted({s.end_us for s in known})))


def cause_at(book: Book, contributions: tuple[Contribution, ...]) -> str:
    """The probable cause by the signs alone; how often it was found later is not known yet."""
    return probable_cause(contributions, book.causes)


def setting_at(book: Book, score: Score, cause: str) -> tuple[Setting, Calendar]:
    """What costs depended on at that moment."""
    producing, calendar = plan_at(book, score.at_us)
    task = book.tasks[cause if cause in book.tasks else "unknown"]
    low, middle, high = (life_us(value, score.life_unit) for value in score.life)
    risk = Risk(score.at_us, score.horizon_us, score.probability, low, middle, high)
    stock = book.stocks.get(task.part_id) if task.part_id else None
    return Setting(risk, task, stock, book.rates, producing), calendar
