"""What left the end of a line, by product."""

from collections import defaultdict

from sqlalchemy import Connection, select

from data.store import oee_facts
from data.store import tables as t
from domain.time_model import Facts, Span
from services.rows.floor import Node
from services.rows.reports import Output


def products(tx: Connection, line: Node, units: list[Node], span: Span) -> list[Output]:
    """Good parts and scrap of the line's last unit per product, most first.

    A 5-minute bucket belongs to the operation that covers most of it; parts in none have no product.
    """
    last = units[-1].equipment_id
    found = oee_facts.load(tx, [last], span.from_us, span.to_us)[last]
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for count in found.counts:
        if count.good or count.scrap:
            cell = sums[_product_at(found, count.bucket_us)]
            cell[0] += count.good
            cell[1] += count.scrap
    p = t.products.c
    rows_of = tx.execute(select(p.product_id, p.name).where(p.product_id.in_(sorted(sums))))
    names = {row.product_id: row.name for row in rows_of}
    rows = [Output(line.name, names.get(key, key), good, scrap) for key, (good, scrap) in sums.items()]
    return sorted(rows, key=lambda row: -row.good)


def _product_at(found: Facts, bucket_us: int) -> str:
    best, product = 0, ""
    end = bucket_us + found.bucket_us
    for operation in found.operations:
        overlap = min(operation.to_us, end) - max(operation.from_us, bucket_us)
        if overlap > best:
            best, product = overlap, operation.product_id
    return product
