"""The scorer on PostgreSQL: the same rows as on SQLite, once each, with several workers."""

import threading

import pytest
from sqlalchemy import func, select

from data.store import tables as t
from domain.clock import DAY, HOUR
from models.registry import load
from services.score import Served, score_range, serve
from services.score.considering import consider_due
from services.score.requests import answer_requests
from tests.services.score.plant import SITE, START_US, add_maintenance, add_readings, add_site, served
from tests.services.score.test_requests import ask, newest, state

pytestmark = pytest.mark.services
FROM_US, TO_US = START_US + DAY, START_US + 2 * DAY


def fill(database):
    add_site(database, [11, 12])
    add_readings(database, 11, START_US, TO_US)
    add_readings(database, 12, START_US, TO_US - 8 * HOUR)
    add_readings(database, 12, TO_US - 8 * HOUR, TO_US, lift=8, running=False)
    add_maintenance(database, 11, START_US + HOUR, START_US + 2 * HOUR)


def rows(database):
    p = t.predictions.c
    columns = (p.equipment_id, p.at_us, p.status, p.reason, p.probability, p.window_hash, p.above_threshold)
    with database.read() as tx:
        return tx.execute(select(*columns).order_by(p.equipment_id, p.at_us)).all()


def count(database, table) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def test_both_databases_hold_the_same_predictions(database, postgres, tmp_path):
    for store, name in ((database, "a"), (postgres, "b")):
        fill(store)
        score_range(store, served(store, tmp_path / name), FROM_US, TO_US, site_id=SITE)
    assert rows(postgres) == rows(database)
    assert any(row.above_threshold for row in rows(postgres))


def test_workers_at_once_store_each_prediction_once(postgres, tmp_path):
    fill(postgres)
    served(postgres, tmp_path / "model")
    results = []

    def work(own: Served) -> None:
        results.append(score_range(postgres, own, FROM_US, TO_US, site_id=SITE))

    own = [serve(postgres, load(tmp_path / "model")) for _ in range(3)]  # as three processes hold it
    threads = [threading.Thread(target=work, args=(one,)) for one in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.predictions for one in results) == 2 * 48 == count(postgres, t.predictions)
    assert count(postgres, t.explanations) == sum(one.above for one in results)
    seen = []
    while consider_due(postgres, seen.append):
        pass
    assert len(seen) == len(set(seen)) == sum(one.to_consider for one in results)


def test_an_explanation_on_demand(postgres, tmp_path):
    fill(postgres)
    plant = served(postgres, tmp_path / "model")
    score_range(postgres, plant, TO_US - HOUR, TO_US, site_id=SITE)
    wanted = newest(postgres, 11)
    ask(postgres, wanted)
    assert answer_requests(postgres, {plant.judge.key: plant}) == 1
    assert state(postgres, wanted) == ("done", "")
