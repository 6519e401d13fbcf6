"""The pieces: equipment nodes, stretches, orders, stops and open cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from data.store import tables as t
from data.store.statements import Among, Row, Statement, below
from domain.cases import UNDECIDED
from domain.clock import DAY, HOUR, MINUTE, micros, utc
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

SHOWN_STOPS = 5
_WAITING = (MachineState.SUSPENDED, MachineState.SUSPENDING, MachineState.UNSUSPENDING)


_NODES = Statement(
    "SELECT equipment_id, name, machine_type, constraint_unit, position, target_oee FROM equipment"
    " WHERE level = :level AND assigned AND (equipment_id = :scope OR equipment_id LIKE :below ESCAPE '!')"
    " ORDER BY parent_id, position, equipment_id"
)
_SITE = Statement("SELECT time_zone, currency FROM sites WHERE site_id = :site")
_OPEN = (
    "SELECT orders.*, ROW_NUMBER() OVER (PARTITION BY line_id"
    " ORDER BY CASE WHEN status = 'Running' THEN 0 ELSE 1 END, planned_start_us) AS place FROM orders"
    " WHERE line_id {among} AND end_us IS NULL AND status IN ('Running', 'Released', 'Held', 'Ready')"
)
_MADE = (
    "SELECT SUM(c.good) FROM equipment e JOIN counts c ON c.equipment_id = e.equipment_id"
    " AND c.bucket_us >= o.start_us WHERE e.equipment_id {among:last}"
    " AND SUBSTR(e.equipment_id, 1, LENGTH(o.line_id) + 1) = o.line_id || '/'"
)
_ORDERS = Among(
    "SELECT o.line_id, o.order_id, p.name, o.quantity, o.due_us, o.start_us, o.planned_end_us, o.status,"  # noqa: S608
    f" o.product_id, CASE WHEN o.status = 'Running' THEN ({_MADE}) END FROM ({_OPEN}) o"
    " LEFT JOIN products p ON p.product_id = o.product_id AND p.instance = o.instance"
    " WHERE o.place <= :most ORDER BY o.line_id, o.place"
)
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


def aims(tx: Connection, found: Sequence[Node]) -> valid.Goals:
    """The OEE targets of nodes; without a dated one, that of the node."""
    stated = {n.equipment_id: n.target for n in found if n.target is not None}
    return valid.Goals(valid.dated(tx, [n.equipment_id for n in found], "oee"), stated)


def aimed(goals: valid.Goals, found: Sequence[Node], at_us: int) -> list[Node]:
    """The same nodes with the OEE target that holds at a moment."""
    return [replace(n, target=goals.at(n.equipment_id, at_us)) for n in found]


def site_words(tx: Connection, site_id: str) -> tuple[str, str]:
    """(time zone, currency) of a site; UTC and no currency for an unknown one."""
    rows = _SITE.rows(tx, {"site": site_id})
    return (rows[0][0], rows[0][1]) if rows else ("UTC", "")


def stretches(
    tx: Connection, lines: Sequence[str], window: Window, now_us: int, zone: str
) -> dict[str, Stretch]:
    """The stretch of a window for each line: it ends now, or earlier when the window is over."""
    if window is Window.YESTERDAY:
        today = utc(now_us).astimezone(ZoneInfo(zone)).date()
        midnights = [
            micros(datetime.combine(day, time(), ZoneInfo(zone)))
            for day in (today - timedelta(days=1), today)
        ]
        begins = shift_days.begins(tx, lines, zone, midnights)
        days = {line: (at[midnights[0]], at[midnights[1]]) for line, at in begins.items()}
        return {line: Stretch(first, last, last, "Yesterday") for line, (first, last) in days.items()}
    at_us = now_us - 7 * DAY if window is Window.WEEK else now_us
    running = valid.shifts_at(tx, dict.fromkeys(lines, at_us))
    if window is Window.WEEK:  # half a shift is held to no plan
        begun = {line: running[line][1] if line in running else at_us for line in lines}
        return {line: Stretch(begun[line], now_us, now_us, "Last 7 days") for line in lines}
    return {line: _so_far(running.get(line), now_us) for line in lines}


def _so_far(running: tuple[int, int, str] | None, now_us: int) -> Stretch:
    if running is None:
        return Stretch(now_us - 8 * HOUR, now_us, now_us, "Last 8 hours")
    start, end, name = running
    return Stretch(start, max(start + 1, min(end, now_us)), end, f"{name} shift so far")


def orders(tx: Connection, last: Mapping[str, str], limit: int = 6) -> dict[str, tuple[OrderRow, ...]]:
    """By line, given the machine at whose end parts count: running orders first, then the released ones by
    planned start."""
    found: dict[str, list[OrderRow]] = {line: [] for line in last}
    for row in _ORDERS.rows(tx, list(last), {"last": list(last.values()), "most": limit}):
        line, order, name, quantity, due_us, start_us, end_us, status, product, made = row
        found[line].append(
            OrderRow(order, name or product, quantity, float(made or 0), due_us, start_us, end_us, status)
        )
    return {line: tuple(rows) for line, rows in found.items()}


@dataclass(frozen=True, slots=True)
class Look:
    """Over which stretch to look for stops; machines by id, and what the line's constraint did."""

    window: Span
    names: Mapping[str, str]
    strip: Strip


