"""How an edge node sends a metric is part of the feature version; what is sent too coarsely is refused."""

from pathlib import Path

import pytest
from sqlalchemy import select

from data.store import tables as t
from domain.clock import DAY, HOUR
from domain.errors import NotNow
from domain.sending import Sending
from models.features import plant as features
from models.features.familiar import Familiar
from models.registry import load
from services.score import recomputing, score_due
from tests.services.score.plant import SITE, START_US, add_readings, add_site, served, unit_id

SHIPPED = Path(__file__).parents[3] / "models" / "artifacts" / "plant_failure"


def birth(database, number: int, name: str, **how) -> None:
    """A birth says how a metric is sent."""
    with database.write() as tx:
        mine = (t.metrics.c.equipment_id == unit_id(number)) & (t.metrics.c.name == name)
        tx.execute(t.metrics.update().where(mine).values(**how))


def stored(database) -> list:
    p = t.predictions.c
    with database.read() as tx:
        query = select(p.feature_version, p.status, p.reason, p.prediction_id)
        return [tuple(row) for row in tx.execute(query.order_by(p.at_us))]


def test_how_metrics_are_sent_is_part_of_the_feature_version(database, tmp_path) -> None:
    at = START_US + 2 * DAY
    add_site(database, [11])
    add_readings(database, 11, START_US, at + HOUR)
    one = served(database, tmp_path / "tiny")
    score_due(database, one, at, site_id=SITE)
    birth(database, 11, "load", deadband=1e-6, sampling_ms=100.0)
    score_due(database, one, at + HOUR // 2, site_id=SITE)
    birth(database, 11, "load", deadband=1e-6, sampling_ms=200.0)
    score_due(database, one, at + HOUR, site_id=SITE)
    versions = [row[0] for row in stored(database)]
    assert versions[0] == features.FEATURE_VERSION and len(set(versions)) == 3
    assert all(version.startswith(f"{features.FEATURE_VERSION}+") for version in versions[1:])


@pytest.mark.parametrize("how", [{"deadband": 0.0, "sampling_ms": 1.2e6}, {"aggregate_s": 3_600.0}])
def test_what_is_sent_too_coarsely_is_refused_with_the_reason(database, tmp_path, how) -> None:
    at = START_US + 2 * DAY
    add_site(database, [11])
    add_readings(database, 11, START_US, at)
    birth(database, 11, "load", **how)
    score_due(database, served(database, tmp_path / "tiny"), at, site_id=SITE)
    (row,) = stored(database)
    assert row[1] == "not_known" and row[2].startswith("load: sent with a deadband, or so seldom")


def test_a_prediction_is_computed_again_only_while_its_metrics_are_sent_alike(database, tmp_path) -> None:
    at = START_US + 2 * DAY
    add_site(database, [11])
    add_readings(database, 11, START_US, at)
    birth(database, 11, "load", deadband=1e-6)
    one = served(database, tmp_path / "tiny")
    score_due(database, one, at, site_id=SITE)
    with database.write() as tx:
        tx.execute(t.windows.delete())
        row = dict(tx.execute(select(t.predictions)).mappings().one())
        models = recomputing.Models([one], load)
        assert recomputing.recompute(tx, models, row).difference <= 1e-5
    birth(database, 11, "load", deadband=0.5)
    with database.read() as tx, pytest.raises(NotNow, match="another deadband or sampling since"):
        recomputing.recompute(tx, models, row)


def test_a_deadband_beyond_what_healthy_half_hours_differ_by_is_too_coarse() -> None:
    familiar = Familiar.of(
        load(Path(__file__).parents[3] / "models" / "artifacts" / "plant_failure").backgrounds
    )
    place = features.GAUGES.index("vibration_rms")
    usual = familiar.kinds["cnc"].spread[place]
    assert usual > 0
    fine, coarse = Sending(0.9 * usual), Sending(1.1 * usual)
    assert familiar.coarse("cnc", {"vibration_rms": fine}) == ""
    said = familiar.coarse("cnc", {"vibration_rms": coarse, "load": Sending(0.0)})
    assert said.startswith("vibration rms: sent with a deadband")
    assert familiar.coarse("cnc", {"part_count": Sending(5.0)}) == ""
