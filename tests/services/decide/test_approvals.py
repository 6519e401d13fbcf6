"""The policy on real rows: four eyes, two consents, deputies, emergencies, and changes of the policy."""

import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, wall_us
from domain.errors import Forbidden, InvalidInput, NotNow
from domain.recommendation import Choice
from services import audit
from services.commands.acting import Changes
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.policy import PolicyCommands
from services.policy.file import DEFAULT
from services.recommend import Recommender
from tests.kits.pen import TYPED
from tests.kits.policies import CONSENTS, FOUR_EYES, in_force
from tests.services.decide.plant import CNC_11, LINE, SITE, Plant

ONE, TWO, THREE = (f"act-0000000{k}" for k in range(3))


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    return str(recommender.consider(plant.predict(0.85)).case_id)


@pytest.fixture
def manager(plant: Plant) -> Actor:
    return plant.person(Role.PLANT_MANAGER)


@pytest.fixture
def policies(database: Database) -> PolicyCommands:
    return PolicyCommands(database)


@pytest.fixture
def care(database: Database) -> CareCommands:
    return CareCommands(database)


def test_four_eyes_release_with_the_second_signature_only(
    plant: Plant, desk: CaseCommands, case_id: str, supervisor: Actor, manager: Actor, database: Database
) -> None:
    in_force(plant.database, FOUR_EYES)
    first = desk.approve(manager, case_id, 1, ONE)
    assert (first.state, first.version) == ("proposed", 2) and plant.outbox() == []
    with pytest.raises(Forbidden, match="signed this already"):
        desk.approve(manager, case_id, 2, TWO)
    assert desk.approve(supervisor, case_id, 2, THREE).state == "approved" and plant.outbox()
    signatures = plant.rows(select(t.signatures).order_by(t.signatures.c.signed_wall_us))
    assert [s["account_id"] for s in signatures] == [manager.account_id, supervisor.account_id]
    assert "looks a second time" in signatures[1]["meaning"]
    assert plant.actions(case_id) == ["proposed", "consented", "approved"]
    assert audit.verify(database).entries == 3


def test_a_renewed_proposal_wants_its_signatures_anew(
    plant: Plant,
    desk: CaseCommands,
    case_id: str,
    recommender: Recommender,
    supervisor: Actor,
    manager: Actor,
) -> None:
    in_force(plant.database, FOUR_EYES)
    desk.approve(manager, case_id, 1, ONE)
    recommender.consider(plant.predict(0.4))
    version = plant.case(case_id)["version"]
    assert version > 2
    anew = desk.approve(manager, case_id, version, TWO)
    assert anew.state == "proposed" and plant.outbox() == []
    assert desk.approve(supervisor, case_id, anew.version, THREE).state == "approved"


def test_whoever_changes_a_proposal_under_four_eyes_is_its_proposer(
    plant: Plant, desk: CaseCommands, case_id: str, supervisor: Actor, manager: Actor
) -> None:
    in_force(plant.database, FOUR_EYES)
    changed = desk.approve(manager, case_id, 1, ONE, Changes(Choice.NOW, None, "sooner"))
    case = plant.case(case_id)
    assert changed.state == "proposed" and case["proposed_by"] == manager.account_id and not plant.outbox()
    with pytest.raises(Forbidden, match="proposed this"):
        desk.approve(manager, case_id, case["version"], TWO)
    planner = plant.person(Role.MAINTENANCE_PLANNER)
    between = desk.approve(planner, case_id, case["version"], THREE)
    assert desk.approve(manager, case_id, between.version, "act-00000009").state == "approved"


def test_production_and_maintenance_both_consent(
    plant: Plant, desk: CaseCommands, case_id: str, supervisor: Actor, planner: Actor
) -> None:
    in_force(plant.database, CONSENTS)
    first = desk.approve(planner, case_id, 1, ONE)
    assert "releases the machine" in first.message and plant.outbox() == []
    with pytest.raises(Forbidden):
        desk.approve(plant.person(Role.MAINTENANCE_PLANNER), case_id, first.version, TWO)
    assert desk.approve(supervisor, case_id, first.version, THREE).state == "approved"


def test_a_deputy_signs_with_the_others_limit_while_it_lasts(
    plant: Plant,
    desk: CaseCommands,
    case_id: str,
    supervisor: Actor,
    planner: Actor,
    policies: PolicyCommands,
) -> None:
    plant.age(case_id, cost_cents=450_000)
    with pytest.raises(Forbidden, match="above"):
        desk.approve(supervisor, case_id, 1, ONE)
    now = wall_us()
    policies.delegate(planner, supervisor.account_id, LINE, now - HOUR, now + HOUR, "holiday")
    assert desk.approve(supervisor, case_id, 1, TWO).state == "approved"
    (signature,) = plant.rows(select(t.signatures))
    assert f"On behalf of {planner.name}." in signature["meaning"]
    (row,) = plant.rows(select(t.delegations))
    policies.end_delegation(planner, row["delegation_id"])
    assert plant.rows(select(t.delegations.c.ended_us))[0]["ended_us"] is not None


