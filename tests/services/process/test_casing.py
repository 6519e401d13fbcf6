"""Advice on a set point as a case: opened, kept fresh, decided within the limits, and asked of the MES."""

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import cases as store
from data.store import tables as t
from data.wire.orders import decode_command, encode_receipt
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound, NotNow
from domain.evidence import Evidence
from domain.messages import CommandKind, Finding, Receipt, ReceiptStatus, SetPointChange
from domain.recommendation import Choice
from services.actors import load_actor
from services.commands.acting import Changes
from services.commands.care import CareCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.plant import PlantCommands
from services.commands.process import ProcessCommands
from services.commands.stopping import StopCommands
from services.context import Context
from services.escalation import Escalation
from services.policy.file import DEFAULT
from services.queries.decide import DecideQueries
from services.receipts import take
from services.recommend import expire
from services.rows.site import SiteRow
from services.signing import MOVES
from tests import factories as f
from tests.kits.pen import TYPED, SigningCommands
from tests.kits.policies import in_force
from tests.services.process.case_kit import asked_values, cases, champion, look, said
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.fixture
def unit(database):
    """A press with an operation, limits of 400 to 445 kN by the plant manager pia, and a model."""
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        unit = press(tx)
        ran(tx, unit, 1, {FORCE: 420.0, SPEED: 280.0}, set_point=420.0)
        champion(tx)
    limit(database, person(database, "pia", Role.PLANT_MANAGER))
    return unit


def person(database, name="sue", role=Role.SUPERVISOR, scopes=("north",)):
    with database.write() as tx:
        a = t.accounts.c
        known = tx.execute(select(a.account_id).where(a.username == name)).scalar()
        return load_actor(tx, known) if known else f.account(tx, name, [role], scopes)


def limit(database, actor, low=400.0, high=445.0):
    ProcessCommands(database).set_limits(actor, LINE, "P-201", FORCE, low, high, "T-17", "trial")


def opened(database, unit):
    look(database, said(unit))
    (case,) = cases(database)
    return case


def test_advice_opens_one_case_with_what_is_expected_and_the_limits(database, unit):
    case = opened(database, unit)
    assert (case["kind"], case["state"], case["equipment_id"]) == ("set_point", "proposed", unit)
    assert case["permission"] == "manage_charts" and case["proposed_by"] == "process_quality 7"
    assert case["title"] == "Move the blank holder force of P-201 on Press 21 to 438 kN"
    told = Evidence.from_json(case["evidence"])
    assert (
        "contributed to the share of bad parts" in told.words and "1.1 % bad parts are expected" in told.words
    )
    assert "\u22121.20 points (90 %: \u22121.50 to \u22120.80)" in told.words and "5 operations" in told.words
    assert "caus" not in "".join((told.words, *told.against, *told.would_change, *told.limits))
    assert (told.setting.low, told.setting.high, told.setting.validated_by) == (400, 445, "T-17")
    assert told.setting.entered_by == "Pia" and told.setting.taught == 180
    with database.read() as tx:
        (row,) = store.commands_of(tx, case["case_id"])
        assert store.open_for(tx, unit) == [] and len(store.all_open_for(tx, unit)) == 1
    assert (row["queue"], row["kind"], row["state"]) == ("mes.line-2", "set_point_change", "proposed")
    look(database, said(unit))
    assert len(cases(database)) == 1


def test_it_joins_no_case_about_a_fault_and_none_joins_it(database, unit):
    case = opened(database, unit)
    desk, tim = SigningCommands(database), person(database, "tim", Role.TECHNICIAN)
    raised = desk.raise_case(tim, unit, "act-raise-1", "unknown", "it rattles", Choice.INSPECT_FIRST)
    assert raised.case_id != case["case_id"] and len(cases(database)) == 2


def test_a_later_look_keeps_it_fresh_or_makes_a_new_version(database, unit):
    case = opened(database, unit)
    look(database, said(unit, to_value=439.0), 2 * HOUR)
    (same,) = cases(database)
    assert same["version"] == 1 and same["evidence_us"] > case["evidence_us"]
    assert same["evidence_hash"] == case["evidence_hash"]
    look(database, said(unit, to_value=432.0), 3 * HOUR)
    (other,) = cases(database)
    assert (other["version"], asked_values(database, other)) == (2, [("proposed", 432.0)])
    assert other["title"].endswith("to 432 kN")
    limit(database, person(database), high=440.0)
    look(database, said(unit, to_value=432.0), 4 * HOUR)
    assert cases(database)[0]["version"] == 3  # under other limits it is read anew


