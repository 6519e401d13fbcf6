"""Putting aside, giving away, second opinions, several at once, duty, escalation, and the notifier."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy import select, update

from auth.permissions import Actor, Role
from data.sinks.port import Ack, Outcome, Retry, Terminal
from data.sinks.posts import Mail
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotNow
from services.commands.care import CareCommands
from services.commands.cases import CaseCommands
from services.commands.policy import PolicyCommands
from services.escalation import Escalation
from services.notifier import Notifier
from services.policy.file import DEFAULT
from services.recommend import Recommender
from tests.kits.pen import TYPED
from tests.kits.policies import in_force
from tests.services.decide.plant import CNC_12, LINE, SITE, Plant

ONE, TWO, THREE = (f"act-0000000{k}" for k in range(3))
NEVER_QUIET = DEFAULT.read_text().replace('quiet_hours: {from: "22:00"', 'quiet_hours: {from: "06:00"')


@pytest.fixture
def case_id(plant: Plant, recommender: Recommender) -> str:
    return str(recommender.consider(plant.predict(0.85)).case_id)


@pytest.fixture
def care(database: Database) -> CareCommands:
    return CareCommands(database)


@dataclass
class FakePost:
    """A channel that answers as told, and remembers."""

    answers: list[Outcome] = field(default_factory=list)
    got: list[Mail] = field(default_factory=list)

    def deliver(self, mail: Mail) -> Outcome:
        self.got.append(mail)
        return self.answers.pop(0) if self.answers else Ack()

    def close(self) -> None:
        pass


def notices(plant: Plant, channel: str = "app") -> list[dict]:
    n = t.notices.c
    return plant.rows(select(t.notices).where(n.channel == channel).order_by(n.created_wall_us))


def test_a_case_sleeps_at_most_to_the_end_of_the_shift(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor
) -> None:
    plant.age(case_id, deadline_us=wall_us() + DAY)
    end = min(s["end_us"] for s in plant.rows(select(t.shifts)) if s["end_us"] > wall_us())
    with pytest.raises(InvalidInput, match="at most"):
        care.snooze(supervisor, case_id, 1, ONE, end + MINUTE, "later")
    care.snooze(supervisor, case_id, 1, TWO, end - MINUTE, "later")
    (row,) = plant.rows(select(t.care))
    assert (row["snoozed_until_us"], row["snoozed_version"]) == (end - MINUTE, 1)
    care.wake(supervisor, case_id, THREE)
    assert plant.rows(select(t.care))[0]["snoozed_until_us"] is None
    assert plant.actions(case_id) == ["proposed", "put aside", "taken up again"]


def test_nobody_sleeps_over_the_deadline(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor
) -> None:
    plant.age(case_id, deadline_us=wall_us() + 10 * MINUTE)
    with pytest.raises(InvalidInput):
        care.snooze(supervisor, case_id, 1, ONE, wall_us() + 11 * MINUTE, "later")


def test_a_case_is_given_to_somebody_who_may_decide_it(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor, planner: Actor, operator: Actor
) -> None:
    with pytest.raises(InvalidInput):
        care.assign(supervisor, case_id, ONE, operator.account_id)
    care.assign(supervisor, case_id, TWO, planner.account_id, "your machine")
    care.assign(supervisor, case_id, TWO, planner.account_id, "your machine")  # the same click
    (told,) = notices(plant)
    assert told["account_id"] == planner.account_id and "your machine" in told["body"]


def test_a_second_opinion_is_asked_and_given_once(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor, technician: Actor, operator: Actor
) -> None:
    care.ask(supervisor, case_id, ONE, technician.account_id, "have you heard it?")
    (asked,) = plant.rows(select(t.opinions))
    with pytest.raises(Forbidden):
        care.answer(operator, case_id, TWO, asked["opinion_id"], "no")
    care.answer(technician, case_id, TWO, asked["opinion_id"], "yes, since Monday")
    with pytest.raises(NotNow):
        care.answer(technician, case_id, THREE, asked["opinion_id"], "again")
    assert [n["account_id"] for n in notices(plant)] == [technician.account_id, supervisor.account_id]
    assert plant.case(case_id)["state"] == "proposed"


def test_only_small_cases_of_low_risk_are_approved_several_at_once(
    plant: Plant, care: CareCommands, recommender: Recommender, case_id: str, supervisor: Actor
) -> None:
    small = str(recommender.consider(plant.predict(0.4, unit=CNC_12)).case_id)
    plant.age(small, cost_cents=50_000)
    plant.age(case_id, cost_cents=50_000)
    done = dict(care.approve_several(supervisor, [(small, 1), (case_id, 1)], ONE, TYPED))
    assert plant.case(small)["state"] == "approved" and "Approved" in done[small]
    assert plant.case(case_id)["state"] == "proposed" and "by itself" in done[case_id]
    with pytest.raises(InvalidInput):
        care.approve_several(supervisor, [(small, 1)] * 21, TWO, TYPED)
    again = dict(care.approve_several(supervisor, [(small, 1)], ONE, TYPED))
    assert "Approved" in again[small] and len(plant.rows(select(t.signatures))) == 1


def test_who_is_on_shift_is_told_then_the_chain_then_the_manager_each_once(
    plant: Plant, database: Database, case_id: str, supervisor: Actor, planner: Actor
) -> None:
    in_force(plant.database, NEVER_QUIET)
    manager, second = plant.person(Role.PLANT_MANAGER), plant.person(Role.MAINTENANCE_PLANNER)
    roster, now = PolicyCommands(database), wall_us()
    for person, position in ((supervisor, 0), (planner, 1), (second, 2)):
        roster.put_on_duty(supervisor, person.account_id, LINE, position, now - HOUR, now + 8 * HOUR)
    for _ in range(2):
        Escalation(database).turn()
        assert [n["account_id"] for n in notices(plant)] == [supervisor.account_id]
    plant.age(case_id, opened_us=now - 55 * MINUTE, deadline_us=now + 45 * MINUTE)
    escalation = Escalation(database)
    assert escalation.turn() > 0 and escalation.turn() == 0
    assert {n["account_id"] for n in notices(plant)} == {supervisor.account_id, planner.account_id}
    plant.age(case_id, opened_us=now - 85 * MINUTE, deadline_us=now + 15 * MINUTE)
    Escalation(database).turn()
    told = [n["account_id"] for n in notices(plant)]
    assert sorted(told) == sorted(a.account_id for a in (supervisor, planner, second, manager))


def test_an_emergency_that_nobody_ratifies_is_told_again(
    plant: Plant, database: Database, care: CareCommands, case_id: str, supervisor: Actor
) -> None:
    manager = plant.person(Role.PLANT_MANAGER)
    care.act_alone(supervisor, case_id, 1, ONE, "smoke", TYPED)
    Escalation(database).turn()
    assert [n["account_id"] for n in notices(plant)] == [manager.account_id]
    with database.write() as tx:
        tx.execute(update(t.ratifications).values(due_us=wall_us() - 1))
    Escalation(database).turn()
    assert "nobody has ratified" in notices(plant)[-1]["body"]
    assert len(notices(plant, "webhook")) == 1


def test_a_message_is_tried_again_with_the_same_id_and_its_failure_is_seen(
    plant: Plant, database: Database, case_id: str, supervisor: Actor
) -> None:
    in_force(plant.database, NEVER_QUIET)
    PolicyCommands(database).set_contact(supervisor, "sue@plant.example")
    Escalation(database).turn()
    post = FakePost([Retry("busy"), Terminal("unknown address")])
    notifier = Notifier(database, {"email": post})
    assert (notifier.send_due().retried, notifier.send_due().retried) == (1, 0)
    with database.write() as tx:
        tx.execute(update(t.notices).values(next_try_wall_us=0))
    assert notifier.send_due().failed == 1
    assert len(post.got) == 2 and post.got[0].message_id == post.got[1].message_id
    (row,) = notices(plant, "email")
    assert (row["state"], row["attempts"], row["last_error"]) == ("failed", 2, "unknown address")
    assert {n["state"] for n in notices(plant, "mqtt")} == {"dropped"}  # no such channel on this desk


def test_what_waits_for_the_morning_is_not_sent_once_the_case_is_decided(
    plant: Plant, database: Database, desk: CaseCommands, case_id: str, supervisor: Actor
) -> None:
    PolicyCommands(database).set_contact(supervisor, "sue@plant.example")
    Escalation(database).turn()
    with database.write() as tx:
        tx.execute(
            update(t.notices).where(t.notices.c.channel == "email").values(next_try_wall_us=wall_us() + DAY)
        )
    desk.approve(supervisor, case_id, 1, ONE)
    Escalation(database).turn()
    assert [n["state"] for n in notices(plant, "email")] == ["dropped"]


def test_two_notifiers_send_a_message_once_unless_one_died(
    plant: Plant, database: Database, case_id: str
) -> None:
    in_force(plant.database, NEVER_QUIET)
    Escalation(database).turn()
    post = FakePost()
    slow = Notifier(database, {"mqtt": post}, lease_us=0)

    class Dies:
        def deliver(self, mail: Mail) -> Outcome:
            raise KeyboardInterrupt

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        Notifier(database, {"mqtt": Dies()}, lease_us=0).send_due()
    assert slow.send_due().sent == 1 and slow.send_due().sent == 0
    assert len(post.got) == 1


def test_the_roster_takes_only_who_sees_the_place(
    plant: Plant, database: Database, supervisor: Actor, operator: Actor
) -> None:
    roster, now = PolicyCommands(database), wall_us()
    stranger = plant.person(Role.SUPERVISOR, scope="south")
    with pytest.raises(InvalidInput):
        roster.put_on_duty(supervisor, stranger.account_id, SITE, 0, now, now + HOUR)
    with pytest.raises(Forbidden):
        roster.put_on_duty(operator, supervisor.account_id, SITE, 0, now, now + HOUR)
    roster.put_on_duty(supervisor, supervisor.account_id, SITE, 0, now, now + HOUR)
    (duty,) = plant.rows(select(t.duties))
    roster.end_duty(supervisor, duty["duty_id"])
    assert plant.rows(select(t.duties))[0]["until_us"] < now + HOUR


def test_a_stale_version_is_not_put_aside(
    plant: Plant, care: CareCommands, case_id: str, supervisor: Actor
) -> None:
    with pytest.raises(Conflict):
        care.snooze(supervisor, case_id, 7, ONE, wall_us() + MINUTE, "later")
