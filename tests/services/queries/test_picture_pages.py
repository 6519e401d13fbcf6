"""Pages of pictures: read from whichever end is nearer, they are the list cut into pieces."""

import pytest
from sqlalchemy import event, insert

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, Clock, wall_us
from services.context import Context
from services.queries.pictures import PictureQueries
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.fixture(params=["database", "postgres"])
def pictures(request: pytest.FixtureRequest) -> PictureQueries:
    """29 pictures of one machine, three of them each minute; two in three show a crack."""
    database: Database = request.getfixturevalue(request.param)
    rows = [
        {"inspection_id": f"I-{n:02}", "site_id": "north", "equipment_id": f.CNC, "sha256": f"{n:064}",
         "source": "folder", "source_name": "", "taken_us": f.NOW - (n // 3) * MINUTE,
         "received_wall_us": 0, "state": "judged", "reason": "", "model_name": "m", "model_version": "1",
         "label": "crack" if n % 3 else "ok", "confidence": 0.9, "strangeness": 0.0, "unknown": False,
         "for_person": False, "content": "{}", "said_label": "", "said_by": "", "said_words": ""}
        for n in range(29)
    ]  # fmt: skip
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        tx.execute(insert(t.inspections), rows)
        who = f.account(tx, "mia", [Role.PLANT_MANAGER])
    return PictureQueries(Context(database, who, SITE, Clock(f.NOW, wall_us())))


@pytest.mark.parametrize("label", ["", "crack"])
def test_pages_are_the_list_cut_into_pieces(pictures: PictureQueries, label: str) -> None:
    whole = pictures.gallery("", label, "", 100, 0)
    order = [(-one.taken_us, one.inspection_id) for one in whole.shown]
    assert len(order) == whole.total == (19 if label else 29)
    minutes = [at for at, _ in order]
    assert minutes == sorted(minutes)  # newest first
    same = [[key for at, key in order if at == minute] for minute in dict.fromkeys(minutes)]
    assert all(keys == sorted(keys, reverse=True) for keys in same)
    for limit in (1, 4, 7, 24):
        for skip in range(0, 35):
            page = pictures.gallery("", label, "", limit, skip)
            assert page.shown == whole.shown[skip : skip + limit] and page.total == whole.total


def test_the_last_page_passes_over_no_more_than_the_first(pictures: PictureQueries) -> None:
    sent: list[str] = []
    event.listen(
        pictures._context.database.engine,
        "before_cursor_execute",
        lambda *said: sent.append(said[2]) if "ORDER BY inspections.taken_us" in said[2] else None,
    )
    for skip, newest in ((0, True), (10, True), (20, False), (25, False)):
        sent.clear()
        pictures.gallery("", "", "", 4, skip)
        assert ["taken_us DESC" in text for text in sent] == [newest]
