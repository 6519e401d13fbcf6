import json

import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from data.wire.orders import decode_command
from domain.clock import DAY, HOUR, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from domain.evidence import Payload
from domain.messages import Finding, MaintenanceOrder
from domain.recommendation import Choice
from services import audit
from services.commands.acting import Changes
from services.commands.cases import CaseCommands
from services.commands.outcomes import OutcomeCommands
from services.recommend import Recommender
from services.signing import record_hash
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import CNC_11, Plant

ACT, OTHER_ACT = "act-00000001", "act-00000002"


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    considered = recommender.consider(plant.predict(0.85))
    assert considered.case_id
    return considered.case_id


def test_an_approval_signs_queues_and_audits_in_one_go(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str, database: Database
) -> None:
    decided = desk.approve(supervisor, case_id, 1, ACT)
    assert (decided.state, decided.version, decided.number) == ("approved", 2, 1001)
    case, commands, outbox = plant.case(case_id), plant.commands(case_id), plant.outbox()
    assert (case["decided_by"], case["open_key"]) == (supervisor.account_id, f"{CNC_11}|bearing")
    assert {c["state"] for c in commands} == {"queued"}
    assert {o["message_id"] for o in outbox} == {c["command_id"] for c in commands}
    for row, command in zip(sorted(outbox, key=lambda o: o["queue"] != "mes.line-1"), commands, strict=True):
        sent = decode_command(row["body"])
        assert (sent.command_id, sent.business_key) == (command["command_id"], command["business_key"])
        assert sent.work == Payload.from_json(command["payload"]).work
    (signature,) = plant.rows(select(t.signatures))
    assert signature["printed_name"] == supervisor.name and "release these orders" in signature["meaning"]
    assert signature["record_hash"] == record_hash(case, commands)
    assert plant.actions(case_id) == ["proposed", "approved"]
    assert audit.verify(database).entries == 2


def test_a_changed_evidence_or_payload_no_longer_matches_the_signature(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT)
    (signature,) = plant.rows(select(t.signatures))
    case, commands = plant.case(case_id), plant.commands(case_id)
    forged = [{**commands[0], "payload": commands[0]["payload"].replace("10800", "108")}, commands[1]]
    assert record_hash(case, forged) != signature["record_hash"]
    assert record_hash({**case, "evidence": "{}"}, commands) != signature["record_hash"]


def test_a_double_click_gets_the_first_result(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    first = desk.approve(supervisor, case_id, 1, ACT)
    assert desk.approve(supervisor, case_id, 1, ACT) == first
    assert len(plant.rows(select(t.signatures))) == 1
    assert len(plant.outbox()) == 2


def test_an_act_id_of_somebody_else_is_refused(
    desk: CaseCommands, supervisor: Actor, planner: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT)
    with pytest.raises(InvalidInput):
        desk.approve(planner, case_id, 2, ACT)


def test_an_older_version_cannot_be_decided(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str, recommender: Recommender
) -> None:
    plant.age(case_id, version=2)
    with pytest.raises(Conflict):
        desk.approve(supervisor, case_id, 1, ACT)
    assert plant.outbox() == []


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.TECHNICIAN, Role.ADMINISTRATOR])
def test_who_may_not_decide_cannot(plant: Plant, desk: CaseCommands, case_id: str, role: Role) -> None:
    person = plant.person(role)
    with pytest.raises(Forbidden):
        desk.approve(person, case_id, 1, ACT)
    with pytest.raises(Forbidden):
        desk.reject(person, case_id, 1, ACT, "not_convincing")
    assert plant.case(case_id)["state"] == "proposed"


def test_another_line_is_out_of_reach(plant: Plant, desk: CaseCommands, case_id: str) -> None:
    elsewhere = plant.person(Role.SUPERVISOR, scope="north/forming/line-2")
    with pytest.raises(NotFound):
        desk.approve(elsewhere, case_id, 1, ACT)
    with pytest.raises(NotFound):
        desk.comment(elsewhere, case_id, ACT, "hello")


