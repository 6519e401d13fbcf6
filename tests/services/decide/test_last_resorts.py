"""What holds when nobody is there: quiet hours, the end of a case that nobody decided, acting alone."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseState
from domain.clock import HOUR, MINUTE, utc, wall_us
from domain.errors import NotNow
from services.commands.care import CareCommands
from services.commands.policy import PolicyCommands
from services.escalation import Escalation
from services.policy.file import DEFAULT
from services.recommend import Recommender
from tests.kits.pen import TYPED, SigningCommands
from tests.kits.policies import in_force
from tests.services.decide.plant import SITE, Plant


def quiet_now() -> str:
    """The standard policy, with quiet hours that began an hour ago and end in six, in the plant's time."""
    now = utc(wall_us()).astimezone(ZoneInfo("Europe/Berlin"))
    begin, end = (f"{now + timedelta(hours=h):%H:%M}" for h in (-1, 6))
    return DEFAULT.read_text().replace('from: "22:00", until: "06:00"', f'from: "{begin}", until: "{end}"')


@pytest.fixture
def case(plant: Plant, recommender: Recommender) -> dict[str, Any]:
    recommender.consider(plant.predict(0.85))
    return plant.case()


@pytest.mark.parametrize(
    ("deadline_in_us", "waits"),
    [(2 * HOUR, False), (5 * HOUR + 50 * MINUTE, False), (6 * HOUR + 30 * MINUTE, False), (9 * HOUR, True)],
)
def test_a_message_waits_for_the_morning_only_where_the_deadline_does(
    plant: Plant, database: Database, case: dict[str, Any], deadline_in_us: int, *, waits: bool
) -> None:
    in_force(database, quiet_now())
    supervisor, now = plant.person(Role.SUPERVISOR), wall_us()
    PolicyCommands(database).set_contact(supervisor, "sue@plant.example")
    plant.age(case["case_id"], deadline_us=now + deadline_in_us)
    Escalation(database).turn()
    sent = {row["channel"]: row for row in plant.rows(select(t.notices))}
    assert sent["app"]["next_try_wall_us"] <= wall_us()  # the desk itself disturbs nobody's sleep
    mail = sent["email"]["next_try_wall_us"]
    assert (mail > now + 5 * HOUR) is waits
    assert mail <= now + deadline_in_us


def test_nobody_decides_and_what_the_rule_says_comes_true(
    plant: Plant, database: Database, recommender: Recommender, case: dict[str, Any]
) -> None:
    text = "Nothing is sent; the plant manager is told, and the limit alarm stays in force."
    plant.age(case["case_id"], cost_cents=2_500_000)
    assert recommender.expire_due(SITE, case["deadline_us"] - 1) == 0
    assert recommender.expire_due(SITE, case["deadline_us"]) == 1
    after = plant.case()
    assert (after["state"], after["open_key"]) == (CaseState.EXPIRED, None)
    a = t.audit.c
    (entry,) = plant.rows(select(a.detail).where(a.action == "expired without a decision"))
    assert text in entry["detail"]
    assert plant.outbox() == [] and {row["state"] for row in plant.commands(case["case_id"])} == {"cancelled"}


def alone(plant: Plant, database: Database, case: dict[str, Any]) -> tuple[Actor, Actor]:
    one, other = plant.person(Role.SUPERVISOR), plant.person(Role.PLANT_MANAGER)
    CareCommands(database).act_alone(one, case["case_id"], case["version"], "act-00000001", "smoke", TYPED)
    return one, other


def test_an_emergency_is_to_be_ratified_by_the_time_that_the_policy_sets(
    plant: Plant, database: Database, case: dict[str, Any]
) -> None:
    now = wall_us()
    _, other = alone(plant, database, case)
    (row,) = plant.rows(select(t.ratifications))
    assert 0 <= row["due_us"] - now - 4 * HOUR < MINUTE
    with database.write() as tx:
        tx.execute(update(t.ratifications).values(due_us=wall_us() - 1))
    CareCommands(database).ratify(other, case["case_id"], "act-00000002", True, "", TYPED)
    a = t.audit.c
    (entry,) = plant.rows(select(a.detail).where(a.action == "ratified the emergency"))
    assert '"late":true' in entry["detail"]


def test_an_emergency_that_is_not_ratified_can_be_taken_back(
    plant: Plant, database: Database, case: dict[str, Any]
) -> None:
    one, other = alone(plant, database, case)
    said = CareCommands(database).ratify(other, case["case_id"], "act-00000002", False, "no smoke", TYPED)
    assert said.message.startswith("Not ratified")
    assert [row["state"] for row in plant.rows(select(t.ratifications))] == ["refused"]
    desk, now = SigningCommands(database), plant.case()
    desk.undo(other, case["case_id"], now["version"], "act-00000003")
    assert plant.case()["state"] == CaseState.CANCELLED
    with pytest.raises(NotNow):
        CareCommands(database).ratify(one, case["case_id"], "act-00000004", True, "", TYPED)
