"""What left the end of a line, by product."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.kpi import Measures
from services.rows.floor import Node
from services.rows.reports import Output


def products(tx: Connection, line: Node, made: Mapping[str, Measures]) -> list[Output]:
    """Good parts and scrap of the line's last machine per product, most first; "" without an order."""
    p = t.products.c
    rows_of = tx.execute(select(p.product_id, p.name).where(p.product_id.in_(sorted(made))))
    names = {row.product_id: row.name for row in rows_of}
    rows = [Output(line.name, names.get(key, key), m.good, m.scrap) for key, m in made.items() if m.produced]
    return sorted(rows, key=lambda row: -row.good)
