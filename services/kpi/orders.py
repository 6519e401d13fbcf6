"""Orders with their figures: execution, lead and cycle time, adherence, and work in progress."""

from sqlalchemy import Connection, func, or_, select

from data.store import tables as t
from domain.order_kpi import OrderTimes, order_figures
from services.kpi import reading
from services.queries.common import under
from services.rows.kpi import Ask, OrderKpiRow

SHOWN = 200


def read(tx: Connection, ask: Ask, now_us: int) -> tuple[OrderKpiRow, ...]:
    """Orders that ran in the stretch, newest first. Good parts are those of the line's last machine."""
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
    rows = []
    for row in found:
        line = lines.get(row["line_id"])
        if line is None:
            continue
        units = [made.get((row["order_id"], u.equipment_id), (0.0, 0.0, 0, 0)) for u in line.units]
        good, scrap = units[-1][0], sum(u[1] for u in units)
        wip = max(0.0, units[0][0] - sum(u[1] for u in units[1:]) - good)
        times = OrderTimes(
            row["quantity"], row["planned_end_us"], row["due_us"], row["planned_start_us"], row["start_us"],
            row["end_us"], sum(u[2] for u in units), sum(u[3] for u in units), good + scrap, good,
        )  # fmt: skip
        rows.append(
            OrderKpiRow(
                row["order_id"], row["line_id"], line.node.name, row["product_name"] or row["product_id"],
                row["quantity"], row["status"], good, scrap, row["planned_end_us"],
                wip if row["end_us"] is None else 0.0,
                order_figures(times, now_us),
            )
        )  # fmt: skip
    return tuple(rows)


Made = dict[tuple[str, str], tuple[float, float, int, int]]


def _made(tx: Connection, order_ids: list[str]) -> Made:
    """Good, scrap, AUBT and APT per order and machine."""
    c = t.kpi_cells.c
    busy = c.waiting_us + c.down_us + c.setup_us + c.production_us
    rows = tx.execute(
        select(
            c.order_id, c.equipment_id, func.sum(c.good), func.sum(c.scrap), func.sum(busy),
            func.sum(c.production_us),
        )
        .where(c.order_id.in_(order_ids))
        .group_by(c.order_id, c.equipment_id)
    )  # fmt: skip
    return {(r[0], r[1]): (float(r[2]), float(r[3]), int(r[4]), int(r[5])) for r in rows}