def stops(
    tx: Connection, scope: str, window: Span, names: Mapping[str, str], strip: Strip
) -> tuple[StopRow, ...]:
    """`stops_of` one line or machine."""
    return stops_of(tx, scope, {scope: Look(window, names, strip)})[scope]


def stops_of(tx: Connection, scope: str, looks: Mapping[str, Look]) -> dict[str, tuple[StopRow, ...]]:
    """By line (or machine) at or below a scope the stops that the MES knows, summed per machine and reason
    (`services.stops.wording`), the dearest first. Those with the same stretch are asked for at once.

    A stop costs the plant's stated downtime rate for the time in which the line's constraint (`strip`) stood
    in planned time as well. Planned stops cost nothing, nor do those of a machine that waited for another one
    (state Suspended in its middle, or within it where the machine speaks too seldom to say more): they
    are charged to the machine that caused them.
    """
    stated = situation.stated_for_all(tx, list(looks))
    found: dict[str, tuple[StopRow, ...]] = {}
    for window in {one.window for one in looks.values()}:
        span = {"from_us": window.from_us, "to_us": window.to_us}
        rows = _STOPS.rows(tx, {"scope": scope, "below": below(scope), **span})
        say = Sayer.read(tx, scope, [row[0] for row in rows], window)
        by_place: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_place[row[0] if row[0] in looks else line_of(row[0])].append(row)
        for place, one in looks.items():
            if one.window == window:
                rates = stated[place].rates if place in stated else Rates()
                found[place] = _summed(by_place[place], one, rates.downtime_cents_per_hour, say)
    return found


def _summed(rows: Sequence[Row], look: Look, rate: int, say: Sayer) -> tuple[StopRow, ...]:
    """Stops per machine and reason; `rate` is what an hour costs, in cents."""
    window, names = look.window, look.names
    begun = np.array([max(row[2], window.from_us) for row in rows], np.int64)
    ended = np.array([min(row[3] or window.to_us, window.to_us) for row in rows], np.int64)
    both = _stood(look.strip).within(begun, np.maximum(begun, ended)).tolist()
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


def waiting(tx: Connection, scope: str) -> tuple[WaitingRow, ...]:
    """Undecided cases under a scope, in the order of the inbox (domain.policy.urgency)."""
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
            c.kind,
        )
        .join_from(t.cases, t.equipment, c.equipment_id == e.equipment_id)
        .where(undecided(), under(c.equipment_id, scope))
        .order_by(c.deadline_us // MINUTE, c.benefit_cents.desc(), c.deadline_us, c.number)
    )
    return tuple(WaitingRow(*row) for row in tx.execute(query))


def undecided() -> ColumnElement[bool]:
    """Cases that want a decision."""
    return t.cases.c.state.in_([state.value for state in UNDECIDED])
