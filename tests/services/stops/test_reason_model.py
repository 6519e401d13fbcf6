"""The shipped model of reasons in the registry and in the turns of the scoring process; its gates."""

import json
import shutil

import pytest
from sqlalchemy import func, insert, select

from data.store import registry as store
from data.store import tables as t
from domain.clock import DAY
from domain.model_gates import GateState
from domain.reason_gates import GATES
from models import manifest
from models.classification.stops.reasoner import Reasoner
from models.opening import load
from runtime.settings import Settings
from runtime.workers.reasons import Reasons
from services.registry.admission import admit
from services.registry.checking import check
from services.registry.folders import FolderLineup, register
from services.registry.promoting import gates_of
from services.stops.looking_back import look_back
from tests.services.reports import plant
from tests.services.stops.test_stops import NOW, Floor

MODEL = Settings().reason_model


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, reason_days=10)


def count(database) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(t.stop_guesses)).scalar_one()


def test_the_scoring_process_looks_at_the_stops_of_every_line_and_forgets_old_ones(
    database, settings
) -> None:
    floor = Floor(database)
    old = {
        "equipment_id": plant.FIRST, "model_name": "plant_reason", "model_version": "0", "at_us": 1,
        "made_wall_us": 1, "feature_version": "", "window_hash": "", "reason": "tool", "chance": 0.9,
        "sure": True, "parts": "[]",
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.stop_guesses), [old | {"from_us": NOW - k * DAY} for k in (1, 20)])
    reasons = Reasons(settings, database)
    assert reasons.turn() is False
    assert count(database) == 3  # two stops, and the newer of the old words
    assert reasons.detail()["stops looked at"] == 2
    assert floor.stop(plant.LAST).proposal is not None


def test_without_its_model_the_process_goes_on_and_the_rules_propose(database, settings, tmp_path) -> None:
    floor = Floor(database)
    reasons = Reasons(settings.model_copy(update={"reason_model": tmp_path / "none"}), database)
    assert reasons.turn() is False and "is missing" in reasons.detail()["reasons of stops"]
    assert floor.stop(plant.LAST).proposal.chance is None


def test_a_challenger_looks_at_the_same_stops_and_stands_before_its_gates(database, tmp_path) -> None:
    Floor(database)
    shipped = Reasoner(MODEL)
    register(database, shipped)
    shutil.copytree(MODEL, tmp_path / "two")
    card = json.loads((tmp_path / "two" / "card.json").read_text())
    (tmp_path / "two" / "card.json").write_text(json.dumps(card | {"version": "second"}))
    manifest.seal(tmp_path / "two")
    second = admit(database, tmp_path / "two", tmp_path / "keep", load, "more months")
    work = FolderLineup(database, shipped, load).at_work()
    assert work.champion is shipped and [one.card.version for one in work.challengers] == ["second"]
    for one in (shipped, second):
        assert look_back(database, one, 1.0, lambda _share: None) == 2
    with database.read() as tx:
        row = store.version(tx, "plant_reason", "second")
    found = {gate.name: gate for gate in check(database, row, load)}
    assert tuple(found) == GATES == gates_of("classification")
    passed = {name for name, gate in found.items() if gate.state is GateState.PASSED}
    assert {"file", "card", "inputs", "held-out data", "speed"} <= passed
    assert found["shadow"].ours == 2 and found["shadow"].state is GateState.OPEN
    assert "1 named stops" in found["reasons"].words and found["reasons"].state is GateState.OPEN
