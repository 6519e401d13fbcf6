"""Pictures from their arrival to what a person says: once, bounded, stopped with the AI, audited."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from sqlalchemy import func, insert, select

from auth.permissions import Actor, Role
from data.store import inspections as store
from data.store import stops
from data.store import tables as t
from domain.clock import wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow, Tampered, Unavailable
from models.vision.session import Inspector
from services.commands.pictures import PictureCommands
from services.registry.folders import register
from services.vision import intake, judging
from services.vision.intake import receive
from services.vision.judging import judge_due
from simulator.pictures.render import render
from tests import factories as f

MODEL = Path(__file__).resolve().parents[3] / "models" / "artifacts" / "plant_vision"


@pytest.fixture(scope="module")
def inspector() -> Inspector:
    return Inspector(MODEL)


@pytest.fixture
def plant(database):
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        tx.execute(t.sites.update().values(virtual=True))
    return database


def person(database, roles, scopes=("north",)) -> Actor:
    with database.write() as tx:
        return f.account(tx, "ada", roles, scopes)


def row_of(database, inspection_id):
    with database.read() as tx:
        return store.get(tx, inspection_id)


def count(database, table) -> int:
    with database.read() as tx:
        return tx.execute(select(func.count()).select_from(table)).scalar_one()


def sent(database, label="good", seed=1, part="Bracket"):
    return receive(database, f.CNC, render(part, label, seed).jpeg(), "mqtt", "a topic")


def test_the_same_picture_is_kept_once_however_it_comes(plant) -> None:
    first = sent(plant)
    again = receive(plant, f.CNC, render("Bracket", "good", 1).jpeg(), "http", "camera-1")
    assert first.new and not again.new and again.inspection_id == first.inspection_id
    assert count(plant, t.inspections) == count(plant, t.part_pictures) == 1


def test_a_picture_out_of_focus_is_not_judged_but_looked_at(plant, inspector) -> None:
    image, blurred = Image.open(io.BytesIO(render("Bracket", "good", 3).jpeg())), io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(1.5)).save(blurred, "JPEG", quality=95)
    found = receive(plant, f.CNC, blurred.getvalue(), "mqtt", "a topic")
    assert judge_due(plant, inspector).unjudged == 1
    row = row_of(plant, found.inspection_id)
    assert (row["state"], row["for_person"], row["label"]) == ("unjudged", True, "")
    assert row["reason"].startswith("not judged: less sharp")


def test_a_bad_picture_leaves_its_reason_and_no_bytes(plant) -> None:
    found = receive(plant, f.CNC, b"not a picture", "folder", "x.jpg")
    assert "no readable" in found.reason
    row = row_of(plant, found.inspection_id)
    assert row["state"] == "refused" and row["reason"] == found.reason
    assert count(plant, t.part_pictures) == 0


def test_nobody_sends_for_a_machine_that_is_not_there(plant) -> None:
    for name in ("north/machining/line-1/none", "", "x" * 5_000):
        with pytest.raises(NotFound):
            receive(plant, name, render("Clip", "good", 1).jpeg(), "http", "camera")


def test_the_queue_is_bounded(plant, monkeypatch) -> None:
    monkeypatch.setattr(intake, "MOST_WAITING", 2)
    sent(plant, seed=1)
    sent(plant, seed=2)
    with pytest.raises(Unavailable):
        sent(plant, seed=3)
    assert count(plant, t.inspections) == 2


def test_a_picture_is_judged_with_its_model_and_regions(plant, inspector) -> None:
    register(plant, inspector)
    found = sent(plant, "colour", 4, "Carton of 12")
    assert judge_due(plant, inspector).judged == 1
    assert judge_due(plant, inspector).total == 0
    row = row_of(plant, found.inspection_id)
    content = json.loads(row["content"])
    assert row["state"] == "judged" and row["model_version"] == inspector.card.version
    assert abs(sum(content["probabilities"].values()) - 1) < 1e-3
    assert row["confidence"] == pytest.approx(max(content["probabilities"].values()), abs=1e-4)
    assert content["additivity_error"] < 1e-4
    if row["for_person"]:
        assert max(max(line) for line in content["regions"]) == 100


def test_a_picture_of_another_camera_is_never_judged(plant, inspector) -> None:
    small = io.BytesIO()
    Image.open(io.BytesIO(render("Clip", "good", 1).jpeg())).resize((120, 120)).save(small, "JPEG")
    found = receive(plant, f.CNC, small.getvalue(), "folder", "small.jpg")
    assert not found.reason
    assert judge_due(plant, inspector).refused == 1
    row = row_of(plant, found.inspection_id)
    assert row["state"] == "refused" and "120 x 120" in row["reason"]
    assert row["label"] == "" and row["confidence"] is None


def test_while_the_ai_is_stopped_a_person_looks(plant, inspector) -> None:
    found = sent(plant)
    with plant.write() as tx:
        tx.execute(insert(t.ai_stops).values(stop_row(inspector.card.name)))
        assert stops.stopped(tx, "north", inspector.card.name)
    assert judge_due(plant, inspector).unjudged == 1
    row = row_of(plant, found.inspection_id)
    assert row["state"] == "unjudged" and row["for_person"] and row["label"] == ""
    assert row["reason"] == judging.STOPPED


def test_a_model_of_drawn_parts_never_judges_real_ones(plant, inspector) -> None:
    found = sent(plant)
    with plant.write() as tx:
        tx.execute(t.sites.update().values(virtual=False))
    assert judge_due(plant, inspector).unjudged == 1
    assert row_of(plant, found.inspection_id)["reason"] == judging.DRAWN


def stop_row(name: str) -> dict:
    columns = {column.name: None for column in t.ai_stops.columns}
    for column in t.ai_stops.columns:
        if not column.nullable:
            kind = column.type.python_type
            columns[column.name] = False if kind is bool else 0 if kind in (int, float) else "x"
    columns |= {"site_id": "north", "model_name": name, "open_key": f"north|{name}|stop"}
    return columns | {"stopped_wall_us": wall_us()}


def test_a_person_confirms_or_corrects_and_it_is_audited(plant, inspector) -> None:
    found = sent(plant, "dent", 3)
    judge_due(plant, inspector)
    ada, commands = person(plant, [Role.OPERATOR]), PictureCommands(plant)
    commands.name(ada, found.inspection_id, "dent")
    commands.name(ada, found.inspection_id, "dent")
    assert row_of(plant, found.inspection_id)["said_label"] == "dent"
    with pytest.raises(Conflict):
        commands.name(ada, found.inspection_id, "crack")
    commands.name(ada, found.inspection_id, "crack", before="dent")
    with plant.read() as tx:
        entries = tx.execute(select(t.audit.c.detail).where(t.audit.c.subject_kind == "picture")).scalars()
        said = [json.loads(entry) for entry in entries]
    assert [(one["before"], one["now"]) for one in said] == [("", "dent"), ("dent", "crack")]


def test_who_may_name_what(plant, inspector) -> None:
    found, commands = sent(plant), PictureCommands(plant)
    ada = person(plant, [Role.OPERATOR])
    with pytest.raises(NotNow):
        commands.name(ada, found.inspection_id, "good")
    judge_due(plant, inspector)
    with pytest.raises(InvalidInput):
        commands.name(ada, found.inspection_id, "rust")
    with pytest.raises(NotFound):
        commands.name(ada, "nothing", "good")


def test_a_controller_or_another_line_may_not(plant, inspector) -> None:
    found, commands = sent(plant), PictureCommands(plant)
    judge_due(plant, inspector)
    with pytest.raises(Forbidden):
        commands.name(person(plant, [Role.CONTROLLER]), found.inspection_id, "good")


def test_another_line_finds_nothing(plant, inspector) -> None:
    found, commands = sent(plant), PictureCommands(plant)
    judge_due(plant, inspector)
    with pytest.raises(NotFound):
        commands.name(person(plant, [Role.OPERATOR], ("north/forming",)), found.inspection_id, "good")


def test_old_pictures_go_unless_somebody_named_them(plant, inspector) -> None:
    kept, gone = sent(plant, seed=1), sent(plant, seed=2)
    judge_due(plant, inspector)
    PictureCommands(plant).name(person(plant, [Role.OPERATOR]), kept.inspection_id, "good")
    with plant.write() as tx:
        assert judging.forget_old(tx, "north", f.NOW + 10**12) == 1
        assert set(store.pictures(tx, [kept.sha256, gone.sha256])) == {kept.sha256}
    assert count(plant, t.inspections) == 2


def test_another_file_under_a_known_version_is_tampered(plant, inspector) -> None:
    assert register(plant, inspector) == "champion"
    with plant.write() as tx:
        tx.execute(t.model_versions.update().values(sha256="0" * 64))
    with pytest.raises(Tampered):
        register(plant, inspector)
