"""Looks at a model at work: what came, what moved, who learns, and what follows from it."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from sqlalchemy import select, update

from auth.permissions import Role
from auth.signatures import Credential
from components.model_watch import share
from data.store import cases, half_hours, registry
from data.store import model_watch as store
from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import Forbidden, InvalidInput, NotNow
from domain.evidence import Evidence
from domain.messages import Finding
from domain.telemetry import METRICS
from models.features.plant import GAUGES
from services.commands.acting import Changes
from services.commands.model_watch import ModelWatchCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.stopping import StopCommands
from services.escalation import Escalation
from services.policy.file import DEFAULT
from services.recommend import expire
from services.risk_truth import Life
from services.rows.model_watch import OutputDrift
from services.signing import LETS_TRAIN
from services.situation import site_at
from services.watching.learning import learning
from services.watching.looking import keep, look, look_due, moved_inputs, reasons
from services.watching.reading import read
from services.watching.truth import cases_of, tally
from tests import factories as f
from tests.kits.pen import TYPED, SigningCommands
from tests.kits.policies import in_force
from tests.services.score.plant import SITE, START_US, add_maintenance, add_site, served, unit_id

NOW = START_US + 12 * DAY
UNITS = (11, 12, 13, 14, 15)


@pytest.fixture
def plant(database, tmp_path):
    add_site(database, UNITS)
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW, origin_wall_us=wall_us()))
    served(database, tmp_path / "one")
    return database


def add_half_hours(database, number: int, shift: float = 0.0) -> None:
    """Twelve days of half hours; `shift` lifts the first gauge in the last two."""
    draw = np.random.default_rng(number)
    first, count = START_US // half_hours.HALF_US, 12 * 48
    means = draw.normal(10, 1, (count, len(GAUGES)))
    means[-96:, 0] += shift
    rows = [half_hours.HalfHour(first + k, means[k].tobytes(), 1.0) for k in range(count)]
    with database.write() as tx:
        half_hours.save(tx, unit_id(number), rows)


def predict(database, number: int, times, chance: float) -> None:
    with database.write() as tx:
        for at in times:
            f.prediction(
                tx, unit_id(number), int(at), probability=chance, model_name="tiny", model_version="1",
                above_threshold=chance >= 0.5,
            )  # fmt: skip


def look_now(database):
    with database.read() as tx:
        return look(tx, site_at(tx, SITE), registry.champion(tx, "tiny"))


def fail(database, number: int, at_us: int) -> None:
    add_maintenance(database, number, at_us, at_us + HOUR)
    with database.write() as tx:
        m = t.maintenance
        tx.execute(update(m).where(m.c.equipment_id == unit_id(number)).values(kind="corrective"))


def test_cases_are_one_a_day_and_end_as_their_machine_did(plant):
    predict(plant, 11, np.arange(START_US + 30 * MINUTE, NOW - DAY, 30 * MINUTE), 0.1)
    with plant.read() as tx:
        said = registry.spoken(tx, "tiny", "1", unit_id(11), 0)
    day = START_US + 5 * DAY
    life = Life(failed=(day + 10 * HOUR,), maintained=(day + 3 * DAY,), until_us=NOW)
    cases = cases_of(said, life, DAY)
    assert len(cases) == 11 and sum(c.failed for c in cases) == 1 and sum(c.censored for c in cases) == 1
    assert {c.at_us % DAY for c in cases} == {DAY - 30 * MINUTE}
    late = Life((), (), until_us=NOW - 3 * DAY)
    assert len(cases_of(said, late, DAY)) == 8  # those whose day is not over are no cases yet


def test_alarms_are_right_wrong_cut_off_or_open(plant):
    hours = [HOUR * h for h in (0, 100, 200, 283)]
    predict(plant, 11, [START_US + h for h in hours], 0.9)
    for h in hours:
        predict(plant, 11, [START_US + h + k * 30 * MINUTE for k in (1, 2, 3)], 0.1)
    with plant.read() as tx:
        said = registry.spoken(tx, "tiny", "1", unit_id(11), 0)
    life = Life((START_US + 6 * HOUR, START_US + 500 * HOUR), (START_US + 210 * HOUR,), NOW)
    found = tally("CNC", said, replace(life, failed=life.failed[:1]), DAY)
    assert (found.alarms, found.true, found.false, found.censored, found.waiting) == (4, 1, 1, 1, 1)
    assert (found.failures, found.warned) == (1, 1)


def test_a_sensor_that_moved_is_named_beside_chances_that_moved_and_proposes_nothing_alone(plant):
    for number in UNITS:
        add_half_hours(plant, number, shift=6.0 if number > 13 else 0.0)
    found = look_now(plant)
    row = found.inputs[0]
    assert (row.metric, row.compared, row.shifted) == (GAUGES[0], 5, 2)
    told = f"{METRICS[GAUGES[0]].label} has moved on 2 of 5 CNC machines"
    assert moved_inputs(found) == [told]
    assert reasons(found) == []
    moved = replace(found, output=OutputDrift(0.31, 0.1, 0.2, 100))
    assert reasons(moved) == ["the stated chances have moved (PSI 0.31)", told]
    assert read(json.dumps(asdict(found))) == found


def test_a_machine_is_compared_with_its_days_since_the_last_change(plant):
    for number in UNITS:
        add_half_hours(plant, number, shift=6.0 if number > 13 else 0.0)
    add_maintenance(plant, 14, NOW - 2 * DAY - HOUR, NOW - 2 * DAY)
    manager = person(plant)
    ModelWatchCommands(plant).mark(
        manager, unit_id(15), "sensor", NOW - 2 * DAY, "sensor moved to the bearing"
    )
    found = look_now(plant)
    assert found.inputs[0].compared == 3 and all(not row.shifted for row in found.inputs)
    assert [(one.machine, one.why) for one in found.learning] == [
        ("CNC-14", "preventive maintenance"),
        ("CNC-15", "new or moved sensor"),
    ]
    with plant.read() as tx:
        assert learning(tx, SITE, NOW + 2 * DAY) == {}


def person(database, role=Role.PLANT_MANAGER, scopes=(SITE,)):
    with database.write() as tx:
        return f.account(tx, f"{role.value}-{len(scopes[0])}", [role], scopes)


def test_marks_are_for_those_who_may_and_for_the_last_two_weeks(plant):
    commands, manager = ModelWatchCommands(plant), person(plant)
    with pytest.raises(Forbidden):
        commands.mark(person(plant, Role.OPERATOR), unit_id(11), "tool", NOW, "new")
    with pytest.raises(Forbidden):
        commands.mark(person(plant, scopes=("south/x",)), unit_id(11), "tool", NOW, "new")
    for kind, at, words in (("tool", NOW + DAY, "new"), ("tool", NOW - 15 * DAY, "new"), ("soul", NOW, "new"),
                            ("tool", NOW, " ")):  # fmt: skip
        with pytest.raises(InvalidInput):
            commands.mark(manager, unit_id(11), kind, at, words)


def proposed(database) -> dict:
    """Sensors moved, and with them the chances that the model states: the case about it."""
    moved(database)
    assert look_due(database) == 1 and look_due(database) == 0
    with database.read() as tx:
        (row,) = cases.open_for(tx, SITE)
    return row


def moved(database) -> None:
    for number in UNITS:
        add_half_hours(database, number, shift=6.0)
        for k in range(24):
            predict(database, number, [NOW - 6 * DAY + k * 4 * HOUR], 0.02 + k / 1_000)
            predict(database, number, [NOW - DAY + k * HOUR], 0.2 + k / 1_000)


def look_again(database, later_us: int = 0) -> None:
    with database.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW + later_us, origin_wall_us=wall_us()))
        site = site_at(tx, SITE)
        keep(tx, site, look(tx, site, registry.champion(tx, "tiny")))


def states(database) -> list[tuple[str, str]]:
    with database.read() as tx:
        return [(row["state"], row["case_state"]) for row in store.proposals(tx, SITE)]


def test_a_proposal_is_a_case_with_the_figures_behind_it_and_is_made_once(plant):
    case = proposed(plant)
    assert (case["kind"], case["state"], case["equipment_id"]) == ("retraining", "proposed", SITE)
    assert case["permission"] == "manage_models" and case["proposed_by"] == "tiny 1"
    told = Evidence.from_json(case["evidence"])
    assert "the stated chances have moved (PSI" in told.words
    assert "Stated chance on average, the last two days" in [one.label for one in told.inputs]
    assert any("of 5; furthest CNC-1" in one.source for one in told.inputs)
    assert told.assumptions[0].startswith("Known by now at this site: ")
    with plant.read() as tx:
        (command,) = cases.commands_of(tx, case["case_id"])
        assert (command["kind"], command["state"]) == ("retraining", "proposed")
        assert store.of_case(tx, case["case_id"])["model_version"] == "1"
    look_again(plant)
    assert states(plant) == [("case", "proposed")]


def test_those_who_may_decide_are_told_by_the_escalation(plant):
    manager = person(plant)
    person(plant, Role.SUPERVISOR)
    person(plant, Role.PLANT_MANAGER, (f"{SITE}/machining",))
    case = proposed(plant)
    Escalation(plant).turn()
    with plant.read() as tx:
        n = t.notices.c
        told = tx.execute(select(n.account_id, n.subject).where(n.channel == "app")).all()
    assert told == [(manager.account_id, f"Case {case['number']}: Train the tiny model anew")]


def test_the_policy_says_who_decides_and_a_look_keeps_the_evidence_fresh(plant):
    manager, commands = person(plant), SigningCommands(plant)
    case = proposed(plant)
    with pytest.raises(Forbidden):
        commands.approve(person(plant, Role.SUPERVISOR), case["case_id"], 1, "act-00001")
    with pytest.raises(Forbidden, match="password"):
        commands.approve(manager, case["case_id"], 1, "act-00002", credential=Credential("no"))
    with plant.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=NOW + 2 * HOUR, origin_wall_us=wall_us()))
    with pytest.raises(NotNow, match="wait for fresh data"):
        commands.approve(manager, case["case_id"], 1, "act-00003")
    look_again(plant, 2 * HOUR)
    with pytest.raises(NotNow, match="approved as it is"):
        commands.approve(manager, case["case_id"], 1, "act-00004", Changes("wait"))
    done = commands.approve(manager, case["case_id"], 1, "act-00005")
    assert done.message == "Approved. The training waits to be run: python -m runtime retrain."
    with plant.read() as tx:
        assert tx.execute(select(t.outbox)).all() == []
        (signed,) = tx.execute(select(t.signatures.c.meaning)).scalars()
    assert signed == LETS_TRAIN
    with pytest.raises(NotNow):
        OutcomeCommands(plant).found(
            person(plant, Role.MAINTENANCE_PLANNER), case["case_id"], "act-00006", Finding.NOTHING_FOUND
        )
    commands.undo(manager, case["case_id"], done.version, "act-00007", "not now")
    assert states(plant) == [("case", "cancelled")]


def test_four_eyes_where_the_policy_asks_for_them(plant):
    text = DEFAULT.read_text().replace(
        "    when: {kinds: [retraining]}\n", "    when: {kinds: [retraining]}\n    two_consents: true\n"
    )
    in_force(plant, text)
    case = proposed(plant)
    first = SigningCommands(plant).approve(person(plant), case["case_id"], 1, "act-00001")
    assert "still waits" in first.message
    planner = person(plant, Role.MAINTENANCE_PLANNER)
    SigningCommands(plant).approve(planner, case["case_id"], first.version, "act-00002")
    assert states(plant) == [("case", "approved")]


def test_a_rejected_proposal_is_not_repeated_for_a_week(plant):
    case = proposed(plant)
    SigningCommands(plant).reject(person(plant), case["case_id"], 1, "act-00001", "not_convincing")
    look_again(plant)
    assert states(plant) == [("case", "rejected")]


def test_a_stop_of_the_model_withdraws_it_and_nothing_is_proposed_while_it_lasts(plant):
    case = proposed(plant)
    StopCommands(plant).stop(person(plant), SITE, "tiny", "it says too much", TYPED)
    look_again(plant)
    assert states(plant) == [("case", "withdrawn")]
    with plant.read() as tx:
        assert cases.get(tx, case["case_id"])["reason"] == "The AI was stopped: it says too much"


def test_nobody_decides_and_the_case_expires(plant):
    proposed(plant)
    with plant.write() as tx:
        expire(tx, SITE, NOW + 7 * DAY + HOUR)
    assert states(plant) == [("case", "expired")]


def test_no_share_stands_on_fewer_than_twenty():
    assert "too few: 19 of 20" in share(10, 19)
    assert share(10, 20) == "50 % of 20"
