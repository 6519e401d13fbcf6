"""A challenger's way: checked, in the shadow, past the gates, promoted by a signature, and back."""

import json

import numpy as np
import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from auth.signatures import Credential
from data.store import registry as store
from data.store import tables as t
from domain import model_gates as g
from domain.clock import DAY, HOUR, wall_us
from domain.errors import Forbidden, InvalidInput, NotNow, Tampered
from models.manifest import seal
from models.registry import load
from services import audit
from services.commands.models import ModelCommands
from services.queries.predictions import newest_prediction
from services.registry.admission import admit
from services.registry.checking import check, check_due
from services.registry.lineup import Lineup
from services.registry.pairs import pairs_of
from services.registry.shadowing import look_back
from services.risk_truth import Life, alarms
from services.score import score_due
from tests import factories as f
from tests.kits.pen import TYPED
from tests.models.tiny import write_onnx
from tests.services.score.plant import (
    SITE,
    START_US,
    add_maintenance,
    add_readings,
    add_site,
    served,
    unit_id,
)

NOW = START_US + 2 * DAY


@pytest.fixture
def plant(database, tmp_path):
    """A champion, and a folder with version 2 of it."""
    add_site(database, [11])
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW, origin_wall_us=wall_us()))
    add_readings(database, 11, START_US, NOW)
    champion = served(database, tmp_path / "one")
    second = served_folder(tmp_path / "two", champion)
    return champion, second, tmp_path / "keep"


def served_folder(folder, champion, version="2"):
    import shutil

    shutil.copytree(champion.judge.model.folder, folder)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"version": version}))
    seal(folder)
    return folder


def stages(database):
    with database.read() as tx:
        return {version: stage for (_, version), stage in store.stages(tx).items()}


def person(database, role=Role.PLANT_MANAGER):
    with database.write() as tx:
        return f.account(tx, role.value, [role])


def pass_all(database, champion="1"):
    rows = [
        {"model_name": "tiny", "model_version": "2", "gate": name, "champion_version": champion,
         "state": "passed", "words": "", "ours": None, "theirs": None, "checked_wall_us": wall_us()}
        for name in g.GATES
    ]  # fmt: skip
    with database.write() as tx:
        store.put_gates(tx, "tiny", "2", rows)


def test_an_admitted_version_is_copied_and_runs_in_the_shadow(database, plant):
    champion, second, keep = plant
    model = admit(database, second, keep, load, "more data")
    assert model.folder == keep / "tiny-2"
    assert stages(database) == {"1": "champion", "2": "shadow"}
    with pytest.raises(NotNow, match="in the shadow already"):
        admit(database, second, keep, load, "")
    work = Lineup(database, champion.judge.model, load).at_work()
    assert work.champion.judge.key == ("tiny", "1")
    assert [one.judge.key for one in work.challengers] == [("tiny", "2")]
    for one in (work.champion, *work.challengers):
        assert score_due(database, one, NOW, site_id=SITE).predictions == 1
    with database.read() as tx:
        p = t.predictions.c
        said = dict(tx.execute(select(p.model_version, p.shadow)).all())
        shown = tx.execute(select(newest_prediction(unit_id(11)))).scalar()
        assert said == {"1": False, "2": True}
        assert tx.execute(select(p.model_version).where(p.prediction_id == shown)).scalar() == "1"
    with database.read() as tx:
        assert [(e["kind"], e["model_version"], e["other_version"]) for e in store.events(tx)] == [
            ("admitted", "2", "1"),
            ("registered", "1", ""),
        ]


def test_a_file_that_was_changed_is_refused_in_clear_words(database, plant):
    champion, second, keep = plant
    write_onnx(second / "model.onnx", *champion.judge.model.scorer.shape, seed=9)
    with pytest.raises(Tampered, match="is not the file that its card describes"):
        admit(database, second, keep, load, "")
    assert stages(database) == {"1": "champion"}


def test_a_challenger_changed_after_its_admission_is_not_scored_with_nor_promoted(database, plant):
    champion, second, keep = plant
    admit(database, second, keep, load, "")
    pass_all(database)
    write_onnx(keep / "tiny-2" / "model.onnx", *champion.judge.model.scorer.shape, seed=9)
    work = Lineup(database, champion.judge.model, load).at_work()
    assert work.challengers == () and "is not the file that its card describes" in work.trouble
    with pytest.raises(Tampered, match="was changed, and is not used"):
        ModelCommands(database).promote(person(database), SITE, "tiny", "2", "better", TYPED)
    with database.read() as tx:
        row = store.version(tx, "tiny", "2")
    assert check(database, row, load)[0].state is g.GateState.FAILED


