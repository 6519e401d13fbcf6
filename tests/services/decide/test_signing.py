"""No decision without the signer's own password: refused in the service, whoever calls it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from auth.signatures import NOTHING_TYPED, Credential, Proof
from data.store import tables as t
from data.store.database import Database
from domain.errors import Forbidden, InvalidInput, NotNow, NotSignedIn
from domain.messages import Finding
from domain.policy import SIGNED_ACTS
from services.commands import deciding
from services.commands.acting import Changes, Decided, Work
from services.commands.cases import CaseCommands
from services.commands.outcomes import OutcomeCommands
from services.recommend import Recommender
from services.signing import APPROVES, sign
from services.situation import site_at
from tests.kits.pen import TYPED, SigningCommands
from tests.services.decide.plant import Plant

WRONG = Credential("wrong horse battery")
ACT, NEXT = "act-00000001", "act-00000002"
Sign = Callable[[CaseCommands, Actor, str, Credential], Decided]


def _approve(desk: CaseCommands, who: Actor, case_id: str, typed: Credential) -> Decided:
    return desk.approve(who, case_id, 1, ACT, credential=typed)


def _change(desk: CaseCommands, who: Actor, case_id: str, typed: Credential) -> Decided:
    return desk.approve(who, case_id, 1, ACT, Changes("inspect_first"), typed)


def _reject(desk: CaseCommands, who: Actor, case_id: str, typed: Credential) -> Decided:
    return desk.reject(who, case_id, 1, ACT, "sensor_wrong", credential=typed)


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    case_id = recommender.consider(plant.predict(0.85)).case_id
    assert case_id
    return case_id


@pytest.fixture
def unhelped(database: Database) -> CaseCommands:
    return CaseCommands(database)


def untouched(plant: Plant, case_id: str) -> bool:
    case = plant.case(case_id)
    rows = [*plant.rows(select(t.signatures)), *plant.rows(select(t.acts)), *plant.outbox()]
    decided = {"approved", "rejected"} & set(plant.actions(case_id))
    return (case["state"], case["version"], rows, decided) == ("proposed", 1, [], set())


@pytest.mark.parametrize("act", [_approve, _change, _reject])
@pytest.mark.parametrize(("typed", "error"), [(NOTHING_TYPED, InvalidInput), (WRONG, Forbidden)])
def test_no_decision_without_the_right_password(
    plant: Plant, unhelped: CaseCommands, supervisor: Actor, case_id: str,
    act: Sign, typed: Credential, error: type[Exception],
) -> None:  # fmt: skip
    with pytest.raises(error, match="password"):
        act(unhelped, supervisor, case_id, typed)
    assert untouched(plant, case_id)
    assert act(unhelped, supervisor, case_id, TYPED).state in {"approved", "rejected"}


def test_orders_are_taken_back_with_the_password_alone(
    plant: Plant, desk: SigningCommands, unhelped: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    desk.approve(supervisor, case_id, 1, ACT)
    order = plant.commands(case_id)[0]["command_id"]
    for typed, error in ((NOTHING_TYPED, InvalidInput), (WRONG, Forbidden)):
        with pytest.raises(error):
            unhelped.undo(supervisor, case_id, 2, NEXT, credential=typed)
        with pytest.raises(error):
            unhelped.withdraw_command(supervisor, case_id, 2, NEXT, order, credential=typed)
    assert {c["state"] for c in plant.commands(case_id)} == {"queued"}
    assert unhelped.undo(supervisor, case_id, 2, NEXT, credential=TYPED).state == "cancelled"


def test_a_double_click_without_the_password_gets_nothing(
    desk: SigningCommands, unhelped: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    first = desk.approve(supervisor, case_id, 1, ACT)
    with pytest.raises(InvalidInput):
        unhelped.approve(supervisor, case_id, 1, ACT)
    assert desk.approve(supervisor, case_id, 1, ACT) == first


def test_after_five_wrong_passwords_the_right_one_waits_too(
    plant: Plant, unhelped: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    for _ in range(5):
        with pytest.raises(Forbidden):
            _approve(unhelped, supervisor, case_id, WRONG)
    with pytest.raises(NotNow, match="wait"):
        _approve(unhelped, supervisor, case_id, TYPED)
    assert untouched(plant, case_id)


def test_the_password_of_somebody_else_or_of_a_closed_account_is_none(
    plant: Plant, unhelped: CaseCommands, supervisor: Actor, case_id: str, database: Database
) -> None:
    with database.write() as tx:
        mine = t.accounts.c.account_id == supervisor.account_id
        tx.execute(t.accounts.update().where(mine).values(active=False))
    with pytest.raises((Forbidden, NotSignedIn)):
        _approve(unhelped, supervisor, case_id, TYPED)
    assert untouched(plant, case_id)


@pytest.mark.parametrize("whose", [None, "somebody else"])
def test_no_signature_is_stored_without_the_signers_proof(
    plant: Plant, database: Database, supervisor: Actor, case_id: str, whose: str | None
) -> None:
    proof = Proof(whose, "password") if whose else None
    with database.write() as tx:
        case = plant.case(case_id)
        with pytest.raises(Forbidden, match="password"):
            sign(tx, supervisor, case, [], APPROVES, proof)
        with pytest.raises(Forbidden, match="password"):
            deciding.reject(Work(tx, supervisor, case, site_at(tx, case["site_id"]), proof), "no")
        tx.rollback()
    assert untouched(plant, case_id)


def test_the_audit_says_how_the_signer_was_proved(
    plant: Plant, unhelped: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    _approve(unhelped, supervisor, case_id, TYPED)
    query = select(t.audit.c.detail).where(t.audit.c.action == "approved")
    assert '"proved_by":"password"' in plant.rows(query)[0]["detail"].replace(": ", ":")


def test_a_credential_does_not_show_itself() -> None:
    assert "horse" not in repr(TYPED) and "horse" not in repr(replace(TYPED))


def test_the_acts_that_are_signed() -> None:
    assert {"approve", "reject", "withdraw", "undo", "emergency", "ratify"} == SIGNED_ACTS


def test_comments_and_findings_need_no_signature(
    plant: Plant, unhelped: CaseCommands, supervisor: Actor, case_id: str
) -> None:
    assert unhelped.comment(supervisor, case_id, ACT, "heard it too").state == "proposed"
    planner = plant.person(Role.MAINTENANCE_PLANNER)
    plant.age(case_id, state="done", decided_by=planner.account_id)
    assert OutcomeCommands(plant.database).found(planner, case_id, NEXT, Finding.DEGRADED).state == "judged"
