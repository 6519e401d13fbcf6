"""Two tabs that close or reopen one shift at once, figures that lag, data and policies that come later."""

import random
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from domain.errors import Conflict, NotNow
from domain.kpi import MinorModel
from services import clocks
from services.commands.figures import FigureCommands
from services.kpi import dirty, valid
from services.kpi.keeping import Keeper
from tests import factories as f
from tests.services.kpi import facts as k

NOW = k.END + HOUR
SHIFT = k.START + 2 * HOUR


def fill(database: Database) -> list[Actor]:
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(NOW, wall_us(), 1e-6))
        for fact in k.random_facts(random.Random(4)):
            k.store(tx, fact)
        people = [
            f.account(tx, name, (Role.SUPERVISOR,), ("north",)) for name in ("sue", "sam", "sid", "sal")
        ]
    Keeper(database).turn()
    return people


def at_once(people: list[Actor], act: Callable[[Actor], object]) -> list[object]:
    """What each got, all started together."""
    gun, results = threading.Barrier(len(people)), [object()] * len(people)

    def run(place: int) -> None:
        gun.wait()
        try:
            results[place] = act(people[place])
        except (NotNow, Conflict) as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(people))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return results


def race(database: Database) -> None:
    people, commands = fill(database), FigureCommands(database)
    closed = at_once(people, lambda who: commands.close_shift(who, k.LINE, SHIFT))
    assert [r for r in closed if r == 1] == [1]
    assert all(isinstance(r, NotNow | Conflict) for r in closed if r != 1)
    Keeper(database).turn()
    opened = at_once(
        people, lambda who: commands.reopen_shift(who, k.LINE, SHIFT, f"reason of {who.username}")
    )
    assert [r for r in opened if r is None] == [None]
    with database.read() as tx:
        rows = tx.execute(select(t.shift_closings)).mappings().all()
        acts = tx.execute(select(t.audit.c.action)).scalars().all()
    (row,) = rows
    winner = people[opened.index(None)]
    assert (row["version"], row["reopened_by"]) == (1, winner.account_id)
    assert row["reopen_reason"] == f"reason of {winner.username}"
    assert (acts.count("closed a shift"), acts.count("reopened a shift")) == (1, 1)


def test_only_one_of_several_closes_and_reopens(database: Database) -> None:
    race(database)


@pytest.mark.services
def test_the_same_on_postgresql(postgres: Database) -> None:
    race(postgres)


def test_who_comes_second_is_told_the_name(database: Database) -> None:
    people, commands = fill(database), FigureCommands(database)
    commands.close_shift(people[0], k.LINE, SHIFT)
    with pytest.raises(NotNow, match="closed already by Sue"):
        commands.close_shift(people[1], k.LINE, SHIFT)


def test_figures_that_do_not_reach_the_end_are_not_reported(database: Database) -> None:
    people, commands = fill(database), FigureCommands(database)
    p = t.kpi_progress.c
    with database.write() as tx:
        tx.execute(update(t.kpi_progress).where(p.equipment_id == k.UNITS[2]).values(upto_us=SHIFT + HOUR))
    with pytest.raises(Conflict, match="do not reach its end"):
        commands.close_shift(people[0], k.LINE, SHIFT)
    Keeper(database).turn()
    with database.write() as tx:
        dirty.mark(tx, [(k.UNITS[0], SHIFT + HOUR, SHIFT + 2 * HOUR)])
    with pytest.raises(Conflict, match="being added up"):
        commands.close_shift(people[0], k.LINE, SHIFT)
    Keeper(database).turn()
    assert commands.close_shift(people[0], k.LINE, SHIFT) == 1


def test_a_model_of_minor_stops_to_come_does_not_hold_yet(database: Database) -> None:
    fill(database)
    with database.write() as tx:
        manager = f.account(tx, "mia", (Role.PLANT_MANAGER,), ("north",))
    FigureCommands(database).set_stop_policy(
        manager, "north", 300, MinorModel.PERFORMANCE, NOW + HOUR, "From tomorrow on"
    )
    with database.read() as tx:
        assert valid.model_of(tx, k.LINE, NOW) is MinorModel.AVAILABILITY
        assert valid.model_of(tx, k.LINE, NOW + 2 * HOUR) is MinorModel.PERFORMANCE
