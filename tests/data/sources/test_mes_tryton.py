"""Tryton's production tables become ours: joined names, days in a zone, words translated."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, update

from data.sources import mapping
from data.sources.mes import ForeignDatabase, Page, Watermark
from domain.clock import DAY
from tests.data.sources import tryton

AT = datetime(2026, 3, 2, 7, 30, 0, 125_000)
AT_US = 1_772_436_600_125_000
MARCH_2 = 1_772_409_600_000_000  # midnight UTC
BERLIN = mapping.named("tryton").model_copy(update={"zone": "Europe/Berlin"})


SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgres", "mariadb")]


@pytest.fixture(params=["sqlite", *SERVERS])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, str]]:
    served = request.param != "sqlite"
    url = request.getfixturevalue(f"{request.param}_url") if served else f"sqlite:///{tmp_path / 'tryton.db'}"
    engine = create_engine(url)
    tryton.metadata.create_all(engine)
    with engine.begin() as tx:
        tx.execute(tryton.template.insert(), [{"id": 4, "name": "Flange", "create_date": AT}])
        tx.execute(tryton.product.insert(), [{"id": 9, "template": 4, "create_date": AT}])
        tx.execute(tryton.production.insert(), [order(1), order(2, number=None), order(3, work_center=None)])
        steps = {"production": 1, "operation": 5, "state": "running", "create_date": AT, "write_date": None}
        tx.execute(tryton.work.insert(), [{"id": 11, "work_center": 31, **steps}])
    yield engine, url
    engine.dispose()


def order(number_: int, **changes: Any) -> dict[str, Any]:
    row = {
        "id": number_, "number": f"PR-{number_}", "state": "running", "product": 9, "quantity": 120.0,
        "planned_start_date": date(2026, 3, 2), "planned_date": date(2026, 3, 3),
        "effective_start_date": date(2026, 3, 2), "effective_date": None, "work_center": 31,
        "create_date": AT, "write_date": None,
    }  # fmt: skip
    return {**row, **changes}


def pages(database: ForeignDatabase, entity: str, since: Watermark = Watermark()) -> list[Page]:  # noqa: B008
    return list(database.pages(entity, since, {"31": "north/machining/line-1"}.get))


def test_orders_with_their_days_and_words(place) -> None:
    database = ForeignDatabase(place[1], mapping.named("tryton"))
    (page,) = pages(database, "orders")
    assert page.bad == []
    assert page.rows == [
        {
            "order_id": "PR-1",
            "line_id": "north/machining/line-1",
            "product_id": "9",
            "quantity": 120.0,
            "planned_start_us": MARCH_2,
            "planned_end_us": MARCH_2 + 2 * DAY,
            "due_us": MARCH_2 + 2 * DAY,
            "start_us": MARCH_2,
            "end_us": None,
            "status": "Running",
            "updated_us": AT_US,
        }
    ]
    assert page.watermark == Watermark(AT_US, "1")
    database.close()


def test_a_day_begins_at_midnight_of_the_zone_also_when_the_clocks_change(place) -> None:
    engine, url = place
    with engine.begin() as tx:
        tx.execute(
            update(tryton.production).values(
                planned_start_date=date(2026, 3, 29), planned_date=date(2026, 3, 29)
            )
        )
    database = ForeignDatabase(url, BERLIN)
    (row,) = pages(database, "orders")[0].rows
    assert (row["planned_end_us"] - row["planned_start_us"]) / 3_600_000_000 == 23
    assert (row["planned_start_us"] - MARCH_2) / 3_600_000_000 == 27 * 24 - 1
    database.close()


def test_a_name_comes_from_the_template_and_follows_it(place) -> None:
    engine, url = place
    database = ForeignDatabase(url, mapping.named("tryton"))
    (page,) = pages(database, "products")
    assert [(row["product_id"], row["name"]) for row in page.rows] == [("9", "Flange")]
    later = AT + timedelta(hours=3)
    with engine.begin() as tx:
        tx.execute(update(tryton.template).values(name="Flange, large", write_date=later))
    (page,) = pages(database, "products", page.watermark)
    assert [row["name"] for row in page.rows] == ["Flange, large"]
    assert page.watermark == Watermark(AT_US + 3 * 3_600_000_000, "9")
    assert pages(database, "products", page.watermark) == []
    database.close()


def test_an_operation_follows_its_order(place) -> None:
    engine, url = place
    database = ForeignDatabase(url, mapping.named("tryton"))
    (page,) = pages(database, "operations")
    assert [(row["operation_id"], row["order_id"], row["end_us"]) for row in page.rows] == [
        ("11", "PR-1", None)
    ]
    with engine.begin() as tx:
        done = {"state": "done", "effective_date": date(2026, 3, 4), "write_date": AT + timedelta(days=2)}
        tx.execute(update(tryton.production).where(tryton.production.c.id == 1).values(**done))
    (page,) = pages(database, "operations", page.watermark)
    assert [row["end_us"] for row in page.rows] == [MARCH_2 + 3 * DAY]
    database.close()


def test_a_word_that_the_mapping_does_not_know_is_set_aside_with_its_name(place) -> None:
    engine, url = place
    with engine.begin() as tx:
        tx.execute(update(tryton.production).values(state="quality_hold"))
    database = ForeignDatabase(url, mapping.named("tryton"))
    (page,) = pages(database, "orders")
    assert page.rows == []
    assert [why for _, why in page.bad] == ["state says quality_hold, which the mapping does not know"]
    database.close()


def test_an_empty_value_that_we_need_is_set_aside_and_the_rest_is_read(place) -> None:
    engine, url = place
    with engine.begin() as tx:
        tx.execute(tryton.production.insert(), [order(7, quantity=None), order(8)])
    database = ForeignDatabase(url, mapping.named("tryton"))
    (page,) = pages(database, "orders")
    assert [row["order_id"] for row in page.rows] == ["PR-1", "PR-8"]
    assert [why for _, why in page.bad] == ["quantity is empty"]
    database.close()


def test_late_commits_and_equal_times_are_read(place) -> None:
    engine, url = place
    database = ForeignDatabase(url, mapping.named("tryton"))
    mark = pages(database, "orders")[-1].watermark
    with engine.begin() as tx:
        late = order(5, create_date=AT - timedelta(seconds=30))
        tx.execute(tryton.production.insert(), [late, order(4)])
    assert [row["order_id"] for page in pages(database, "orders", mark) for row in page.rows] == [
        "PR-5",
        "PR-4",
    ]
    database.close()


def lots(engine: Engine) -> None:
    """Lot R-1 feeds production 1, which makes F-1; one move has no lot, one no order, one is not done."""
    day, kept = date(2026, 3, 3), {"create_date": AT, "write_date": None}
    move = {
        "product": 9, "lot": None, "production_input": None, "production_output": None,
        "internal_quantity": 60.0, "state": "done", "effective_date": day, **kept,
    }  # fmt: skip
    with engine.begin() as tx:
        tx.execute(tryton.uom.insert(), [{"id": 1, "symbol": "kg", **kept}])
        tx.execute(update(tryton.template).values(default_uom=1))
        tx.execute(
            tryton.lot.insert(),
            [
                {"id": 1, "number": "R-1", "product": 9, **kept},
                {"id": 2, "number": "F-1", "product": 9, **kept},
            ],
        )
        moves = (
            {"lot": 1, "production_input": 1},
            {"lot": 2, "production_output": 1, "internal_quantity": 58.5},
            {"production_input": 1},
            {"lot": 1},
            {"lot": 1, "production_input": 1, "effective_date": None, "state": "assigned"},
        )
        tx.execute(tryton.move.insert(), [{"id": n, **move, **more} for n, more in enumerate(moves, 1)])


def test_lots_and_their_use_by_orders(place) -> None:
    engine, url = place
    lots(engine)
    database = ForeignDatabase(url, mapping.named("tryton"))
    (page,) = pages(database, "materials")
    assert page.rows == [{"material_id": "9", "name": "Flange", "unit": "kg", "updated_us": AT_US}]
    (page,) = pages(database, "material_lots")
    assert page.rows == [
        {"lot_id": lot, "material_id": "9", "at_us": AT_US, "updated_us": AT_US} for lot in ("R-1", "F-1")
    ]
    (page,) = pages(database, "lot_uses")
    assert page.bad == []
    used = {"order_id": "PR-1", "at_us": MARCH_2 + DAY, "updated_us": AT_US}
    assert page.rows == [
        {"use_id": "1", "lot_id": "R-1", "use": "Consumed", "quantity": 60.0, **used},
        {"use_id": "2", "lot_id": "F-1", "use": "Produced", "quantity": 58.5, **used},
    ]
    with engine.begin() as tx:
        done = {"effective_date": date(2026, 3, 4), "write_date": AT + timedelta(hours=1)}
        tx.execute(update(tryton.move).where(tryton.move.c.id == 5).values(**done))
    (page,) = pages(database, "lot_uses", page.watermark)
    assert [(row["use_id"], row["use"]) for row in page.rows] == [("5", "Consumed")]
    database.close()