def test_a_delegation_elsewhere_later_or_to_nobody_fit_lends_nothing(
    plant: Plant,
    desk: CaseCommands,
    case_id: str,
    supervisor: Actor,
    planner: Actor,
    policies: PolicyCommands,
) -> None:
    now = wall_us()
    plant.age(case_id, cost_cents=450_000)
    policies.delegate(planner, supervisor.account_id, SITE, now + HOUR, now + 2 * HOUR, "next week")
    with pytest.raises(Forbidden, match="above"):
        desk.approve(supervisor, case_id, 1, ONE)
    operator = plant.person(Role.OPERATOR)
    for wrong in (
        lambda: policies.delegate(planner, operator.account_id, SITE, now, now + HOUR, "x"),
        lambda: policies.delegate(planner, planner.account_id, SITE, now, now + HOUR, "x"),
        lambda: policies.delegate(planner, supervisor.account_id, SITE, now, now - 1, "x"),
    ):
        with pytest.raises(InvalidInput):
            wrong()


def test_an_emergency_is_acted_alone_and_ratified_by_another(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor, manager: Actor
) -> None:
    plant.age(case_id, cost_cents=9_000_000)
    done = care.act_alone(supervisor, case_id, 1, ONE, "oil on the floor", TYPED)
    assert done.state == "approved" and plant.outbox()
    for who in (supervisor, plant.person(Role.SUPERVISOR)):
        with pytest.raises(Forbidden):
            care.ratify(who, case_id, TWO, True, "", TYPED)
    assert care.ratify(manager, case_id, THREE, True, "", TYPED).message == "Ratified."
    with pytest.raises(NotNow):
        care.ratify(plant.person(Role.PLANT_MANAGER), case_id, "act-00000009", False, "no", TYPED)
    assert plant.actions(case_id) == ["proposed", "approved", "ratified the emergency"]
    assert len(plant.rows(select(t.signatures))) == 2


def test_what_has_expired_is_not_released_in_an_emergency_either(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor
) -> None:
    plant.age(case_id, deadline_us=wall_us() - 1)
    with pytest.raises(NotNow):
        care.act_alone(supervisor, case_id, 1, ONE, "now", TYPED)
    assert plant.rows(select(t.ratifications)) == [] and plant.outbox() == []


