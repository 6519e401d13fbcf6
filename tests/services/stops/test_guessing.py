"""A model's reasons on the floor: stored once a stop, shown where it is sure, else the rules'."""

import pytest
from sqlalchemy import insert, select, update

from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.stop_causes import Guess, Proposal, Strength, contributed, with_guess
from domain.stop_history import Ask
from domain.time_model import Span
from models.classification.stops.features import COLUMNS
from services.commands.stopping import StopCommands
from services.stops.guessing import Guessed, guess_due
from tests.kits.pen import TYPED
from tests.services.reports import plant
from tests.services.stops.reasons_kit import NAME, Says, registered
from tests.services.stops.test_stops import NAME as NAMING
from tests.services.stops.test_stops import NOW, START, Floor

FROM, TO = START + 2 * HOUR, START + 3 * HOUR


@pytest.fixture
def floor(database):
    found = Floor(database)
    with database.write() as tx:
        tx.execute(t.stop_draws.delete())
        for unit in (plant.FIRST, plant.LAST):
            row = {"equipment_id": unit, "from_us": FROM, "to_us": TO, "hidden": False}
            tx.execute(insert(t.stop_draws).values(**row))
        registered(tx)
    return found


def look(floor, *models, now_us=NOW) -> Guessed:
    return guess_due(floor.database, models, plant.LINE, Span(START, now_us), now_us)


def rows(floor):
    with floor.database.read() as tx:
        return tx.execute(select(t.stop_guesses).order_by(t.stop_guesses.c.equipment_id)).all()


def test_each_stop_is_looked_at_once_and_what_was_said_names_its_version(floor) -> None:
    model = Says()
    assert look(floor, model) == Guessed(2, 2) and look(floor, model) == Guessed()
    first, last = rows(floor)
    assert (first.equipment_id, first.from_us, first.at_us) == (plant.FIRST, FROM, TO)
    assert (first.model_name, first.model_version, first.feature_version) == (NAME, "1", "stops-1")
    assert (first.reason, first.chance, first.sure, len(first.window_hash)) == ("tool", 0.9, True, 64)
    assert last.window_hash != first.window_hash
    state = COLUMNS.index("state: aborted")
    assert [row[state] for row in model.rows] == [1.0, 1.0]


def test_a_stop_that_goes_on_is_looked_at_again_when_it_has_lasted_twice_as_long(floor) -> None:
    with floor.database.write() as tx:
        tx.execute(t.states.delete().where(t.states.c.source_us == TO))
    begun = FROM + 10 * MINUTE
    seen = []
    for now in (FROM + MINUTE // 2, begun, begun + 5 * MINUTE, begun + 10 * MINUTE):
        floor.at(now)
        seen.append(look(floor, Says(), now_us=now).looked)
    assert seen == [0, 2, 0, 2]


def test_the_proposal_shows_the_chance_and_what_contributed(floor) -> None:
    before = floor.stop(plant.LAST).proposal
    assert before.reason == "breakdown" and before.chance is None
    look(floor, Says())
    found = floor.stop(plant.LAST).proposal
    assert (found.reason, found.chance, found.strength) == ("tool", 0.9, Strength.STRONG)
    assert found.because == (
        "the machine's state (41 points) and the hours of its tool (20 points) contributed; "
        "the pace just before (3 points) spoke against it"
    )
    floor.act(Ask(NAMING, FROM, reason="tool"), unit=plant.LAST)
    with floor.database.read() as tx:
        assert tx.execute(select(t.stop_acts.c.proposal)).scalar_one() == "tool"


def test_a_model_that_is_not_sure_leaves_it_to_the_rules(floor) -> None:
    look(floor, Says(chance=0.6))
    assert [row.sure for row in rows(floor)] == [False, False] and rows(floor)[0].parts == "[]"
    assert floor.stop(plant.LAST).proposal.reason == "breakdown"


def test_a_stopped_model_says_nothing_and_the_rules_propose_at_once(floor) -> None:
    look(floor, Says())
    StopCommands(floor.database).stop(floor.sue, "north", NAME, "wrong all day", TYPED)
    assert floor.stop(plant.LAST).proposal.reason == "breakdown"
    with floor.database.write() as tx:
        tx.execute(t.stop_guesses.delete())
    assert look(floor, Says()) == Guessed() and rows(floor) == []


def test_what_learned_from_simulated_machines_never_speaks_of_real_ones(floor) -> None:
    with floor.database.write() as tx:
        tx.execute(update(t.sites).values(virtual=False))
    assert look(floor, Says()) == Guessed()
    assert look(floor, Says(simulated=False)).looked == 2


def test_a_challenger_speaks_to_nobody(floor) -> None:
    with floor.database.write() as tx:
        registered(tx, "2", "shadow")
    look(floor, Says(), Says("cleaning", version="2"))
    assert len(rows(floor)) == 4
    assert floor.stop(plant.LAST).proposal.reason == "tool"


def test_a_hidden_proposal_stays_hidden(floor) -> None:
    look(floor, Says())
    with floor.database.write() as tx:
        tx.execute(update(t.stop_draws).values(hidden=True))
    assert floor.stop(plant.LAST).proposal is None


def test_where_both_say_the_same_the_machine_that_is_charged_stays() -> None:
    rule = Proposal("starved", "a/b/c/d", "the saw, before it, stood", Strength.WEAK)
    found = with_guess(rule, Guess("starved", 0.8, "the pace (10 points) contributed"))
    assert (found.charged_to, found.chance, found.strength) == ("a/b/c/d", 0.8, Strength.STRONG)
    assert found.because == "the saw, before it, stood; the pace (10 points) contributed"
    assert with_guess(rule, None) is rule and with_guess(None, None) is None
    assert contributed([("state", 0.001)]) == "nothing stands out"
    assert contributed([("scrap", -0.2)]) == "scrap just before (20 points) spoke against it"
