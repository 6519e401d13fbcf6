"""Anomalies on the screen."""

from domain.clock import HOUR
from tests import factories as f
from tests.pages.conftest import html_of
from tests.services.queries.test_oddities import LINE, model, scored

ALL, ONE = "pages.predict.oddities:render", "pages.predict.oddity:render"


def plant(screens) -> None:
    with screens.database.write() as tx:
        model(tx)
        scored(tx, score=5.0, since_us=f.NOW - 3 * HOUR)
        scored(tx, f.machine(tx, f"{LINE}/cnc-12"), score=None, reason="data too old")
        scored(tx, f.machine(tx, f"{LINE}/cnc-13"))


def test_odd_machines_lead_to_what_is_odd_about_them(screens):
    plant(screens)
    html = html_of(screens.open(ALL))
    assert "1 of 3 machines is odd." in html and "1 cannot be judged." in html
    assert "2.5 times" in html and "Vibration" in html and "data too old" in html
    assert "at most 0.5 times a month" in html
    assert f'href="/anomaly?id={f.CNC.replace("/", "%2F")}"' in html


def test_filters_are_in_the_address(screens):
    plant(screens)
    odd = screens.open(ALL, show="odd")
    assert "data too old" not in html_of(odd) and "2.5 times" in html_of(odd)
    chosen = odd.selectbox(key="filter-show").set_value("refused").run()
    assert chosen.query_params["show"] == "refused" and "data too old" in html_of(chosen)
    nothing = screens.open(ALL, show="odd", line=LINE)
    assert "2.5 times" in html_of(nothing)


def test_a_machine_that_stood_for_hours_was_not_judged(screens):
    plant(screens)
    with screens.database.write() as tx:
        scored(tx, f.machine(tx, f"{LINE}/cnc-14"), score=0.0)
    html = html_of(screens.open(ALL))
    assert "1 stood still and was not judged." in html and "Stood still, not judged" in html
    assert "stood still for hours" in html_of(screens.open(ONE, id=f"{LINE}/cnc-14"))
    assert "CNC-14" not in html_of(screens.open(ALL, show="usual"))


def test_nothing_fits(screens):
    with screens.database.write() as tx:
        model(tx)
    assert "No machine fits what is chosen above." in html_of(screens.open(ALL, show="odd"))


def test_without_a_model_it_is_said(screens):
    assert "No model says what is unusual here." in html_of(screens.open(ALL))


def test_one_machine(screens):
    plant(screens)
    html = html_of(screens.open(ONE, id=f.CNC))
    assert "odd since" in html and "Score by its limit, seven days" in html and "never what." in html
    assert "<b>cannot be judged</b>: data too old" in html_of(screens.open(ONE, id=f"{LINE}/cnc-12"))
    assert "usual days" in html_of(screens.open(ONE, id=f"{LINE}/cnc-13"))
    assert "Choose a machine" in html_of(screens.open(ONE))  # a link without its machine
