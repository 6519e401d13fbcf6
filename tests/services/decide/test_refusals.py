"""Ways around a rule that were found by trying, each refused."""

import pytest
from sqlalchemy import select, update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from domain.errors import Forbidden, InvalidInput
from domain.messages import Finding
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.outcomes import OutcomeCommands
from services.commands.policy import PolicyCommands
from services.commands.roster import RosterCommands
from services.commands.stopping import StopCommands
from services.context import Context
from services.policy.file import DEFAULT
from services.queries.policy import PolicyQueries
from services.recommend import Recommender
from services.relay import Relay
from services.rows.site import SiteRow
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import TYPED
from tests.kits.policies import in_force
from tests.services.decide.plant import CNC_11, CNC_12, LINE, SITE, Plant

ONE, TWO, THREE = "act-00000001", "act-00000002", "act-00000003"


def test_an_inspection_that_was_never_sent_finds_nothing_to_follow(
    plant: Plant, desk: CaseCommands, planner: Actor, database: Database
) -> None:
    plant.predict(0.2, above=False)
    case_id = desk.raise_case(planner, CNC_11, ONE, "bearing", "it sings").case_id
    assert [o["kind"] for o in plant.commands(case_id)] == ["inspection_order"]
    desk.reject(planner, case_id, 1, TWO, "not_convincing")
    OutcomeCommands(database).found(planner, case_id, THREE, Finding.DEGRADED, "bearing")
    assert len(plant.rows(select(t.cases))) == 1


def test_nothing_follows_while_the_model_is_stopped(
    plant: Plant,
    desk: CaseCommands,
    planner: Actor,
    technician: Actor,
    database: Database,
) -> None:
    plant.predict(0.2, above=False)
    case_id = desk.raise_case(plant.person(Role.OPERATOR), CNC_11, ONE, "bearing", "listen").case_id
    desk.approve(planner, case_id, 1, TWO)
    Relay(database, MemorySink()).send_due()
    StopCommands(database).stop(plant.person(Role.PLANT_MANAGER), SITE, "", "it errs", TYPED)
    OutcomeCommands(database).found(technician, case_id, THREE, Finding.DEGRADED, "bearing")
    assert len(plant.rows(select(t.cases))) == 1


def test_an_emergency_needs_the_code_that_the_policy_wants(
    plant: Plant, recommender: Recommender, supervisor: Actor, database: Database
) -> None:
    text = DEFAULT.read_text()
    rule = "  - name: Everything else"
    in_force(plant.database, text.replace(rule, f"{rule}\n    code_above: 1"))
    case_id = recommender.consider(plant.predict(0.85)).case_id
    with pytest.raises(Forbidden, match="code from your phone"):
        CareCommands(database).act_alone(supervisor, case_id, 1, ONE, "it smokes", TYPED)
    assert plant.outbox() == []


def test_messages_about_other_machines_are_not_shown(
    plant: Plant, recommender: Recommender, supervisor: Actor, database: Database
) -> None:
    case_id = recommender.consider(plant.predict(0.85)).case_id
    CareCommands(database).ask(supervisor, case_id, ONE, plant.person(Role.SUPERVISOR).account_id, "secret")
    with database.write() as tx:
        tx.execute(update(t.notices).values(state="failed"))

    def seen(scope: str) -> int:
        site = SiteRow(SITE, "Plant North", "Europe/Berlin", "EUR", False)
        context = Context(database, plant.person(Role.ADMINISTRATOR, scope=scope), site, Clock(1, 1))
        return len(PolicyQueries(context).failed_notices())

    assert seen(SITE) > 0 and seen(CNC_11) > 0
    assert seen(CNC_12) == 0


def test_a_duty_that_has_ended_is_not_moved(plant: Plant, supervisor: Actor, database: Database) -> None:
    policy, now = PolicyCommands(database), wall_us()
    policy.put_on_duty(supervisor, supervisor.account_id, LINE, 0, now - 3 * HOUR, now + HOUR)
    (duty,) = plant.rows(select(t.duties))
    policy.end_duty(supervisor, duty["duty_id"])
    with pytest.raises(InvalidInput, match="has ended"):
        RosterCommands(database).move_duty(supervisor, duty["duty_id"], 1, now + HOUR, now + 3 * HOUR)