def test_a_policy_is_put_in_force_by_another_person(
    plant: Plant, policies: PolicyCommands, manager: Actor, planner: Actor, desk: CaseCommands, case_id: str
) -> None:
    assert policies.propose(manager, FOUR_EYES, "more care") == 2
    (row,) = plant.rows(select(t.policies))
    with pytest.raises(Forbidden, match="another person"):
        policies.decide(manager, row["policy_id"], True, TYPED)
    with pytest.raises(Forbidden):
        policies.decide(planner, row["policy_id"], True, TYPED)
    other = plant.person(Role.PLANT_MANAGER)
    policies.decide(other, row["policy_id"], True, TYPED)
    assert desk.approve(manager, case_id, 1, ONE).state == "proposed"  # two signatures from now on
    assert policies.propose(planner, DEFAULT.read_text(), "back") == 3
    newest = plant.rows(select(t.policies).where(t.policies.c.version == 3))[0]
    policies.decide(other, newest["policy_id"], True, TYPED)
    assert [r["state"] for r in plant.rows(select(t.policies).order_by(t.policies.c.version))] == [
        "retired",
        "active",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "", "- a", "title: x", "a: [b", "!!python/object:os.system {}",
        FOUR_EYES.replace("supervisor", "king"), FOUR_EYES + "extra: 1",
        "[" * 20_000, "{a: " * 20_000, "- " * 20_000, "a: &a [x]\nb: *a",
        "!!timestamp x", "title: 2026-99-99",
        FOUR_EYES.replace("changes: [plant_manager]", "changes: [operator]"),
        FOUR_EYES.replace("roles: [supervisor, maintenance_planner, plant_manager]", "roles: [operator]"),
        FOUR_EYES.replace("when: {", "when: {kinds: [failure-risk], "),
        FOUR_EYES.replace("22:00", "\u00b22:00"),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_not_proposed(policies: PolicyCommands, manager: Actor, content: str) -> None:
    with pytest.raises(InvalidInput):
        policies.propose(manager, content, "because")


def test_a_policy_is_read_only_from_whoever_may_propose_one(
    policies: PolicyCommands, operator: Actor
) -> None:
    with pytest.raises(Forbidden):
        policies.propose(operator, "[" * 20_000, "because")


def outdated(plant: Plant) -> None:
    policies, manager = PolicyCommands(plant.database), plant.person(Role.PLANT_MANAGER)
    planner = plant.person(Role.MAINTENANCE_PLANNER)
    policies.propose(planner, DEFAULT.read_text(), "older")
    policies.propose(planner, FOUR_EYES, "newer")
    old, new = plant.rows(select(t.policies).order_by(t.policies.c.version))
    assert (old["base_version"], new["base_version"]) == (1, 1)
    policies.decide(manager, new["policy_id"], True, TYPED)
    with pytest.raises(NotNow, match="version 3 came into force"):
        policies.decide(manager, old["policy_id"], True, TYPED)
    policies.decide(manager, old["policy_id"], False, TYPED)
    policies.propose(planner, DEFAULT.read_text(), "on top")
    newest = plant.rows(select(t.policies).order_by(t.policies.c.version))[-1]
    policies.decide(manager, newest["policy_id"], True, TYPED)
    states = [row["state"] for row in plant.rows(select(t.policies).order_by(t.policies.c.version))]
    assert states == ["refused", "retired", "active"]


def test_an_older_proposal_does_not_replace_a_newer_policy(plant: Plant) -> None:
    outdated(plant)


@pytest.mark.services
def test_an_older_proposal_does_not_replace_a_newer_policy_on_postgresql(postgres: Database) -> None:
    outdated(Plant(postgres).build())


def test_whoever_raised_a_case_does_not_release_it_in_an_emergency(
    plant: Plant, desk: CaseCommands, care: CareCommands, supervisor: Actor, manager: Actor
) -> None:
    raised = desk.raise_case(supervisor, CNC_11, ONE, "bearing", "It howls")
    with pytest.raises(Forbidden, match="proposed this"):
        care.act_alone(supervisor, raised.case_id, raised.version, TWO, "fire", TYPED)
    assert care.act_alone(manager, raised.case_id, raised.version, THREE, "fire", TYPED).state == "approved"


def test_rejecting_follows_the_roles_of_the_policy(
    plant: Plant, desk: CaseCommands, case_id: str, supervisor: Actor, manager: Actor
) -> None:
    every = "roles: [supervisor, maintenance_planner, plant_manager]"
    in_force(plant.database, DEFAULT.read_text().replace(every, "roles: [plant_manager]"))
    with pytest.raises(Forbidden, match="role"):
        desk.reject(supervisor, case_id, 1, ONE, "sensor_wrong")
    assert desk.approve(manager, case_id, 1, THREE).state == "approved"
    with pytest.raises(Forbidden, match="role"):
        desk.undo(supervisor, case_id, 2, ONE)
    assert desk.undo(manager, case_id, 2, TWO).state == "cancelled"


def test_whoever_decides_on_it_may_reject_what_is_above_their_limit(
    plant: Plant, desk: CaseCommands, case_id: str, supervisor: Actor
) -> None:
    plant.age(case_id, cost_cents=9_000_000)
    assert desk.reject(supervisor, case_id, 1, TWO, "sensor_wrong").state == "rejected"


def test_ratifying_asks_for_the_code_that_the_policy_wants(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor, manager: Actor
) -> None:
    care.act_alone(supervisor, case_id, 1, ONE, "fire", TYPED)
    coded = DEFAULT.read_text().replace(
        "  - name: Everything else", "  - name: Everything else\n    code_above: 0"
    )
    in_force(plant.database, coded)
    with pytest.raises(Forbidden, match="code from your phone"):
        care.ratify(manager, case_id, TWO, True, "", TYPED)
    assert "Not ratified" in care.ratify(manager, case_id, THREE, False, "no need", TYPED).message


def clicked_twice(plant: Plant) -> None:
    policies, manager = PolicyCommands(plant.database), plant.person(Role.PLANT_MANAGER)
    other, now = plant.person(Role.PLANT_MANAGER), wall_us()
    acts = (
        lambda: policies.propose(manager, FOUR_EYES, "more care"),
        lambda: policies.delegate(manager, other.account_id, LINE, now, now + HOUR, "holiday"),
        lambda: policies.put_on_duty(manager, other.account_id, LINE, 0, now, now + HOUR),
    )
    for act in acts:
        act()
        with pytest.raises(NotNow, match="already"):
            act()
    for table in (t.policies, t.delegations, t.duties):
        assert len(plant.rows(select(table))) == 1


def test_a_second_click_enters_nothing_twice(plant: Plant) -> None:
    clicked_twice(plant)


@pytest.mark.services
def test_a_second_click_enters_nothing_twice_on_postgresql(postgres: Database) -> None:
    clicked_twice(Plant(postgres).build())
