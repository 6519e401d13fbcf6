"""Lots on the screen."""

from auth.permissions import Role
from data.store import tables as t
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.quality.lots:render"
LINE = "north/machining/line-1"


def booked(screens):
    """One lot of blanks went into an order that made a lot."""
    with screens.database.write() as tx:
        rest = {"instance": "m", "updated_us": 1}
        tx.execute(t.materials.insert().values(material_id="BL", name="Blank <i>", unit="pcs", **rest))
        tx.execute(t.personnel_classes.insert().values(class_id="x", name="Mechanics", **rest))
        times = dict.fromkeys(("planned_start_us", "planned_end_us", "due_us"), f.NOW)
        order = {"order_id": "WO-1", "line_id": LINE, "product_id": "P", "quantity": 9.0, "status": "Running"}
        tx.execute(t.orders.insert().values(**order, **times, **rest))
        for lot, material, status, use in (
            ("L-1", "BL", "Restricted", "Consumed"),
            ("L-2", "P", "Available", "Produced"),
        ):
            row = {"lot_id": lot, "material_id": material, "quantity": 1_000.0, "status": status}
            tx.execute(t.material_lots.insert().values(**row, at_us=f.NOW, **rest))
            row = {"use_id": lot, "lot_id": lot, "order_id": "WO-1", "use": use, "quantity": 900.0}
            tx.execute(t.lot_uses.insert().values(**row, at_us=f.NOW, **rest))


def test_the_newest_lots_and_the_search(screens):
    assert "No lot yet. Map materials" in html_of(screens.open(SCREEN))
    booked(screens)
    html = html_of(screens.open(SCREEN))
    assert "2 lots" in html and "Blank &lt;i&gt;" in html and "Trades in the MES: Mechanics" in html
    assert "&#9650; Restricted" in html and "1,000 pcs" in html
    test = screens.open(SCREEN, find="blank")
    assert "L-1" in html_of(test) and "L-2" not in html_of(test)
    test.text_input[0].set_value("WO-1").run()
    assert "L-2" in html_of(test) and test.query_params["find"] in ("WO-1", ["WO-1"])


def test_one_lot_with_what_came_before_and_after(screens, somebody):
    booked(screens)
    html = html_of(screens.open(SCREEN, lot="L-1", mes="m"))
    assert "Lot L-1" in html and "it went into 1 order" in html and "No order made it" in html
    assert "WO-1" in html and "lot=L-2" in html
    html = html_of(screens.open(SCREEN, lot="L-2", mes="m"))
    assert "No order has used it yet." in html and "lot=L-1" in html
    ann = somebody("ann", [Role.OPERATOR], ["north/forming"])
    test = screens.open(SCREEN, ann, lot="L-1", mes="m")
    assert "no such lot within your area" in test.info[0].value


def test_what_a_database_does_not_say_of_a_lot_is_a_dash(screens):
    booked(screens)
    with screens.database.write() as tx:
        tx.execute(t.material_lots.update().values(quantity=None, status=None))
    html = html_of(screens.open(SCREEN))
    assert "2 lots" in html and "None" not in html and "\u2013" in html
    html = html_of(screens.open(SCREEN, lot="L-1", mes="m"))
    assert "Lot L-1</b>: Blank &lt;i&gt;," in html and "None" not in html