def test_expired_or_stale_advice_cannot_be_approved(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    now = wall_us()
    plant.age(case_id, deadline_us=now - 1)
    with pytest.raises(NotNow, match="expired"):
        desk.approve(supervisor, case_id, 1, ACT)
    plant.age(case_id, deadline_us=now + DAY, evidence_us=now - 2 * HOUR)
    with pytest.raises(NotNow, match="min old"):
        desk.approve(supervisor, case_id, 1, ACT)
    with pytest.raises(NotNow, match="min old"):
        desk.approve(supervisor, case_id, 1, ACT, Changes(Choice.INSPECT_FIRST))


def test_above_the_limit_it_is_refused_or_proposed_to_another(
    plant: Plant, desk: CaseCommands, supervisor: Actor, planner: Actor, case_id: str
) -> None:
    plant.age(case_id, cost_cents=450_000)
    with pytest.raises(Forbidden, match="above"):
        desk.approve(supervisor, case_id, 1, ACT)
    assert desk.approve(planner, case_id, 1, ACT).state == "approved"


def test_a_dear_change_becomes_a_proposal_that_its_author_cannot_approve(
    plant: Plant, desk: CaseCommands, planner: Actor, case_id: str
) -> None:
    helper = plant.person(Role.SUPERVISOR)
    late = wall_us() + 20 * HOUR
    decided = desk.approve(helper, case_id, 1, ACT, Changes("at_time", late, "only the night crew is free"))
    assert decided.state == "proposed" and decided.version == 2
    case = plant.case(case_id)
    assert case["proposed_by"] == helper.account_id and case["cost_cents"] > 400_000
    assert plant.outbox() == []
    with pytest.raises(Forbidden, match="proposed"):
        desk.approve(helper, case_id, 2, OTHER_ACT)
    approved = desk.approve(planner, case_id, 2, "act-00000003")
    assert approved.state == "approved"
    work = Payload.from_json(plant.commands(case_id)[0]["payload"]).work
    assert isinstance(work, MaintenanceOrder) and work.start_us == late


def test_approve_with_a_later_time_is_one_signed_act(
    plant: Plant, desk: CaseCommands, planner: Actor, case_id: str
) -> None:
    before, later = plant.case(case_id), wall_us() + 2 * HOUR
    decided = desk.approve(planner, case_id, 1, ACT, Changes("at_time", later))
    case = plant.case(case_id)
    assert decided.state == "approved"
    assert case["cost_cents"] > before["cost_cents"] and case["benefit_cents"] < before["benefit_cents"]
    work = Payload.from_json(plant.commands(case_id)[0]["payload"]).work
    assert isinstance(work, MaintenanceOrder) and work.start_us == later
    (signature,) = plant.rows(select(t.signatures))
    assert "changed the proposal" in signature["meaning"]


def test_a_change_to_another_listed_choice(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT, Changes(Choice.INSPECT_FIRST))
    assert [c["kind"] for c in plant.commands(case_id)] == ["inspection_order"]


@pytest.mark.parametrize("choice", [Choice.WAIT_FOR_ALARM, Choice.RUN_TO_FAILURE])
def test_a_choice_that_sends_nothing_is_no_approval(
    desk: CaseCommands, supervisor: Actor, case_id: str, choice: Choice
) -> None:
    with pytest.raises(InvalidInput, match="sends nothing"):
        desk.approve(supervisor, case_id, 1, ACT, Changes(choice))


def test_a_start_in_the_past_is_refused(
    plant: Plant, desk: CaseCommands, planner: Actor, case_id: str
) -> None:
    with pytest.raises(NotNow, match="past"):
        desk.approve(planner, case_id, 1, ACT, Changes("at_time", wall_us() - HOUR))
    assert plant.case(case_id)["state"] == "proposed"


def test_now_still_means_now_when_the_decision_took_a_while(
    plant: Plant, desk: CaseCommands, supervisor: Actor, recommender: Recommender
) -> None:
    considered = recommender.consider(plant.predict(0.85, at_us=wall_us() - HOUR))
    assert considered.case_id
    desk.approve(supervisor, considered.case_id, 1, ACT)
    work = Payload.from_json(plant.commands(considered.case_id)[0]["payload"]).work
    assert isinstance(work, MaintenanceOrder) and work.start_us > wall_us()


def test_a_rejection_has_a_reason_and_sends_nothing(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    with pytest.raises(InvalidInput):
        desk.reject(supervisor, case_id, 1, ACT, "no_such_reason")
    with pytest.raises(InvalidInput):
        desk.reject(supervisor, case_id, 1, ACT, "other")
    desk.reject(supervisor, case_id, 1, ACT, "sensor_wrong", "replaced yesterday")
    case = plant.case(case_id)
    assert (case["state"], case["open_key"]) == ("rejected", None)
    assert case["reason"] == "A sensor is wrong: replaced yesterday"
    assert plant.outbox() == []
    with pytest.raises(NotNow, match="rejected"):
        desk.approve(supervisor, case_id, case["version"], OTHER_ACT)


def test_seen_is_recorded_once_per_person_and_leaves_the_version(
    plant: Plant, desk: CaseCommands, supervisor: Actor, operator: Actor, case_id: str
) -> None:
    desk.seen(operator, case_id)
    assert plant.case(case_id)["state"] == "proposed"
    desk.seen(supervisor, case_id)
    desk.seen(supervisor, case_id)
    assert (plant.case(case_id)["state"], plant.case(case_id)["version"]) == ("seen", 1)
    assert plant.actions(case_id) == ["proposed", "seen", "seen"]


def test_comments_are_kept_and_checked(
    plant: Plant, desk: CaseCommands, operator: Actor, case_id: str
) -> None:
    desk.comment(operator, case_id, ACT, "  It sounds rough since Monday. ")
    desk.comment(operator, case_id, ACT, "It sounds rough since Monday.")
    with pytest.raises(InvalidInput):
        desk.comment(operator, case_id, OTHER_ACT, "   ")
    rows = plant.rows(select(t.audit).where(t.audit.c.action == "comment"))
    assert [json.loads(r["detail"])["text"] for r in rows] == ["It sounds rough since Monday."]


def test_whoever_raises_a_case_does_not_approve_it(
    plant: Plant, desk: CaseCommands, supervisor: Actor, planner: Actor
) -> None:
    raised = desk.raise_case(supervisor, CNC_11, ACT, "bearing", "Howls at high speed")
    case = plant.case(raised.case_id)
    assert (case["kind"], case["state"], case["proposed_by"]) == ("raised", "proposed", supervisor.account_id)
    assert "Howls" in json.loads(case["evidence"])["words"]
    for changes in (None, Changes(Choice.NOW)):
        with pytest.raises(Forbidden):
            desk.approve(supervisor, raised.case_id, 1, OTHER_ACT, changes)
    assert desk.approve(planner, raised.case_id, 1, "act-00000003").state == "approved"
    assert [c["kind"] for c in plant.commands(raised.case_id)] == ["inspection_order"]


def test_a_second_case_for_the_same_machine_and_cause_joins_the_open_one(
    plant: Plant, desk: CaseCommands, operator: Actor, case_id: str
) -> None:
    before = plant.case()
    joined = desk.raise_case(operator, CNC_11, ACT, "bearing", "Howls")
    assert joined.case_id == case_id and "is open for this already" in joined.message
    assert plant.case() == before  # what was read and signed stays as it is
    with pytest.raises(InvalidInput):
        desk.raise_case(operator, CNC_11, OTHER_ACT, "ghosts", "Howls")


def test_a_model_does_not_double_what_a_person_raised(
    plant: Plant, desk: CaseCommands, operator: Actor, recommender: Recommender
) -> None:
    desk.raise_case(operator, CNC_11, ACT, "bearing", "Howls")
    recommender.consider(plant.predict(0.9))
    assert len(plant.rows(select(t.cases))) == 1


def test_taking_back_what_is_queued_drops_it(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT)
    undone = desk.undo(supervisor, case_id, 2, OTHER_ACT, "wrong machine")
    assert undone.state == "cancelled"
    assert {o["state"] for o in plant.outbox()} == {"dropped"}
    assert {c["state"] for c in plant.commands(case_id)} == {"cancelled"}
    case = plant.case(case_id)
    assert case["open_key"] is None and not case["attention"]


def test_the_outcome_closes_the_case_and_can_be_corrected(
    plant: Plant, desk: CaseCommands, supervisor: Actor, technician: Actor, case_id: str
) -> None:
    outcomes = OutcomeCommands(plant.database)
    with pytest.raises(NotNow):
        outcomes.found(technician, case_id, ACT, Finding.DEGRADED)
    desk.reject(supervisor, case_id, 1, OTHER_ACT, "not_convincing")
    outcomes.found(technician, case_id, "act-00000003", Finding.FAILED, "bearing", text="seized")
    assert plant.case(case_id)["state"] == "judged"
    outcomes.found(technician, case_id, "act-00000004", Finding.OTHER_FAULT, "leak")
    (outcome,) = plant.rows(select(t.outcomes))
    assert (outcome["finding"], outcome["cause"]) == ("other_fault", "leak")
    last = plant.rows(select(t.audit).order_by(t.audit.c.entry.desc()))[0]
    assert json.loads(last["detail"])["before"] == {"finding": "failed", "cause": "bearing"}


def test_a_sensor_is_ignored_with_an_owner_and_an_end(
    plant: Plant, desk: CaseCommands, supervisor: Actor, database: Database
) -> None:
    with database.write() as tx:
        tx.execute(t.metrics.insert().values(equipment_id=CNC_11, name="pressure", unit="kPa", kind="gauge"))
    with pytest.raises(InvalidInput, match="week"):
        desk.ignore_input(supervisor, CNC_11, ACT, "pressure", wall_us() + 8 * DAY, "drifts")
    with pytest.raises(NotFound):
        desk.ignore_input(supervisor, CNC_11, ACT, "aura", wall_us() + DAY, "drifts")
    for _ in range(2):
        desk.ignore_input(supervisor, CNC_11, ACT, "pressure", wall_us() + DAY, "drifts")
    (row,) = plant.rows(select(t.ignored_inputs))
    assert (row["owner_id"], row["reason"]) == (supervisor.account_id, "drifts")


def test_a_replay_sends_nothing(database: Database) -> None:
    plant = Plant(database).build(shadow=True)
    case_id = Recommender(database).consider(plant.predict(0.85)).case_id
    assert case_id
    decided = SigningCommands(database).approve(plant.person(Role.SUPERVISOR), case_id, 1, ACT)
    assert decided.state == "approved" and "replay" in decided.message
    assert plant.outbox() == []


def test_rights_are_read_anew_at_every_act(
    plant: Plant, desk: CaseCommands, supervisor: Actor, case_id: str, database: Database
) -> None:
    with database.write() as tx:
        tx.execute(
            t.accounts.update()
            .where(t.accounts.c.account_id == supervisor.account_id)
            .values(roles="operator")
        )
    with pytest.raises(Forbidden):
        desk.approve(supervisor, case_id, 1, ACT)


def test_what_is_approved_is_not_approved_again(
    plant: Plant, desk: CaseCommands, supervisor: Actor, planner: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT)
    for changes in (None, Changes(Choice.INSPECT_FIRST)):
        with pytest.raises(NotNow, match="already approved"):
            desk.approve(planner, case_id, 2, OTHER_ACT, changes)
    assert len(plant.outbox()) == 2
