"""What was signed is what is sent: a change after the first signature lets it fall, and says so."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from data.wire.orders import decode_command
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import InvalidInput, NotFound, NotNow
from domain.ids import new_id
from domain.messages import Finding, ReceiptStatus
from domain.policy import put_off
from domain.recommendation import Choice
from services.commands.acting import Changes
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.stopping import StopCommands
from services.context import Context
from services.fallback import watch_stopped
from services.joining import Source, take_in
from services.policy.file import DEFAULT
from services.queries.outcomes import OutcomeQueries
from services.receipts import take
from services.recommend import Recommender
from services.rows.site import SiteRow
from services.signing import record_hash
from services.situation import site_at
from services.sources.watch import SourceWatch
from services.spc.casing import Signal as Broken
from services.spc.casing import raise_or_note
from tests.kits.pen import TYPED, SigningCommands
from tests.kits.policies import FOUR_EYES, in_force
from tests.services.decide.plant import CNC_11, CNC_12, MODEL, SITE, Plant, receipt
from tests.services.decide.test_choices import pass_by, starts
from tests.services.decide.test_joining import alarm, said
from tests.services.decide.test_outcomes import picture
from tests.services.decide.test_stopping import SHAKING, readings

ONE, TWO, THREE = (f"act-0000000{k}" for k in range(3))


@pytest.fixture
def manager(plant: Plant) -> Actor:
    return plant.person(Role.PLANT_MANAGER)


def told(plant: Plant, who: Actor) -> list[str]:
    n = t.notices.c
    mine = select(n.body).where(n.account_id == who.account_id, n.body.like("What you signed%"))
    return [row["body"] for row in plant.rows(mine)]


def noted(plant: Plant, case_id: str, action: str) -> list[dict]:
    a = t.audit.c
    rows = plant.rows(select(a.detail).where(a.subject_id == case_id, a.action == action).order_by(a.entry))
    return [json.loads(row["detail"]) for row in rows]


def at_once(plant: Plant) -> str:
    """A case to be begun at once, under four eyes."""
    in_force(plant.database, FOUR_EYES)
    case_id = Recommender(plant.database).consider(plant.predict(0.97)).case_id
    assert case_id and plant.case(case_id)["advised"] == Choice.NOW
    return case_id


def renewal_lets_signatures_fall(plant: Plant) -> None:
    desk, case_id = SigningCommands(plant.database), at_once(plant)
    manager, supervisor = plant.person(Role.PLANT_MANAGER), plant.person(Role.SUPERVISOR)
    first = desk.approve(manager, case_id, 1, ONE)
    ids, before = {row["command_id"] for row in plant.commands(case_id)}, starts(plant)
    pass_by(plant.database, 40 * MINUTE)
    assert Recommender(plant.database).renew_all() == 1
    case = plant.case(case_id)
    assert case["version"] == first.version + 1 and case["state"] == "proposed"
    assert not ids & {row["command_id"] for row in plant.commands(case_id)}
    assert len(told(plant, manager)) == 1 and "passed" in told(plant, manager)[0]
    (entry,) = noted(plant, case_id, "proposal renewed, its start had passed")
    assert entry["starts_before_us"] == before and entry["starts_us"] == starts(plant) != before
    assert entry["fallen"] == [manager.account_id]
    again = desk.approve(supervisor, case_id, case["version"], TWO)  # the first signature under these terms
    assert again.state == "proposed" and plant.outbox() == []
    assert desk.approve(manager, case_id, again.version, THREE).state == "approved"


def test_a_renewal_lets_the_signatures_fall(plant: Plant) -> None:
    renewal_lets_signatures_fall(plant)


@pytest.mark.services
def test_a_renewal_lets_the_signatures_fall_on_postgresql(postgres: Database) -> None:
    renewal_lets_signatures_fall(Plant(postgres).build())


def test_a_start_that_passes_between_two_signatures_wants_both_anew(
    plant: Plant, desk: CaseCommands, manager: Actor, supervisor: Actor
) -> None:
    case_id = at_once(plant)
    first = desk.approve(manager, case_id, 1, ONE)
    pass_by(plant.database, 40 * MINUTE)
    second = desk.approve(supervisor, case_id, first.version, TWO)
    assert second.state == "proposed" and plant.outbox() == [] and len(told(plant, manager)) == 1
    assert desk.approve(manager, case_id, second.version, THREE).state == "approved"
    (moved,) = noted(plant, case_id, "start moved on")
    assert max(moved["starts_before_us"]) < min(moved["starts_us"])


def test_every_signature_of_a_release_is_under_what_was_sent(
    plant: Plant, desk: CaseCommands, manager: Actor, supervisor: Actor
) -> None:
    case_id = at_once(plant)
    first = desk.approve(manager, case_id, 1, ONE)
    pass_by(plant.database, 40 * MINUTE)
    second = desk.approve(supervisor, case_id, first.version, TWO)
    desk.approve(manager, case_id, second.version, THREE)
    case, commands = plant.case(case_id), plant.commands(case_id)
    sent = record_hash(case, [dict(row) for row in commands])
    signed = plant.rows(select(t.signatures).order_by(t.signatures.c.signed_wall_us))
    assert [row["record_hash"] for row in signed][1:] == [sent, sent] and signed[0]["record_hash"] != sent
    bodies = {decode_command(row["body"]).command_id for row in plant.outbox()}
    assert bodies == {row["command_id"] for row in commands}


def test_without_a_signature_the_start_moves_on_and_the_audit_says_from_where_to_where(
    plant: Plant, recommender: Recommender
) -> None:
    case_id = at_once(plant)
    before = starts(plant)
    pass_by(plant.database, 40 * MINUTE)
    assert recommender.renew_all() == 1
    (moved,) = noted(plant, case_id, "start moved on")
    assert moved["starts_before_us"] == before and moved["starts_us"] == starts(plant)
    assert plant.case(case_id)["version"] == 1


def test_newer_data_and_a_colleagues_change_tell_whoever_had_signed(
    plant: Plant, desk: CaseCommands, manager: Actor, supervisor: Actor, recommender: Recommender
) -> None:
    in_force(plant.database, FOUR_EYES)
    case_id = str(recommender.consider(plant.predict(0.85)).case_id)
    desk.approve(manager, case_id, 1, ONE)
    recommender.consider(plant.predict(0.4))
    assert len(told(plant, manager)) == 1 and "newer data" in told(plant, manager)[0]
    signed = desk.approve(manager, case_id, plant.case(case_id)["version"], TWO)
    desk.approve(supervisor, case_id, signed.version, THREE, Changes(Choice.NOW, None, "sooner"))
    assert len(told(plant, manager)) == 2 and told(plant, supervisor) == []


def test_whoever_had_signed_is_told_that_the_case_has_ended(
    plant: Plant, desk: CaseCommands, manager: Actor, recommender: Recommender
) -> None:
    in_force(plant.database, FOUR_EYES)
    case_id = str(recommender.consider(plant.predict(0.85)).case_id)
    desk.approve(manager, case_id, 1, ONE)
    assert recommender.expire_due(SITE, plant.case(case_id)["deadline_us"]) == 1
    assert len(told(plant, manager)) == 1 and "it has expired" in told(plant, manager)[0]


def test_a_finding_before_the_orders_have_ended_keeps_the_case_open(
    plant: Plant, desk: CaseCommands, manager: Actor, technician: Actor, recommender: Recommender
) -> None:
    case_id = str(recommender.consider(plant.predict(0.97)).case_id)
    desk.approve(manager, case_id, 1, ONE)
    with plant.database.write() as tx:
        tx.execute(update(t.commands).values(state="accepted"))
        tx.execute(update(t.cases).values(state="accepted"))
    said = OutcomeCommands(plant.database).found(technician, case_id, TWO, Finding.DEGRADED, "bearing")
    case = plant.case(case_id)
    assert case["state"] == "accepted" and case["open_key"] and "until its orders have ended" in said.message
    recommender.consider(plant.predict(0.98, at_us=wall_us() + 9 * HOUR))
    assert len(plant.rows(select(t.cases))) == 1
    with plant.database.write() as tx:
        for row in plant.outbox():
            take(tx, receipt(decode_command(row["body"]), ReceiptStatus.DONE))
    case = plant.case(case_id)
    assert (case["state"], case["open_key"]) == ("judged", None) and case["closed_us"]


def test_an_inspection_that_found_wear_gives_its_place_to_the_repair(
    plant: Plant, desk: CaseCommands, manager: Actor, technician: Actor, recommender: Recommender
) -> None:
    case_id = str(recommender.consider(plant.predict(0.5)).case_id)
    desk.approve(manager, case_id, 1, ONE)
    with plant.database.write() as tx:
        tx.execute(update(t.commands).values(state="accepted"))
        tx.execute(update(t.cases).values(state="accepted"))
    OutcomeCommands(plant.database).found(technician, case_id, TWO, Finding.DEGRADED, "bearing")
    old, new = plant.case(case_id), plant.case()
    assert (old["state"], old["open_key"]) == ("judged", None)
    assert new["kind"] == "inspected" and new["open_key"] and new["case_id"] != case_id


def test_a_finding_said_again_opens_no_second_repair(
    plant: Plant, desk: CaseCommands, manager: Actor, technician: Actor, recommender: Recommender
) -> None:
    case_id = str(recommender.consider(plant.predict(0.5)).case_id)
    desk.approve(manager, case_id, 1, ONE)
    with plant.database.write() as tx:
        tx.execute(update(t.commands).values(state="accepted"))
    outcomes = OutcomeCommands(plant.database)
    outcomes.found(technician, case_id, TWO, Finding.DEGRADED, "bearing")
    follow = plant.case()
    assert follow["kind"] == "inspected"
    desk.reject(manager, follow["case_id"], 1, THREE, "production_first")
    outcomes.found(technician, case_id, "act-00000007", Finding.FAILED, "bearing")
    assert plant.case()["case_id"] == follow["case_id"] and len(plant.rows(select(t.cases))) == 2


def inspected(plant: Plant, person: Actor, approver: Actor) -> str:
    """A case that a person raised, its inspection under way."""
    plant.predict(0.5)
    desk = SigningCommands(plant.database)
    raised = desk.raise_case(person, CNC_11, "act-raise-1", "bearing", "It howls")
    desk.approve(approver, raised.case_id, raised.version, "act-approve-1")
    with plant.database.write() as tx:
        tx.execute(update(t.commands).values(state="accepted"))
        tx.execute(update(t.cases).values(state="accepted"))
    return raised.case_id


def test_whoever_raised_the_inspection_proposes_the_repair(
    plant: Plant, desk: CaseCommands, manager: Actor, technician: Actor
) -> None:
    boss = plant.person(Role.PLANT_MANAGER)
    case_id = inspected(plant, manager, boss)
    OutcomeCommands(plant.database).found(technician, case_id, TWO, Finding.DEGRADED, "bearing")
    follow = plant.case()
    assert (follow["kind"], follow["proposed_by"]) == ("inspected", manager.account_id)
    with pytest.raises(Exception, match="proposed this"):
        desk.approve(manager, follow["case_id"], 1, THREE)
    assert desk.approve(boss, follow["case_id"], 1, "act-00000009").state == "approved"


def test_nothing_follows_on_the_figures_of_a_model_in_shadow(
    plant: Plant, manager: Actor, technician: Actor
) -> None:
    case_id = inspected(plant, manager, plant.person(Role.PLANT_MANAGER))
    with plant.database.write() as tx:
        row = {"site_id": SITE, "model_name": MODEL, "since_us": 0, "set_by": "x", "reason": "r"}
        tx.execute(insert(t.shadow_models).values(**row))
    OutcomeCommands(plant.database).found(technician, case_id, TWO, Finding.DEGRADED, "bearing")
    assert len(plant.rows(select(t.cases))) == 1 and plant.case(case_id)["state"] == "judged"


@pytest.mark.parametrize(
    "kind", ["alarm", "shortage", "outlook", "pictures", "chart", "limit", "failure_risk"]
)
def test_what_rests_on_data_grows_stale(
    plant: Plant, desk: CaseCommands, manager: Actor, database: Database, kind: str
) -> None:
    with database.write() as tx:
        take_in(tx, said(Source.ALARM))
    case = plant.case()
    plant.age(case["case_id"], kind=kind, evidence_us=wall_us() - 2 * HOUR, deadline_us=wall_us() + DAY)
    with pytest.raises(NotNow, match="120 min old"):
        desk.approve(manager, case["case_id"], 1, ONE)
    with pytest.raises(NotNow, match="120 min old"):
        CareCommands(database).act_alone(manager, case["case_id"], 1, TWO, "fire", TYPED)
    for seen in ("raised", "inspected"):
        plant.age(case["case_id"], kind=seen)
    assert desk.approve(manager, case["case_id"], 1, THREE).state == "approved"


def test_a_source_that_still_says_it_keeps_its_case_fresh(plant: Plant, database: Database) -> None:
    alarm(database, "high")
    SourceWatch(database).turn(SITE, wall_us(), wall_us())
    case = plant.case()
    later = wall_us() + 80 * MINUTE  # the alarm came long ago, and stands
    plant.age(case["case_id"], evidence_us=wall_us() - 20 * MINUTE)
    SourceWatch(database).turn(SITE, later, wall_us())
    assert plant.case()["evidence_us"] == later and plant.case()["version"] == case["version"]
    with database.write() as tx:
        tx.execute(update(t.alarm_states).values(condition=False))
    SourceWatch(database).turn(SITE, later + HOUR, wall_us())
    assert plant.case()["evidence_us"] == later


def test_a_part_that_is_still_missing_keeps_its_case_fresh(plant: Plant, database: Database) -> None:
    plant.set_stock(0)
    plant.predict(0.5, above=False)
    with database.write() as tx:
        tx.execute(update(t.stock).values(lead_time_s=2 * 3_600))
    SourceWatch(database).turn(SITE, wall_us(), wall_us())
    case = plant.case()
    assert case["kind"] == "shortage"
    plant.age(case["case_id"], evidence_us=wall_us() - HOUR)
    SourceWatch(database).turn(SITE, now := wall_us(), wall_us())
    assert plant.case()["evidence_us"] == now
    plant.set_stock(3)
    plant.age(case["case_id"], evidence_us=now - HOUR)
    SourceWatch(database).turn(SITE, now, wall_us())
    assert plant.case()["evidence_us"] == now - HOUR


def test_a_limit_that_is_still_broken_keeps_its_case_fresh(
    plant: Plant, database: Database, supervisor: Actor
) -> None:
    StopCommands(database).stop(supervisor, SITE, "", "odd", TYPED)
    readings(database, CNC_11, SHAKING)
    assert watch_stopped(database) == 1
    plant.age(plant.case()["case_id"], evidence_us=wall_us() - HOUR)
    assert watch_stopped(database) == 0 and plant.case()["evidence_us"] > wall_us() - MINUTE


def test_a_start_years_ahead_is_refused(plant: Plant, desk: CaseCommands, manager: Actor) -> None:
    with plant.database.write() as tx:
        take_in(tx, said(Source.ALARM))
    case_id = plant.case()["case_id"]
    for ahead in (93 * DAY, 3_650 * DAY, 10**18):
        with pytest.raises(InvalidInput, match="92 days"):
            desk.approve(manager, case_id, 1, ONE, Changes("at_time", wall_us() + ahead, "later"))
    assert desk.approve(
        manager, case_id, 1, TWO, Changes("at_time", wall_us() + 80 * DAY, "in the plant's holidays")
    ).state == "approved"  # fmt: skip


def test_changing_again_and_again_does_not_keep_a_case_open_for_ever(
    plant: Plant, desk: CaseCommands, manager: Actor
) -> None:
    in_force(plant.database, FOUR_EYES)
    boss = plant.person(Role.PLANT_MANAGER)
    raised = desk.raise_case(plant.person(Role.OPERATOR), CNC_11, "act-raise-1", "bearing", "It howls")
    first, version = plant.case()["evidence_us"], raised.version
    for k in range(8):
        who, choice = ((manager, Choice.NOW), (boss, Choice.INSPECT_FIRST))[k % 2]
        changed = desk.approve(who, raised.case_id, version, f"act-change-{k}", Changes(choice, None, "no"))
        version = changed.version
        pass_by(plant.database, 100 * MINUTE)
    assert plant.case()["deadline_us"] <= first + 16 * HOUR
    assert deadline_put_off(first) == first + 16 * HOUR


def deadline_put_off(first: int) -> int:
    return put_off(first + 15 * HOUR, None, first, first + 8 * HOUR)


def test_charts_count_among_the_new_cases_of_a_shift(plant: Plant, database: Database) -> None:
    in_force(database, DEFAULT.read_text().replace("cases_per_shift: 12", "cases_per_shift: 1"))
    signal = broken("chart-1", CNC_12)
    with database.write() as tx:
        assert raise_or_note(tx, signal, wall_us()) == 1
        assert raise_or_note(tx, broken("chart-2", CNC_11), wall_us()) == 0
    assert len(plant.rows(select(t.cases))) == 1


def broken(chart_id: str, unit: str) -> Broken:
    row = {"chart_id": chart_id, "series": "x", "at_us": 1, "rule": "x"}
    return Broken(unit, "bearing", [row], lambda name, cause: f"{name} is odd", f"chart {chart_id}", "n", "a")


def test_the_same_photo_is_seen_from_each_of_its_cases_and_from_no_other(
    plant: Plant, database: Database, technician: Actor
) -> None:
    outcomes, cases = OutcomeCommands(database), []
    for unit in (CNC_11, CNC_12):
        with database.write() as tx:
            take_in(tx, replace(said(Source.ALARM), equipment_id=unit))
        plant.age(plant.case()["case_id"], state="expired", open_key=None, closed_us=1)
        cases.append(plant.case()["case_id"])
        outcomes.found(technician, cases[-1], new_id(), Finding.FAILED, photo=picture())
    (photo,) = plant.rows(select(t.photos))

    def seen_by(scope: str) -> bytes:
        who = plant.person(Role.SUPERVISOR, scope=scope)
        site = SiteRow(SITE, "Plant North", "Europe/Berlin", "EUR")
        with database.read() as tx:
            clock = site_at(tx, SITE).clock
        return OutcomeQueries(Context(database, who, site, clock)).photo(photo["sha256"])

    assert seen_by(CNC_11) == seen_by(CNC_12) == photo["data"]
    with pytest.raises(NotFound):
        seen_by("south")