@pytest.mark.parametrize("silent", ["nothing advised", "limits"])
def test_what_is_advised_no_longer_is_withdrawn_and_quiet_for_a_while(database, unit, silent):
    opened(database, unit)
    if silent == "limits":
        limit(database, person(database), high=430.0)
    look(database, said(unit, moves=silent == "limits"), HOUR)
    (gone,) = cases(database)
    assert gone["state"] == "withdrawn" and "advises nothing here any more" in gone["reason"]
    assert asked_values(database, gone)[0][0] == "cancelled"
    limit(database, person(database))
    look(database, said(unit), 8 * HOUR)
    assert len(cases(database)) == 1
    look(database, said(unit), 10 * HOUR)
    assert [row["state"] for row in cases(database)] == ["withdrawn", "proposed"]


def test_an_approval_asks_the_mes_once_and_follows_its_receipts(database, unit):
    case, sue, desk = opened(database, unit), person(database), SigningCommands(database)
    with pytest.raises(Forbidden):
        desk.approve(person(database, "eve", Role.MAINTENANCE_PLANNER), case["case_id"], 1, "act-00001")
    with pytest.raises(NotFound):
        desk.approve(person(database, "oz", scopes=("north/machining",)), case["case_id"], 1, "act-00002")
    done = desk.approve(sue, case["case_id"], 1, "act-00003")
    assert done.message == "Approved. The request is on its way."
    assert desk.approve(sue, case["case_id"], 1, "act-00003") == done
    with database.read() as tx:
        (sent,) = tx.execute(select(t.outbox.c.queue, t.outbox.c.body)).all()
        (signed,) = tx.execute(select(t.signatures.c.meaning)).scalars()
        told = tx.execute(select(t.audit.c.action).where(t.audit.c.subject_id == case["case_id"])).scalars()
        assert [one for one in told if one != "seen"] == ["proposed", "approved"]
    command = decode_command(sent.body)
    assert signed == MOVES and (sent.queue, command.kind) == ("mes.line-2", CommandKind.SET_POINT_CHANGE)
    assert command.work == SetPointChange(unit, "P-201", FORCE, "kN", 420.0, 438.0)
    for status, state in ((ReceiptStatus.ACCEPTED, "accepted"), (ReceiptStatus.DONE, "done")):
        answer(database, command, status)
        answer(database, command, status)
        assert cases(database)[0]["state"] == state
    look(database, said(unit, from_value=438.0, to_value=444.0), 6 * DAY)
    assert len(cases(database)) == 1  # what came of it is not known yet


def answer(database, command, status, detail=""):
    known = Receipt(f"{command.command_id}:{status}", command.queue, command.command_id, command.business_key,
                    status, detail, f.NOW)  # fmt: skip
    assert encode_receipt(known)
    with database.write() as tx:
        take(tx, known)


def test_a_refusal_of_the_mes_is_told_on_the_card(database, unit):
    case, sue = opened(database, unit), person(database)
    SigningCommands(database).approve(sue, case["case_id"], 1, "act-00001")
    with database.read() as tx:
        command = decode_command(tx.execute(select(t.outbox.c.body)).scalar_one())
    answer(database, command, ReceiptStatus.REFUSED, "this press takes at most 430 kN")
    view = DecideQueries(Context(database, sue, SITE, Clock(f.NOW, wall_us()))).case(case["number"])
    assert view.state == "refused" and view.attention_why == "nobody takes the work"
    assert any("at most 430 kN" in step.text for step in view.course)


def test_another_value_inside_the_limits_is_approved_and_none_outside(database, unit):
    case, sue, desk = opened(database, unit), person(database), SigningCommands(database)
    for value in (None, 446.0, float("nan"), 420.0):
        with pytest.raises(InvalidInput):
            desk.approve(sue, case["case_id"], 1, "act-00001", Changes(value=value))
    done = desk.approve(sue, case["case_id"], 1, "act-00002", Changes(reason="step by step", value=430.0))
    (after,) = cases(database)
    assert done.state == "approved" and asked_values(database, after) == [("queued", 430.0)]
    assert after["title"].endswith("to 430 kN")
    with database.read() as tx:
        (detail,) = tx.execute(select(t.audit.c.detail).where(t.audit.c.action == "approved")).scalars()
    assert "Blank holder force to 430 kN" in detail and "step by step" in detail


