"""The pieces: equipment nodes, stretches, orders, stops and open cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from data.store import tables as t
from data.store.statements import Among, Statement, below
from domain.cases import UNDECIDED
from domain.clock import DAY, HOUR, micros, utc
from domain.costs import Rates
from domain.equipment import line_of
from domain.strips import Strip
from domain.telemetry import MachineState
from domain.time_model import Leaf, Span
from services import situation
from services.kpi import shift_days, valid
from services.kpi.charges import Time
from services.queries.common import under
from services.rows.floor import Node, OrderRow, StopRow, Stretch, WaitingRow, Window
from services.stops.wording import Sayer

SHOWN_CASES = 6
SHOWN_STOPS = 5
_WAITING = (MachineState.SUSPENDED, MachineState.SUSPENDING, MachineState.UNSUSPENDING)


_NODES = Statement(
    "SELECT equipment_id, name, machine_type, constraint_unit, position, target_oee FROM equipment"
    " WHERE level = :level AND assigned AND (equipment_id = :scope OR equipment_id LIKE :below ESCAPE '!')"
    " ORDER BY parent_id, position, equipment_id"
)
_AIMED = Among(
    "SELECT scope, value FROM targets WHERE scope {among} AND kpi = 'oee' AND valid_from_us <= :at_us"
    " ORDER BY valid_from_us"
)
_SITE = Statement("SELECT time_zone, currency FROM sites WHERE site_id = :site")
_ORDERS = Statement(
    "SELECT o.order_id, p.name, o.quantity, o.due_us, o.start_us, o.planned_end_us, o.status, o.product_id"
    " FROM orders o LEFT JOIN products p ON p.product_id = o.product_id AND p.instance = o.instance"
    " WHERE o.line_id = :line AND o.end_us IS NULL AND o.status IN ('Running', 'Released', 'Held', 'Ready')"
    " ORDER BY CASE WHEN o.status = 'Running' THEN 0 ELSE 1 END, o.planned_start_us LIMIT :most"
)
_MADE = Statement("SELECT SUM(good) FROM counts WHERE equipment_id = :unit AND bucket_us >= :since_us")
_STATE = "FROM states s WHERE s.equipment_id = d.equipment_id AND s.source_us"
_STOPS = Statement(
    "SELECT d.equipment_id, d.reason, d.start_us, d.end_us, d.planned,"  # noqa: S608
    f" (SELECT s.state {_STATE} <= (d.start_us + COALESCE(d.end_us, :to_us)) / 2"
    " ORDER BY s.source_us DESC LIMIT 1),"
    f" EXISTS (SELECT 1 {_STATE} >= d.start_us AND s.source_us <= COALESCE(d.end_us, :to_us)"
    f" AND s.state IN ({', '.join(str(int(state)) for state in _WAITING)}))"
    " FROM downtimes d WHERE (d.equipment_id = :scope OR d.equipment_id LIKE :below ESCAPE '!')"
    " AND d.start_us < :to_us AND (d.end_us IS NULL OR d.end_us > :from_us)"
)


def nodes(tx: Connection, scope: str, level: str) -> list[Node]:
    """The assigned lines or units at or below a scope, in their order."""
    rows = _NODES.rows(tx, {"level": level, "scope": scope, "below": below(scope)})
    found = [
        Node(unit, name, kind, bool(marked), position, target)
        for unit, name, kind, marked, position, target in rows
    ]
    return sorted(found, key=lambda n: n.position) if level == "line" else found


def out_since(tx: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Since when machines are out of the plant; those that are in it are left out."""
    e = t.equipment.c
    query = select(e.equipment_id, e.removed_us).where(e.equipment_id.in_(ids), e.removed_us.is_not(None))
    return {row[0]: row[1] for row in tx.execute(query)}


def aimed(tx: Connection, found: Sequence[Node], at_us: int) -> list[Node]:
    """The same nodes with the OEE target that holds at a moment; without a dated one, that of the node."""
    rows = _AIMED.rows(tx, [n.equipment_id for n in found], {"at_us": at_us})
    dated: dict[str, float] = {row[0]: row[1] for row in rows}
    return [replace(n, target=dated.get(n.equipment_id, n.target)) for n in found]


def site_words(tx: Connection, site_id: str) -> tuple[str, str]:
    """(time zone, currency) of a site; UTC and no currency for an unknown one."""
    rows = _SITE.rows(tx, {"site": site_id})
    return (rows[0][0], rows[0][1]) if rows else ("UTC", "")


def stretch(tx: Connection, line_id: str, window: Window, now_us: int, zone: str) -> Stretch:
    """The stretch of a window for a line: it ends now, or earlier when the window is over."""
    if window is Window.YESTERDAY:
        today = utc(now_us).astimezone(ZoneInfo(zone)).date()
        midnights = [
            micros(datetime.combine(day, time(), ZoneInfo(zone)))
            for day in (today - timedelta(days=1), today)
        ]
        begins = shift_days.begins(tx, line_id, zone, midnights)
        first, last = (begins[midnight] for midnight in midnights)
        return Stretch(first, last, last, "Yesterday")
    if window is Window.WEEK:
        return Stretch(_whole_shifts(tx, line_id, now_us - 7 * DAY), now_us, now_us, "Last 7 days")
    running = valid.shift_at(tx, line_id, now_us)
    if running is None:
        return Stretch(now_us - 8 * HOUR, now_us, now_us, "Last 8 hours")
    start, end, name = running
    return Stretch(start, max(start + 1, min(end, now_us)), end, f"{name} shift so far")


