"""The turns of the scoring process: a site that is due is watched once, old half hours go."""

import pytest
from sqlalchemy import func, insert, select

from data.store import tables as t
from domain.clock import DAY, MINUTE
from runtime.settings import Settings
from runtime.workers.watching import Watching
from tests import factories as f


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, oddity_days=10)


@pytest.fixture
def plant(database):
    with database.write() as tx:
        f.site(tx, now_us=f.NOW + 10 * MINUTE, speed=1e-9)  # no half hour ends while the test runs
        f.machine(tx)
        tx.execute(t.sites.update().values(virtual=True))
    return database


def rows(database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.oddity_scores)).scalar_one()


def test_a_site_that_is_due_is_watched_once(plant, settings) -> None:
    watching = Watching(settings, plant)
    assert watching.turn() is True and watching.turn() is False
    assert rows(plant) == 1
    assert watching.detail() == {"half hours watched": 1, "of odd machines": 0}


def test_old_half_hours_go(plant, settings) -> None:
    old = {
        "equipment_id": f.CNC, "model_name": "plant_anomaly", "model_version": "0", "made_wall_us": 0,
        "feature_version": "", "window_hash": "", "reason": "",
    }  # fmt: skip
    with plant.write() as tx:
        tx.execute(insert(t.oddity_scores), [old | {"at_us": f.NOW - k * DAY} for k in (1, 20)])
    Watching(settings, plant).turn()
    with plant.read() as tx:
        kept = tx.execute(
            select(t.oddity_scores.c.at_us).where(t.oddity_scores.c.model_version == "0")
        ).scalars()
        assert list(kept) == [f.NOW - DAY]


def test_without_its_model_the_process_goes_on_and_says_so(plant, settings, tmp_path) -> None:
    watching = Watching(settings.model_copy(update={"anomaly_model": tmp_path / "none"}), plant)
    assert watching.turn() is False
    assert "is missing" in watching.detail()["what is unusual"]
