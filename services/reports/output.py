"""What left the end of each line, by product."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from data.store.statements import Among
from domain.kpi import Measures
from services.rows.floor import Node
from services.rows.reports import Output

_NAMES = Among("SELECT product_id, name FROM products WHERE product_id {among}")


def products(tx: Connection, lines: Sequence[tuple[Node, Mapping[str, Measures]]]) -> tuple[Output, ...]:
    """Good parts and scrap of the last machine of each line per product, line by line, most first; "" without
    an order."""
    wanted = {product for _, made in lines for product in made}
    names: dict[str, str] = dict(_NAMES.rows(tx, sorted(wanted), {}))
    return tuple(row for line, made in lines for row in _of_line(line, made, names))


def _of_line(line: Node, made: Mapping[str, Measures], names: Mapping[str, str]) -> list[Output]:
    rows = [Output(line.name, names.get(key, key), m.good, m.scrap) for key, m in made.items() if m.produced]
    return sorted(rows, key=lambda row: -row.good)
