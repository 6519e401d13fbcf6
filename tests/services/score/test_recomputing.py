"""Past predictions computed again: from what was kept, against what was stored."""

import shutil

import pytest
from sqlalchemy import delete, select, update

from data.store import recomputations
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from domain.errors import NotFound, Tampered
from models.registry import load
from services.score import recomputing, score_due, score_range, serve
from services.score.recomputing import CHANGED, SPOILED, Models
from services.score.serving import ready
from tests.services.score.plant import SITE, START_US, add_readings, add_site, served

NOW = START_US + 2 * DAY


@pytest.fixture
def plant(database, tmp_path):
    add_site(database, [11])
    add_readings(database, 11, START_US, NOW)
    return served(database, tmp_path / "model")


def newest(database) -> dict:
    p = t.predictions
    with database.read() as tx:
        return dict(tx.execute(select(p).order_by(p.c.at_us.desc()).limit(1)).mappings().one())


def answer(database, models) -> dict:
    prediction_id = newest(database)["prediction_id"]
    with database.write() as tx:
        recomputations.ask(tx, prediction_id, "a", 1)
    assert recomputing.answer(database, models) == 1
    with database.read() as tx:
        return recomputations.of(tx, prediction_id)


def test_a_kept_window_gives_the_stored_figures(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    found, then = answer(database, Models([plant], load)), newest(database)
    assert (found["state"], found["detail"]) == ("same", "stored")
    assert found["difference"] <= 1e-5
    assert found["probability"] == pytest.approx(then["probability"], abs=1e-5)
    assert recomputing.answer(database, Models([plant], load)) == 0


def test_a_model_no_longer_at_work_is_read_from_where_it_was_registered(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    assert answer(database, Models([], load))["state"] == "same"


def test_without_a_kept_window_the_readings_give_it_again(database, plant):
    score_range(database, plant, NOW - HOUR, NOW, site_id=SITE)
    found = answer(database, Models([plant], load))
    assert (found["state"], found["detail"]) == ("same", "readings")


def test_late_values_are_no_difference_but_a_reason(database, plant):
    score_range(database, plant, NOW - HOUR, NOW, site_id=SITE)
    add_readings(database, 11, NOW - HOUR + 1, NOW, every_us=MINUTE, lift=1, running=False)
    found = answer(database, Models([served_anew(plant)], load))
    assert (found["state"], found["detail"]) == ("failed", CHANGED)


def served_anew(plant):
    """The same model in a process that has read nothing yet."""
    return ready(plant.judge.model)


def test_a_figure_that_was_changed_is_found(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    row = newest(database)
    with database.write() as tx:
        tx.execute(update(t.predictions).values(probability=row["probability"] + 2e-5))
    found = answer(database, Models([plant], load))
    assert found["state"] == "other" and found["difference"] == pytest.approx(2e-5, rel=0.1)


def test_a_window_that_was_changed_is_found(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    with database.write() as tx:
        data = tx.execute(select(t.windows.c.data)).scalar_one()
        tx.execute(update(t.windows).values(data=data[:-4] + b"\0\0\x80?"))
    found = answer(database, Models([plant], load))
    assert (found["state"], found["detail"]) == ("failed", SPOILED)


def test_a_model_file_that_is_gone_or_changed_is_told(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    with database.write() as tx:
        tx.execute(update(t.model_versions).values(sha256="0" * 64))
    assert "is not the one that was registered" in answer(database, Models([plant], load))["detail"]
    shutil.rmtree(plant.judge.model.folder)
    assert "is no longer in" in answer(database, Models([], load))["detail"]
    with database.write() as tx:
        tx.execute(delete(t.model_versions))
    assert "is not registered here" in answer(database, Models([plant], load))["detail"]


def test_the_check_of_many_counts_and_names_what_differs(database, plant):
    score_range(database, plant, NOW - 4 * HOUR, NOW, site_id=SITE)
    row = newest(database)
    with database.write() as tx:
        p = t.predictions
        tx.execute(update(p).where(p.c.prediction_id == row["prediction_id"]).values(rul=row["rul"] + 1))
    found = recomputing.check(database, Models([plant], load), "", 100, lambda _share: None)
    assert found.counts() | {"largest difference": 0} == {
        "predictions": 8, "same": 7, "other": 1, "not possible": 0, "largest difference": 0, "allowed": 1e-5,
    }  # fmt: skip
    assert [one["prediction_id"] for one in found.document()["rows"]] == [row["prediction_id"]]
    with pytest.raises(NotFound):
        recomputing.check(database, Models([plant], load), "nobody", 1, lambda _share: None)


def test_a_registered_version_cannot_be_replaced_by_another_file(database, plant, tmp_path):
    with database.write() as tx:
        tx.execute(update(t.model_versions).values(sha256="0" * 64))
    with pytest.raises(Tampered, match="registered with another file"):
        serve(database, load(plant.judge.model.folder))