def test_promotion_needs_the_gates_a_person_who_may_and_the_password(database, plant):
    _champion, second, keep = plant
    admit(database, second, keep, load, "")
    commands, manager = ModelCommands(database), person(database)
    with pytest.raises(NotNow, match="not been judged yet"):
        commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    pass_all(database, champion="0")
    with pytest.raises(NotNow, match="another champion"):
        commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    pass_all(database)
    with database.write() as tx:
        tx.execute(update(t.model_gates).where(t.model_gates.c.gate == "truth").values(state="open"))
    with pytest.raises(NotNow, match="not passed yet: truth"):
        commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    pass_all(database)
    with pytest.raises(Forbidden, match="password is wrong"):
        commands.promote(manager, SITE, "tiny", "2", "better", Credential("no"))
    with pytest.raises(InvalidInput):
        commands.promote(manager, SITE, "tiny", "2", " ", TYPED)
    with pytest.raises(Forbidden):
        commands.promote(person(database, Role.SUPERVISOR), SITE, "tiny", "2", "better", TYPED)
    assert stages(database) == {"1": "champion", "2": "shadow"}
    commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    assert stages(database) == {"1": "retired", "2": "champion"}
    assert audit.verify(database).entries == 3


def test_a_promotion_takes_hold_without_a_restart_and_one_act_brings_the_old_version_back(database, plant):
    champion, second, keep = plant
    admit(database, second, keep, load, "")
    pass_all(database)
    lineup, commands, manager = (
        Lineup(database, champion.judge.model, load),
        ModelCommands(database),
        person(database),
    )
    commands.promote(manager, SITE, "tiny", "2", "better", TYPED)
    promoted = lineup.at_work().champion
    assert promoted.judge.key == ("tiny", "2") and not promoted.judge.shadow
    assert score_due(database, promoted, NOW, site_id=SITE).predictions == 0  # not before it took over
    commands.roll_back(manager, SITE, "tiny", "it cries wolf", TYPED)
    assert stages(database) == {"1": "champion", "2": "retired"}
    assert Lineup(database, promoted.judge.model, load).at_work().champion.judge.key == ("tiny", "1")
    with pytest.raises(NotNow, match="no version to go back to"):
        commands.roll_back(manager, SITE, "tiny", "again", TYPED)
    admit(database, second, keep, load, "second try")
    assert stages(database) == {"1": "champion", "2": "shadow"}
    commands.dismiss(manager, SITE, "tiny", "2", "no better", TYPED)
    assert stages(database) == {"1": "champion", "2": "retired"}
    with database.read() as tx:
        kinds = [event["kind"] for event in store.events(tx)]
        signed = [event["record_hash"] for event in store.events(tx) if event["account_id"]]
    assert kinds == ["dismissed", "admitted", "rolled back", "promoted", "admitted", "registered"]
    assert all(len(one) == 64 for one in signed) and len(set(signed)) == 3


def test_the_gates_are_judged_on_what_both_said_and_what_came(database, plant):
    champion, second, keep = plant
    model = admit(database, second, keep, load, "")
    look_back(database, model, 2, lambda _share: None)
    look_back(database, champion.judge.model, 2, lambda _share: None)
    with database.read() as tx:
        found = pairs_of(tx, [unit_id(11)], "tiny", "2", "1", 4 * HOUR * 1)
    assert found.pairs > 50 and found.decided > 0
    assert found.differences == (0.0,) and found.ours == found.theirs
    assert check_due(database, load) == 1 and check_due(database, load) == 0
    with database.read() as tx:
        states = {row["gate"]: row["state"] for row in store.gates(tx, "tiny", "2")}
    assert states["file"] == states["inputs"] == states["speed"] == "passed"
    assert states["card"] == "failed"  # the tiny card names no validation figures
    assert states["truth"] == states["shadow"] == "open"
    ModelCommands(database).ask_gates(person(database), SITE, "tiny", "2")
    assert check_due(database, load) == 1


def test_truth_is_censored_by_preventive_maintenance_and_by_the_end():
    life = Life(failed=(50, 200), maintained=(120,), until_us=210)
    assert life.outcome(40, 20) is True
    assert life.outcome(60, 20) is False
    assert life.outcome(110, 20) is None  # maintained first: nobody knows
    assert life.outcome(195, 10) is True
    assert life.outcome(205, 20) is None  # not over yet
    assert alarms([(1, True), (2, False), (3, True), (4, False), (5, False), (6, False), (7, True)]) == [1, 7]


def test_a_failure_counts_in_the_brier_score_of_both(database, plant):
    champion, second, keep = plant
    model = admit(database, second, keep, load, "")
    look_back(database, model, 1, lambda _share: None)
    look_back(database, champion.judge.model, 1, lambda _share: None)
    failed = NOW - 6 * HOUR
    add_maintenance(database, 11, failed, failed + HOUR)
    with database.write() as tx:
        tx.execute(update(t.maintenance).values(kind="corrective"))
    with database.read() as tx:
        found = pairs_of(tx, [unit_id(11)], "tiny", "2", "1", 4 * HOUR)
        p = t.predictions.c
        rows = tx.execute(
            select(p.at_us, p.probability).where(p.model_version == "1", p.probability.is_not(None))
        ).all()
    came = [(at, prob, failed - 4 * HOUR <= at < failed) for at, prob in rows if at <= NOW - 4 * HOUR]
    came += [
        (at, prob, True) for at, prob in rows if at > NOW - 4 * HOUR and failed - 4 * HOUR <= at < failed
    ]
    assert found.failures == 1 and found.decided == len(came)
    assert found.theirs == pytest.approx(np.mean([(prob - hit) ** 2 for _, prob, hit in came]))