def _whole_shifts(tx: Connection, line_id: str, from_us: int) -> int:
    """A moment, or the end of the shift that it lies in: half a shift is held to no plan."""
    running = valid.shift_at(tx, line_id, from_us)
    return from_us if running is None else running[1]


def orders(tx: Connection, line_id: str, last_unit: str | None, limit: int = 6) -> tuple[OrderRow, ...]:
    """Running orders first, then the released ones by planned start."""
    rows = _ORDERS.rows(tx, {"line": line_id, "most": limit})
    return tuple(
        OrderRow(
            order, name or product, quantity, _made(tx, last_unit, start_us) if status == "Running" else 0.0,
            due_us, start_us, end_us, status,
        )
        for order, name, quantity, due_us, start_us, end_us, status, product in rows
    )  # fmt: skip


def _made(tx: Connection, unit: str | None, since_us: int | None) -> float:
    if unit is None or since_us is None:
        return 0.0
    [[total]] = _MADE.rows(tx, {"unit": unit, "since_us": since_us})
    return float(total or 0)


def stops(
    tx: Connection,
    scope: str,
    window: Span,
    names: dict[str, str],
    strip: Strip,
) -> tuple[StopRow, ...]:
    """Stops that the MES knows, summed per machine and reason (`services.stops.wording`), the dearest first.

    A stop costs the plant's stated downtime rate for the time in which the line's constraint (`strip`) stood
    in planned time as well. Planned stops cost nothing, nor do those of a machine that waited for another one
    (state Suspended in its middle, or within it where the machine speaks too seldom to say more): they
    are charged to the machine that caused them.
    """
    span = {"from_us": window.from_us, "to_us": window.to_us}
    rows = _STOPS.rows(tx, {"scope": scope, "below": below(scope), **span})
    rate = (situation.rates_for(tx, scope) or Rates()).downtime_cents_per_hour
    say = Sayer.read(tx, scope, [row[0] for row in rows], window)
    begun = np.array([max(row[2], window.from_us) for row in rows], np.int64)
    ended = np.array([min(row[3] or window.to_us, window.to_us) for row in rows], np.int64)
    both = _stood(strip).within(begun, np.maximum(begun, ended)).tolist()
    found: dict[tuple[str, str, bool], _Sum] = {}
    for row, together, lost in zip(rows, both, (ended - begun).tolist(), strict=True):
        unit, booked, start_us, end_us, planned, state_then, waited_then = row
        reason = say.reason(unit, booked, Span(start_us, end_us or window.to_us))
        elsewhere = state_then in _WAITING or (waited_then and state_then == MachineState.EXECUTE)
        key = (unit, reason, bool(planned or elsewhere))
        its = found.setdefault(key, _Sum(bool(planned), bool(elsewhere)))
        its.times += 1
        its.lost_us += max(0, lost)
        its.cost_cents += 0 if planned or elsewhere else round(together / HOUR * rate)
        its.open_since_us = start_us if end_us is None else its.open_since_us
    shown = (
        StopRow(
            unit,
            names.get(unit) or unit,
            line_of(unit),
            reason,
            its.times,
            its.lost_us,
            its.cost_cents,
            its.planned,
            its.elsewhere,
            its.open_since_us,
        )
        for (unit, reason, _), its in found.items()
    )
    return tuple(sorted(shown, key=lambda stop: (-stop.cost_cents, -stop.lost_us, stop.name)))


@dataclass(slots=True)
class _Sum:
    """What stops of one machine and reason add up to."""

    planned: bool
    elsewhere: bool
    times: int = 0
    lost_us: int = 0
    cost_cents: int = 0
    open_since_us: int | None = None


def _stood(strip: Strip) -> Time:
    begins, ends = strip.edges((Leaf.DOWN, Leaf.DELAY))
    return Time.of(np.array(begins, np.int64), np.array(ends, np.int64))


def waiting(tx: Connection, scope: str, limit: int = SHOWN_CASES) -> tuple[WaitingRow, ...]:
    """Undecided cases under a scope, by deadline."""
    c, e = t.cases.c, t.equipment.c
    query = (
        select(
            c.number,
            c.title,
            e.name,
            c.deadline_us,
            c.benefit_cents,
            c.benefit_low_cents,
            c.benefit_high_cents,
            c.attention,
        )
        .join_from(t.cases, t.equipment, c.equipment_id == e.equipment_id)
        .where(undecided(), under(c.equipment_id, scope))
        .order_by(c.deadline_us, c.number)
        .limit(limit)
    )
    return tuple(WaitingRow(*row) for row in tx.execute(query))


def undecided() -> ColumnElement[bool]:
    """Cases that want a decision."""
    return t.cases.c.state.in_([state.value for state in UNDECIDED])
