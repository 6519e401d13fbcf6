"""Recorded engines through a real broker and the ingest worker, against the offline figures."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from data.store import tables as t
from domain.errors import SettingsError, Unavailable
from models.dataspec import DataSpec
from models.failure import evaluate
from models.failure.card import read_card
from runtime import replay_place, wiring
from runtime.replay import replay_cmapss
from runtime.settings import ROOT, Settings

MODEL = ROOT / "models" / "artifacts" / "cmapss_fd001"
CYCLES = (31, 58, 44)
LIVES = (112, 20, 45)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three drawn engines in the set's own format: sensors near those of a healthy engine, drifting."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(4)
    with np.load(MODEL / "background.npz") as healthy:
        usual = healthy["engine"][:, -1, :].mean(axis=0)
    card = read_card(MODEL)
    sensors = dict(zip(card.window.channels, usual, strict=True))
    lines = []
    for unit, cycles in enumerate(CYCLES, 1):
        for cycle in range(1, cycles + 1):
            values = [sensors.get(f"s{i}", 1.0) * (1 + rng.normal(0, 3e-5)) for i in range(1, 22)]
            lines.append(" ".join(f"{v:.4f}" for v in (unit, cycle, 0.001, 0.0002, 100.0, *values)))
    (folder / "test_FD001.txt").write_text("\n".join(lines) + "\n")
    (folder / "RUL_FD001.txt").write_text("\n".join(map(str, LIVES)) + "\n")
    return folder


def settings(tmp_path: Path, **changes) -> Settings:
    return Settings(var_dir=tmp_path / "var", cmapss_model=MODEL, **changes)


def count(database, table, *where) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


@pytest.mark.slow
def test_the_figures_from_the_database_are_those_of_the_offline_judgement(tmp_path: Path, data: Path):
    ours = settings(tmp_path)
    shares: list[float] = []
    found = replay_cmapss(ours, data, "FD001", "max", shares.append)
    offline = evaluate.evaluate(MODEL, DataSpec("cmapss", data, "FD001"))
    assert found == pytest.approx(offline, abs=1e-6)
    assert found["engines"] == 3
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    store = wiring.database(ours)
    mark = select(t.metrics.c.metric_id).where(t.metrics.c.name == "s1")
    assert count(store, t.readings, t.readings.c.metric_id.in_(mark)) == sum(CYCLES)
    assert count(store, t.equipment, ~t.equipment.c.assigned) == 0
    assert count(store, t.explanations) == count(store, t.predictions, t.predictions.c.above_threshold)
    assert count(store, t.outbox) == 0
    with store.read() as tx:
        assert tx.execute(select(t.sites.c.shadow)).scalar_one() is True
    before = count(store, t.readings), count(store, t.predictions)
    again = replay_cmapss(ours, data, "FD001", "100000", shares.append)
    assert again == found
    assert (count(store, t.readings), count(store, t.predictions)) == before
    store.close()


def test_a_broker_that_is_set_and_does_not_answer(tmp_path: Path, data: Path):
    with pytest.raises(Unavailable, match="does not answer"):
        replay_cmapss(settings(tmp_path, broker_url="mqtt://127.0.0.1:9"), data, "FD001", "max")


@pytest.mark.parametrize(
    ("subset", "speed", "word"),
    [("FD002", "max", "FD001"), ("FD001", "fast", "--speed"), ("FD001", "0", "--speed")],
)
def test_wrong_use_is_one_clear_line(tmp_path: Path, data: Path, subset: str, speed: str, word: str):
    with pytest.raises(SettingsError, match=word):
        replay_cmapss(settings(tmp_path), data, subset, speed)


def test_a_missing_model_is_one_clear_line(tmp_path: Path, data: Path):
    missing = settings(tmp_path).model_copy(update={"cmapss_model": tmp_path / "none"})
    with pytest.raises(SettingsError, match="no model in"):
        replay_cmapss(missing, data, "FD001", "max")


def test_an_empty_store_gets_its_tables(tmp_path: Path):
    store = replay_place.database(settings(tmp_path))
    assert count(store, t.sites) == 0
    store.close()
