"""A vision challenger's way: admitted, beside the champion, past the gates, promoted, and back."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import inspections
from data.store import registry as store
from data.store import tables as t
from domain import picture_gates
from domain.clock import wall_us
from domain.errors import NotNow, SettingsError, Tampered
from models.manifest import seal
from models.opening import load
from models.vision.session import Inspector
from services.commands.models import ModelCommands
from services.commands.pictures import PictureCommands
from services.commands.stopping import StopCommands
from services.registry.admission import admit
from services.registry.checking import check
from services.registry.folders import FolderLineup, register
from services.vision.intake import receive
from services.vision.judging import judge_due, look_back
from simulator.pictures.render import render
from tests import factories as f
from tests.kits.pen import TYPED

MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"
NAME, SECOND = "plant_vision", "second"


@pytest.fixture(scope="module")
def shipped() -> Inspector:
    return Inspector(MODEL)


@pytest.fixture
def plant(database, shipped):
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        tx.execute(t.sites.update().values(virtual=True))
    register(database, shipped)
    return database


@pytest.fixture
def second(tmp_path) -> Path:
    return folder(tmp_path / "two")


def folder(to: Path, **changes) -> Path:
    """The same network under another version, with another card."""
    shutil.copytree(MODEL, to)
    card = json.loads((to / "card.json").read_text())
    (to / "card.json").write_text(json.dumps(card | {"version": SECOND} | changes))
    seal(to)
    return to


def person(database, role=Role.PLANT_MANAGER):
    with database.write() as tx:
        return f.account(tx, role.value, [role])


def send(database, label, seed) -> str:
    taken_us = f.NOW - (40 - seed) * 3_600_000_000
    return receive(
        database, f.CNC, render("Bracket", label, seed).jpeg(), "http", "c", taken_us
    ).inspection_id


def gates(database, second=SECOND) -> dict[str, str]:
    with database.read() as tx:
        row = store.version(tx, NAME, second)
    return {one.name: one.state.value for one in check(database, row, load)}


def shadows(database) -> list[tuple[str, str]]:
    with database.read() as tx:
        c = t.shadow_inspections.c
        return list(map(tuple, tx.execute(select(c.inspection_id, c.model_version)).all()))


def pass_all(database, champion) -> None:
    rows = [
        {"model_name": NAME, "model_version": SECOND, "gate": name, "champion_version": champion,
         "state": "passed", "words": "", "ours": None, "theirs": None, "checked_wall_us": wall_us()}
        for name in picture_gates.GATES
    ]  # fmt: skip
    with database.write() as tx:
        store.put_gates(tx, NAME, SECOND, rows)


def test_a_challenger_sees_the_same_pictures_and_decides_nothing(plant, shipped, second, tmp_path) -> None:
    admit(plant, second, tmp_path / "keep", load, "more pictures")
    work = FolderLineup(plant, shipped, load).at_work()
    assert work.champion is shipped and [one.card.version for one in work.challengers] == [SECOND]
    picture = send(plant, "crack", 1)
    assert judge_due(plant, work.champion, challengers=work.challengers).judged == 1
    with plant.read() as tx:
        row = inspections.get(tx, picture)
    assert row["model_version"] == shipped.card.version
    assert shadows(plant) == [(picture, SECOND)]


def test_stopped_models_see_nothing_in_the_shadow_either(plant, shipped, second, tmp_path) -> None:
    model = admit(plant, second, tmp_path / "keep", load, "")
    send(plant, "crack", 1)
    judge_due(plant, shipped)
    send(plant, "crack", 2)
    StopCommands(plant).stop(person(plant), "north", NAME, "a look", TYPED)
    judge_due(plant, shipped, challengers=[model])
    assert look_back(plant, model, 30, lambda _share: None) == 0
    assert shadows(plant) == []


def test_the_gates_are_judged_on_the_same_pictures(plant, shipped, second, tmp_path) -> None:
    supervisor = person(plant, Role.SUPERVISOR)
    labels = ("good", "crack", "dent", "surface", "assembly")
    sent = [(send(plant, labels[k % 5], k), labels[k % 5]) for k in range(20)]
    while judge_due(plant, shipped).total:
        continue
    model = admit(plant, second, tmp_path / "keep", load, "")
    found = gates(plant)
    assert found == dict.fromkeys(picture_gates.GATES, "passed") | {
        "speed": found["speed"], "memory": found["memory"],
        "shadow": "open", "answers": "open", "truth": "open",
    }  # fmt: skip
    assert look_back(plant, model, 30, lambda _share: None) == 20
    assert look_back(plant, model, 30, lambda _share: None) == 0
    for picture, label in sent:
        PictureCommands(plant).name(supervisor, picture, label)
    found = gates(plant)
    assert (found["truth"], found["answers"], found["shadow"]) == ("passed", "passed", "open")


def test_a_worse_card_and_a_changed_file_do_not_pass(plant, shipped, tmp_path) -> None:
    held_out = shipped.card.validation | {"recall_dent": 0.5}
    worse = folder(tmp_path / "worse", validation=held_out, limits=[])
    admit(plant, worse, tmp_path / "keep", load, "")
    found = gates(plant)
    assert (found["held-out data"], found["card"]) == ("failed", "failed")
    kept = tmp_path / "keep" / f"{NAME}-{SECOND}" / "model.onnx"
    kept.write_bytes(kept.read_bytes() + b"x")
    assert gates(plant)["file"] == "failed"
    with pytest.raises(NotNow, match="not passed yet"):
        ModelCommands(plant).promote(person(plant), "north", NAME, SECOND, "why", TYPED)
    pass_all(plant, shipped.card.version)
    with pytest.raises(Tampered):
        ModelCommands(plant).promote(
            person(plant, Role.MAINTENANCE_PLANNER), "north", NAME, SECOND, "y", TYPED
        )


def test_promoted_by_a_signature_and_back_in_one_without_a_restart(plant, shipped, second, tmp_path) -> None:
    admit(plant, second, tmp_path / "keep", load, "")
    lineup, manager, commands = FolderLineup(plant, shipped, load, 0), person(plant), ModelCommands(plant)
    first = shipped.card.version
    assert lineup.at_work().champion is shipped
    with pytest.raises(NotNow, match="have not been judged"):
        commands.promote(manager, "north", NAME, SECOND, "better", TYPED)
    pass_all(plant, first)
    commands.promote(manager, "north", NAME, SECOND, "better", TYPED)
    work = lineup.at_work()
    assert work.champion is not None and work.champion.card.version == SECOND and work.challengers == ()
    send(plant, "crack", 1)
    judge_due(plant, work.champion)
    with plant.read() as tx:
        assert list(tx.execute(select(t.inspections.c.model_version)).scalars()) == [SECOND]
    commands.roll_back(manager, "north", NAME, "too many scratches", TYPED)
    back = lineup.at_work().champion
    assert back is not None and back.card.version == first


def test_a_file_that_is_not_the_registered_one_judges_nothing(plant, shipped) -> None:
    with plant.write() as tx:
        tx.execute(t.model_versions.update().values(sha256="0" * 64))
    work = FolderLineup(plant, shipped, load).at_work()
    assert work.champion is None and "another file than the one that was registered" in work.trouble


def test_a_model_that_no_process_serves_is_not_admitted(plant, tmp_path) -> None:
    other = tmp_path / "labels"
    other.mkdir()
    (other / "card.json").write_text('{"capability": "classification"}')
    with pytest.raises(SettingsError, match="no process of the desk serves classification models"):
        admit(plant, other, tmp_path / "keep", load, "")
