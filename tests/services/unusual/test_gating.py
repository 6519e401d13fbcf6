"""A challenger of what is unusual: beside the champion, its gates, the stop."""

import json
import shutil

import pytest
from sqlalchemy import select

from data.store import registry as store
from data.store import tables as t
from domain.model_gates import GateState
from domain.oddity_gates import GATES
from models import manifest
from models.anomaly.machines.watcher import Watcher
from models.opening import load
from services.registry.admission import admit
from services.registry.checking import check
from services.registry.folders import FolderLineup, register
from services.registry.promoting import why_not
from services.unusual.judging import watch_due
from services.unusual.looking_back import look_back
from tests import factories as f
from tests.services.unusual.plant import MODEL, STEP, Windows, shaking

NOW = f.NOW // STEP * STEP


@pytest.fixture
def plant(database):
    shipped = Watcher(MODEL)
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        tx.execute(t.sites.update().values(virtual=True))
    register(database, shipped)
    return database, shipped


def second(to):
    shutil.copytree(MODEL, to)
    card = json.loads((to / "card.json").read_text())
    (to / "card.json").write_text(json.dumps(card | {"version": "second"}))
    manifest.seal(to)
    return to


def test_a_challenger_scores_beside_the_champion_and_stands_before_its_gates(plant, tmp_path) -> None:
    database, shipped = plant
    admit(database, second(tmp_path / "two"), tmp_path / "keep", load, "more months")
    work = FolderLineup(database, shipped, load).at_work()
    assert work.champion is shipped and [one.card.version for one in work.challengers] == ["second"]
    odd = shaking(shipped)
    for one in (work.champion, *work.challengers):
        for at in (NOW, NOW + STEP):
            watch_due(database, one, Windows(lambda _unit, _at: odd), at, site_id="north")
    with database.read() as tx:
        row = store.version(tx, shipped.card.name, "second")
    found = {one.name: one for one in check(database, row, load)}
    assert tuple(found) == GATES
    passed = {name for name, one in found.items() if one.state is GateState.PASSED}
    assert {"file", "card", "inputs", "held-out data", "speed", "answers"} <= passed
    assert found["shadow"].ours == 2 and found["shadow"].state is GateState.OPEN
    with database.read() as tx:
        row, rows = store.version(tx, row["name"], "second"), store.gates(tx, row["name"], "second")
    assert "shadow" in why_not(row, shipped.card.version, rows, rows[0]["checked_wall_us"])


def test_it_says_its_mind_about_days_that_are_stored(plant, tmp_path) -> None:
    database, _ = plant
    model = admit(database, second(tmp_path / "two"), tmp_path / "keep", load, "more months")
    assert look_back(database, model, 1.0, lambda _share: None) == 48
    with database.read() as tx:
        rows = tx.execute(select(t.oddity_scores.c.reason, t.oddity_scores.c.model_version).distinct()).all()
    assert list(map(tuple, rows)) == [("data too old", "second")]


def test_a_file_that_was_changed_never_serves(plant, tmp_path) -> None:
    database, shipped = plant
    admit(database, second(tmp_path / "two"), tmp_path / "keep", load, "more months")
    with (tmp_path / "keep" / f"{shipped.card.name}-second" / "model.onnx").open("ab") as file:
        file.write(b"x")
    work = FolderLineup(database, shipped, load).at_work()
    assert work.challengers == () and "shadow second" in work.trouble
