from sqlalchemy import insert

from data.store import tables as t
from domain.clock import HOUR
from services.reviews import open_due
from tests import factories as f
from tests.pages.conftest import html_of

SCREEN = "pages.predict.trust:render"


def test_the_screen_shows_hits_unseen_failures_and_the_sheet(screens) -> None:
    with screens.database.write() as tx:
        case_id = f.case(
            tx, state="judged", open_key=None, decided_by=screens.supervisor.account_id, decided_us=f.NOW
        )
        row = {"finding": "degraded", "cause": "bearing", "reported_by": "mes", "at_us": f.NOW}
        tx.execute(insert(t.outcomes).values(case_id=case_id, **row, reported_wall_us=0))
        failed = {
            "instance": "line-1", "maintenance_id": "m", "equipment_id": f.CNC, "kind": "corrective",
            "status": "done", "planned_us": 0, "start_us": f.NOW - 30 * HOUR, "updated_us": 0,
        }  # fmt: skip
        tx.execute(insert(t.maintenance).values(**failed))
    open_due(screens.database)
    said = html_of(screens.open(SCREEN))
    assert "In 1 of 1 cases with a finding the advice was right" in said
    assert "no sensor" in said and "fewer than 5 people" in said
    assert "for the works council" in said
