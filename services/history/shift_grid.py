"""The shifts of a line as the roll-ups know them: those of its calendar, cut apart where they overlap."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from data.store import plan_facts
from data.store import tables as t
from data.store.upsert import upsert
from domain.shift_calendar import apart
from domain.time_model import Span
from services.kpi.grid import NEAR_US, shifts_of


class Turn(NamedTuple):
    """One shift of a line: [at_us, to_us)."""

    at_us: int
    to_us: int
    name: str


def planned(tx: Connection, line_id: str, from_us: int, to_us: int) -> list[Turn]:
    """The shifts of a line that touch [from_us, to_us), by start, from wherever they come."""
    rows = plan_facts.shift_rows(tx, {line_id: Span(from_us - NEAR_US, to_us + NEAR_US)})[line_id]
    found = (Turn(s.from_us, s.to_us, s.name) for s in apart(shifts_of(rows, "UTC")))
    return [turn for turn in found if turn.to_us > from_us and turn.at_us < to_us]


def known(tx: Connection, line_id: str, from_us: int, to_us: int) -> list[Turn]:
    """Those that were rolled up and begin in [from_us, to_us)."""
    g = t.rolled_shift_grid.c
    query = select(g.at_us, g.to_us, g.name).where(g.line_id == line_id, g.at_us >= from_us, g.at_us < to_us)
    return [Turn(*row) for row in tx.execute(query.order_by(g.at_us))]


def keep(tx: Connection, line_id: str, turns: list[Turn]) -> None:
    """Note shifts that are rolled up."""
    rows = [{"line_id": line_id, **turn._asdict()} for turn in turns]
    upsert(tx, t.rolled_shift_grid, rows, ["line_id", "at_us"])


def drop(tx: Connection, line_id: str, turn: Turn, metrics: list[int]) -> None:
    """Take a shift out that the calendar no longer has, with its rows."""
    g, r = t.rolled_shift_grid.c, t.rolled_shifts.c
    tx.execute(delete(t.rolled_shift_grid).where(g.line_id == line_id, g.at_us == turn.at_us))
    for start in range(0, len(metrics), 500):
        mine = r.metric_id.in_(metrics[start : start + 500])
        tx.execute(delete(t.rolled_shifts).where(mine, r.at_us == turn.at_us))
