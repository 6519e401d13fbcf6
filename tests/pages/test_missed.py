"""Missed failures: the list, the replay, and a verdict from the screen."""

from sqlalchemy import insert, select

from data.store import tables as t
from domain.clock import HOUR
from services.reviews import open_due
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.predict.missed:render"


def failed(screens) -> str:
    with screens.database.write() as tx:
        row = {
            "instance": "line-1", "maintenance_id": "m", "equipment_id": f.CNC, "kind": "corrective",
            "status": "done", "planned_us": 0, "start_us": f.NOW - 30 * HOUR, "updated_us": 0,
            "cause": "bearing",
        }  # fmt: skip
        tx.execute(insert(t.maintenance).values(**row))
    open_due(screens.database)
    with screens.database.read() as tx:
        return str(tx.execute(select(t.failure_reviews.c.review_id)).scalar_one())


def test_the_list_says_what_waits_and_filters_by_the_address(screens) -> None:
    assert "No unplanned failure in the last 90 days" in html_of(screens.open(SCREEN))
    review = failed(screens)
    said = html_of(screens.open(SCREEN))
    assert "1 failure waits for a verdict" in said and "proposed, nobody has settled it" in said
    assert f"review={review}" in said
    assert "No failure fits" in html_of(screens.open(SCREEN, verdict="ignored"))


def test_a_verdict_is_settled_on_the_screen(screens) -> None:
    review = failed(screens)
    app = screens.open(SCREEN, review=review)
    assert "Nothing was scored in the day before" in html_of(app)
    app.button[0].click().run()
    said = html_of(app)
    assert "Settled by" in said and "no sensor" in said
    assert "There is no such failure" in html_of(screens.open(SCREEN, review="x"))
