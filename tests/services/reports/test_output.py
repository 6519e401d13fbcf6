"""What left the end of lines, by product."""

import pytest

from data.store import tables as t
from domain.kpi import Measures
from services.reports import output
from services.rows.floor import Node
from tests.kits import asked


@pytest.mark.parametrize("kind", ["database", "postgres"])
def test_names_of_products_are_read_once_for_all_lines(request, kind, monkeypatch) -> None:
    database = request.getfixturevalue(kind)
    saws, mills = (Node(name, name, "other", False, 0, None) for name in ("Saws", "Mills"))
    made = {"P-1": Measures(good=3.0), "": Measures(scrap=5.0), "P-2": Measures(good=8.0), "P-3": Measures()}
    with database.write() as tx:
        known = [
            {"instance": "mes", "product_id": f"P-{n}", "name": f"Part {n}", "updated_us": 1} for n in (1, 3)
        ]
        tx.execute(t.products.insert(), known)
    sent = asked.watch(monkeypatch)
    with database.read() as tx:
        rows = output.products(tx, [(saws, made), (mills, {"P-1": Measures(good=2.0, scrap=1.0)})])
    assert [(row.line, row.product, row.good, row.scrap) for row in rows] == [
        ("Saws", "P-2", 8.0, 0.0), ("Saws", "Part 1", 3.0, 0.0), ("Saws", "", 0.0, 5.0),
        ("Mills", "Part 1", 2.0, 1.0),
    ]  # fmt: skip
    assert asked.about(sent, "FROM products") == 1
