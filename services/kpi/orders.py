"""Orders with their figures: execution, lead and cycle time, adherence, and work in progress."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select

from data.store import tables as t
from data.store.statements import Among
from domain.kpi import behind, oee_of
from domain.order_kpi import Adherence, OrderTimes, adherence, order_figures
from services.kpi import reading, sums
from services.kpi.lines import Line
from services.queries.common import under
from services.rows.kpi import Ask, OrderKpiRow

SHOWN = 200


class _Sums(NamedTuple):
    """What an order is judged by, of one machine: columns of `domain.kpi.Measures`."""

    good: float
    scrap: float
    unrated: float
    ideal_good_s: float
    waiting_us: int
    delay_us: int
    down_us: int
    setup_us: int
    production_us: int
    uncounted_us: int
    unordered_us: int
    off_plan_us: int
    inspected: float


Made = dict[tuple[str, str], _Sums]  # (order, machine)
_MADE = Among(
    f"SELECT order_id, equipment_id, {sums.summed(_Sums._fields)} FROM kpi_cells"  # noqa: S608
    " WHERE order_id {among} GROUP BY order_id, equipment_id"
)
_measures = sums.made_of(_Sums._fields)
_NOTHING = _Sums(0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)


def read(tx: Connection, ask: Ask, now_us: int) -> tuple[OrderKpiRow, ...]:
    """Orders that ran in the stretch, newest first. Good parts are those of the line's last
    machine, times those of the one that sets its pace."""
    o, p = t.orders, t.products.c
    query = (
        select(o, p.name.label("product_name"))
        .join_from(
            o, t.products, (p.product_id == o.c.product_id) & (p.instance == o.c.instance), isouter=True
        )
        .where(
            under(o.c.line_id, ask.scope),
            o.c.start_us < ask.to_us,
            or_(o.c.end_us.is_(None), o.c.end_us >= ask.from_us),
        )
        .order_by(o.c.start_us.desc())
        .limit(SHOWN)
    )
    if ask.product:
        query = query.where(o.c.product_id == ask.product)
    found = tx.execute(query).mappings().all()
    lines = {line.node.equipment_id: line for line in reading.lines_of(tx, ask.scope)}
    made = _made(tx, [row["order_id"] for row in found])
    ends = _Promised.read(tx, ask.scope, [row["order_id"] for row in found])
    return tuple(
        _row(row, lines[row["line_id"]], made, ends, now_us) for row in found if row["line_id"] in lines
    )


def kept(tx: Connection, ask: Ask, now_us: int) -> Adherence:
    """Schedule adherence of every order whose planned end lay in the stretch when it was released, shown in
    the list or not."""
    o, ends = t.orders.c, _Promised.read(tx, ask.scope)
    here = (o.planned_end_us >= ask.from_us) & (o.planned_end_us < ask.to_us)
    moved = o.order_id.in_(select(t.mes_changes.c.record).where(_moved(ask.scope)))
    query = select(o.instance, o.order_id, o.released_us, o.planned_end_us, o.end_us).where(
        under(o.line_id, ask.scope), or_(here, moved) if ends.changes else here, o.status != "Aborted"
    )
    if ask.product:
        query = query.where(o.product_id == ask.product)
    due = ((ends.of(*named), end) for *named, end in tx.execute(query))
    return adherence(((plan, end) for plan, end in due if ask.from_us <= plan < ask.to_us), now_us)


def _moved(scope: str) -> ColumnElement[bool]:
    """The changes of planned ends."""
    c = t.mes_changes.c
    return and_(
        c.entity == "orders", c.field == "planned_end_us", c.old.is_not(None), under(c.line_id, scope)
    )


@dataclass(frozen=True, slots=True)
class _Promised:
    """The planned ends that orders had before their MES planned them again, by (instance, order): when we
    learned of each change, and what stood until then."""

    changes: Mapping[tuple[str, str], Sequence[tuple[int, int]]]

    @classmethod
    def read(cls, tx: Connection, scope: str, orders: Sequence[str] | None = None) -> "_Promised":
        """Of these orders, or of all."""
        c = t.mes_changes.c
        query = select(c.instance, c.record, c.learned_us, c.old).where(_moved(scope)).order_by(c.change_id)
        if orders is not None:
            query = query.where(c.record.in_(orders))
        found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for instance, order, at, old in tx.execute(query):
            found[instance, order].append((at, json.loads(old)))
        return cls(found)

    def of(self, instance: str, order: str, released_us: int | None, planned_us: int) -> int:
        """The planned end that stood when an order was released; of one that tells no release, the first."""
        changes = self.changes.get((instance, order), ())
        return next((old for at, old in changes if at > (released_us or 0)), planned_us)


def _row(row: RowMapping, line: Line, made: Made, ends: "_Promised", now_us: int) -> OrderKpiRow:
    order = row["order_id"]
    units = {u.equipment_id: made.get((order, u.equipment_id), _NOTHING) for u in line.units}
    scraps = {unit: m.scrap for unit, m in units.items()}
    good, scrap = units[line.units[-1].equipment_id].good, sum(scraps.values())
    first = line.units[0].equipment_id
    between = units[first].good - (scrap - scraps[first]) - good
    promised = ends.of(row["instance"], order, row["released_us"], row["planned_end_us"])
    at_pace = behind(
        _measures(*units[line.constraint.equipment_id]), sum(scraps[unit] for unit in line.after)
    )
    times = OrderTimes(
        row["quantity"], promised, row["due_us"], row["released_us"], row["start_us"],
        row["end_us"], at_pace.aubt_us, at_pace.production_us, good + scrap, good,
    )  # fmt: skip
    return OrderKpiRow(
        order, row["line_id"], line.node.name, row["product_name"] or row["product_id"],
        row["quantity"], row["status"], good, scrap, row["planned_end_us"],
        max(0.0, between) if row["end_us"] is None else 0.0,
        oee_of(at_pace),
        order_figures(times, now_us),
        promised,
        max(0.0, -between),
        sum(max(0.0, m.inspected - (m.good + m.scrap)) for m in units.values() if not m.uncounted_us),
    )  # fmt: skip


def _made(tx: Connection, order_ids: list[str]) -> Made:
    """Sums per order and machine."""
    return {(r[0], r[1]): _Sums._make(r[2:]) for r in _MADE.rows(tx, order_ids, {})}
