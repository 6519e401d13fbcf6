"""Booked work on the screen."""

from data.store import tables as t
from domain.clock import HOUR
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.floor.booked:render"


def test_nothing_booked_says_where_it_would_come_from(screens):
    html = html_of(screens.open(SCREEN))
    assert "Nothing was booked here in this stretch." in html


def test_machines_lead_on_and_orders_have_a_lead_time(screens):
    with screens.database.write() as tx:
        row = {
            "instance": "m",
            "order_id": "WO<1>",
            "equipment_id": f.CNC,
            "product_id": "P",
            "updated_us": 1,
        }
        times = {"start_us": f.NOW - 5 * HOUR, "end_us": f.NOW - 2 * HOUR, "setup_end_us": None}
        tx.execute(t.operations.insert().values(**row, **times, operation_id="1"))
    line = f.CNC.rsplit("/", 1)[0]
    test = screens.open(SCREEN, id=line, span="1")
    html = html_of(test)
    assert "WO&lt;1&gt;" in html and "3 h" in html and "1 order worked on" in html
    assert f"id={f.CNC.replace('/', '%2F')}" in html and "span=1" in html
    assert [button.label for button in test.get("download_button")] == ["Where as CSV", "Orders as CSV"]
