"""A roster from a file is taken in whole or not at all; duties and delegations get other dates."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from data.store import approvals
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, utc, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.commands.policy import PolicyCommands
from services.commands.roster import RosterCommands
from tests.services.decide.plant import CNC_11, LINE, SITE, Plant

HEAD = "person,place,duty,from,to\n"


def at(hours: int) -> str:
    now = utc(wall_us()).astimezone(ZoneInfo("Europe/Berlin")).replace(minute=0)
    return f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M}"


def row(who: Actor, begin: int, end: int, duty: str = "on shift", place: str = LINE) -> str:
    return f"{who.username},{place},{duty},{at(begin)},{at(end)}\n"


def duties(plant: Plant) -> list[dict[str, object]]:
    return plant.rows(select(t.duties).order_by(t.duties.c.from_us, t.duties.c.position))


@pytest.fixture
def roster(database: Database) -> RosterCommands:
    return RosterCommands(database)


def test_a_file_is_taken_in_and_the_same_file_changes_nothing(
    plant: Plant, database: Database, roster: RosterCommands
) -> None:
    boss, mia, jo = (plant.person(role) for role in (Role.PLANT_MANAGER, Role.SUPERVISOR, Role.SUPERVISOR))
    file = (HEAD + row(mia, 1, 9) + row(jo, 1, 9, "on call 1", "LINE-1")).encode()
    assert roster.check(boss, SITE, file).wrong == ()
    assert duties(plant) == []
    assert roster.take_in(boss, SITE, file) == "2 entered, 0 were there already."
    assert roster.take_in(boss, SITE, file) == "0 entered, 2 were there already."
    with database.read() as tx:
        found = approvals.on_duty(tx, CNC_11, wall_us() + 3 * HOUR)
    assert [(one["account_id"], one["position"]) for one in found] == [
        (mia.account_id, 0),
        (jo.account_id, 1),
    ]
    assert plant.actions(SITE) == ["took a roster in"] * 2
    a = t.audit.c
    noted = plant.rows(select(a.detail).where(a.action == "took a roster in").order_by(a.entry))
    first, second = (json.loads(one["detail"]) for one in noted)
    assert [one["account_id"] for one in first["entered"]] == [mia.account_id, jo.account_id]
    assert first["entered"][0]["from_us"] and second["entered"] == []


def test_what_is_taken_in_is_what_was_shown(plant: Plant, database: Database, roster: RosterCommands) -> None:
    boss, mia, jo = (plant.person(role) for role in (Role.PLANT_MANAGER, Role.SUPERVISOR, Role.SUPERVISOR))
    file = (HEAD + row(mia, 1, 9)).encode()
    shown = roster.check(boss, SITE, file, replace=True)
    assert shown.ends == ()
    roster.take_in(boss, SITE, (HEAD + row(jo, 2, 8)).encode())  # a colleague was at it meanwhile
    with pytest.raises(Conflict, match="look at it again"):
        roster.take_in(boss, SITE, file, replace=True, read=shown.digest)
    assert len(duties(plant)) == 1
    again = roster.check(boss, SITE, file, replace=True)
    roster.take_in(boss, SITE, file, replace=True, read=again.digest)
    newest = json.loads(plant.rows(select(t.audit.c.detail).order_by(t.audit.c.entry.desc()))[0]["detail"])
    assert [one["account_id"] for one in newest["ended"]] == [jo.account_id]


@pytest.mark.parametrize("bad", ["ghost", "north/unknown", "late"])
def test_one_bad_line_and_nothing_is_taken_in(plant: Plant, roster: RosterCommands, bad: str) -> None:
    boss, mia = plant.person(Role.PLANT_MANAGER), plant.person(Role.SUPERVISOR)
    cells = [mia.username, LINE, "on shift", at(1), at(9)]
    cells[["ghost", "north/unknown", "late"].index(bad)] = bad
    file = (HEAD + row(mia, 10, 18) + ",".join(cells) + "\n").encode()
    with pytest.raises(InvalidInput, match=f"line 3: .*{bad}"):
        roster.take_in(boss, SITE, file)
    assert duties(plant) == [] and plant.actions(SITE) == []


def test_a_new_file_ends_what_is_not_in_it_when_that_is_asked_for(
    plant: Plant, roster: RosterCommands
) -> None:
    boss, mia, jo = (plant.person(role) for role in (Role.PLANT_MANAGER, Role.SUPERVISOR, Role.SUPERVISOR))
    roster.take_in(boss, SITE, (HEAD + row(mia, 1, 9) + row(mia, 9, 17) + row(mia, 200, 208)).encode())
    changed = (HEAD + row(mia, 1, 9) + row(jo, 9, 17)).encode()
    assert roster.take_in(boss, SITE, changed, replace=True) == "1 entered, 1 were there already, 1 ended."
    now = wall_us()
    left = [(one["account_id"], one["until_us"] > now) for one in duties(plant)]
    assert sorted(left) == sorted(
        [(mia.account_id, True), (mia.account_id, False), (jo.account_id, True), (mia.account_id, True)]
    )


def test_only_who_keeps_the_roster_takes_one_in_and_only_for_the_own_places(
    plant: Plant, roster: RosterCommands
) -> None:
    mia = plant.person(Role.SUPERVISOR, scope=LINE)
    file = (HEAD + row(mia, 1, 9)).encode()
    with pytest.raises(Forbidden):
        roster.take_in(plant.person(Role.OPERATOR), SITE, file)
    with pytest.raises(NotFound):
        roster.take_in(plant.person(Role.SUPERVISOR, scope="south"), SITE, file)
    with pytest.raises(InvalidInput, match="no place that you manage"):
        roster.take_in(mia, SITE, (HEAD + row(mia, 1, 9, place="north")).encode())
    stranger = plant.person(Role.SUPERVISOR, scope="south")
    with pytest.raises(InvalidInput, match="does not see"):
        roster.take_in(mia, SITE, (HEAD + row(stranger, 1, 9)).encode())
    with pytest.raises(InvalidInput, match="has passed"):
        roster.take_in(mia, SITE, (HEAD + row(mia, -9, -1)).encode())


def test_a_duty_gets_other_times_and_another_place_in_the_chain(plant: Plant, roster: RosterCommands) -> None:
    boss, mia = plant.person(Role.PLANT_MANAGER), plant.person(Role.SUPERVISOR)
    roster.take_in(boss, SITE, (HEAD + row(mia, 1, 9)).encode())
    duty, now = str(duties(plant)[0]["duty_id"]), wall_us()
    roster.move_duty(boss, duty, 2, now, now + HOUR)
    moved = duties(plant)[0]
    assert (moved["position"], moved["from_us"], moved["until_us"]) == (2, now, now + HOUR)
    for position, end in ((10, now + HOUR), (0, now - HOUR), (0, now + 40 * DAY)):
        with pytest.raises(InvalidInput):
            roster.move_duty(boss, duty, position, now, end)
    with pytest.raises(NotFound):
        roster.move_duty(plant.person(Role.SUPERVISOR, scope="south"), duty, 0, now, now + HOUR)
    assert plant.actions(duty) == ["changed a duty"]


def test_only_the_lender_moves_the_dates_of_a_delegation(
    plant: Plant, database: Database, roster: RosterCommands
) -> None:
    lender, deputy, now = plant.person(Role.SUPERVISOR), plant.person(Role.SUPERVISOR), wall_us()
    PolicyCommands(database).delegate(lender, deputy.account_id, LINE, now, now + DAY, "holiday")
    lent = plant.rows(select(t.delegations))[0]["delegation_id"]
    with pytest.raises(NotFound):
        roster.move_delegation(deputy, lent, now, now + 2 * DAY)
    roster.move_delegation(lender, lent, now + HOUR, now + 2 * DAY)
    assert plant.rows(select(t.delegations))[0]["until_us"] == now + 2 * DAY
    with pytest.raises(InvalidInput):
        roster.move_delegation(lender, lent, now, now + 100 * DAY)
    assert plant.actions(lent) == ["delegated", "changed a delegation"]