def test_the_limits_of_the_moment_count_not_those_of_the_evidence(database, unit):
    case, sue, desk = opened(database, unit), person(database), SigningCommands(database)
    limit(database, sue, high=435.0)
    with pytest.raises(NotNow, match="limits have changed"):
        desk.approve(sue, case["case_id"], 1, "act-00001")
    with pytest.raises(InvalidInput, match="400 to 435 kN"):
        desk.approve(sue, case["case_id"], 1, "act-00002", Changes(value=436.0))
    ProcessCommands(database).take_back(sue, LINE, "P-201", FORCE, "new dies")
    with pytest.raises(NotNow, match="no validated limits"):
        desk.approve(sue, case["case_id"], 1, "act-00003")
    assert asked_values(database, case) == [("proposed", 438.0)]


def test_stale_or_unhurried_it_is_not_approved_and_nothing_is_found_at_the_machine(database, unit):
    case, sue, desk = opened(database, unit), person(database), SigningCommands(database)
    with pytest.raises(NotNow, match="approved, changed or rejected"):
        CareCommands(database).act_alone(sue, case["case_id"], 1, "act-00001", "now", TYPED)
    with pytest.raises(NotNow, match="approved, changed or rejected"):
        tim = person(database, "tim", Role.TECHNICIAN)
        OutcomeCommands(database).found(tim, case["case_id"], "act-00002", Finding.NOTHING_FOUND)
    look(database, said(unit, moves=False, product_id="P-9"), 2 * HOUR)
    with pytest.raises(NotNow, match="wait for fresh data"):
        desk.approve(sue, case["case_id"], 1, "act-00003")
    look(database, said(unit), 2 * HOUR + MINUTE)
    desk.reject(sue, case["case_id"], 1, "act-00004", "not_convincing")
    look(database, said(unit), 6 * DAY)
    assert [row["state"] for row in cases(database)] == ["rejected"]
    look(database, said(unit), 8 * DAY)
    assert [row["state"] for row in cases(database)] == ["rejected", "proposed"]
    with database.write() as tx:
        assert expire(tx, "north", f.NOW + 16 * DAY) == 1
        (detail,) = tx.execute(
            select(t.audit.c.detail).where(t.audit.c.action == "expired without a decision")
        ).scalars()
    assert "the set point stays as it is" in detail


def test_a_stop_of_the_model_withdraws_it(database, unit):
    opened(database, unit)
    StopCommands(database).stop(person(database, "mia", Role.PLANT_MANAGER), "north", "", "a look", TYPED)
    assert cases(database)[0]["state"] == "withdrawn"


def test_those_who_may_decide_are_told_and_two_consents_work_as_elsewhere(database, unit):
    eve = person(database, "eve", Role.MAINTENANCE_PLANNER)
    sue, mia = person(database), person(database, "mia", Role.PLANT_MANAGER)
    text = DEFAULT.read_text().replace(
        "    when: {kinds: [set_point]}\n", "    when: {kinds: [set_point]}\n    two_consents: true\n"
    )
    text = text.replace(
        "maintenance: [maintenance_planner]", "maintenance: [maintenance_planner, plant_manager]"
    )
    in_force(database, text)
    case = opened(database, unit)
    Escalation(database).turn()
    with database.read() as tx:
        n = t.notices.c
        told = set(tx.execute(select(n.account_id).where(n.channel == "app")).scalars())
    assert told == {sue.account_id, mia.account_id} and eve.account_id not in told
    desk = SigningCommands(database)
    first = desk.approve(sue, case["case_id"], 1, "act-00001", Changes(value=430.0))
    assert "still waits" in first.message and asked_values(database, case) == [("proposed", 430.0)]
    look(database, said(unit), MINUTE)
    assert cases(database)[0]["version"] == first.version  # the same advice leaves the change as it is
    desk.approve(mia, case["case_id"], first.version, "act-00002")
    assert asked_values(database, case) == [("queued", 430.0)]


def test_a_machine_that_leaves_the_plant_takes_its_case_along(database, unit):
    opened(database, unit)
    mia = person(database, "mia", Role.PLANT_MANAGER)
    PlantCommands(database).take_out(mia, unit, f.NOW - MINUTE, "sold")
    assert cases(database)[0]["state"] == "withdrawn"
