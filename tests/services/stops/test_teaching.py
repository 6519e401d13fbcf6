"""Which reasons teach a model: what people set without following a proposal; and what is known when."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from data.store import tables as t
from domain.clock import HOUR, MINUTE
from domain.stop_history import Ask
from models.classification.stops import cases as files
from models.classification.stops.features import COLUMNS
from models.dataspec import DataSpec
from services.rows.stops import Share
from services.stops.teaching import follows, write_cases
from tests.services.reports import plant
from tests.services.stops.test_stops import DAY, NAME, NOW, START, Floor

FROM, TO = START + 2 * HOUR, START + 3 * HOUR


@pytest.fixture
def floor(database):
    return Floor(database)


def draw(floor, *, hidden: bool) -> None:
    with floor.database.write() as tx:
        tx.execute(t.stop_draws.delete())
        row = {"equipment_id": plant.LAST, "from_us": FROM, "to_us": TO, "hidden": hidden}
        tx.execute(insert(t.stop_draws).values(**row))


def written(floor, tmp_path):
    found = write_cases(floor.database, "north", DAY, tmp_path, NOW)
    return found, files.read(DataSpec("stops", tmp_path))


def told(cases, unit: str) -> tuple[str, str]:
    mine = cases.take((cases.equipment_id == unit) & cases.ended)
    return str(mine.reason[0]), str(mine.told_by[0])


def test_what_the_mes_booked_teaches_and_each_stop_is_there_half_way_and_at_its_end(floor, tmp_path) -> None:
    found, cases = written(floor, tmp_path)
    assert (found.stops, found.taught, found.shown_teach) == (2, 1, False)
    assert told(cases, plant.FIRST) == ("breakdown", "mes") and told(cases, plant.LAST) == ("", "")
    assert cases.at_us.tolist() == [FROM + HOUR // 2, TO] * 2 and cases.ended.tolist() == [False, True] * 2
    assert set(cases.rule.tolist()) == {"breakdown"} and cases.simulated.all()


def test_a_reason_set_without_seeing_the_proposal_teaches(floor, tmp_path) -> None:
    draw(floor, hidden=True)
    floor.act(Ask(NAME, FROM, reason="cleaning"), unit=plant.LAST)
    assert told(written(floor, tmp_path)[1], plant.LAST) == ("cleaning", "person")


def test_a_proposal_that_was_seen_does_not_teach_while_people_may_follow_it(floor, tmp_path) -> None:
    draw(floor, hidden=False)
    floor.act(Ask(NAME, FROM, reason="breakdown"), unit=plant.LAST)
    assert told(written(floor, tmp_path)[1], plant.LAST) == ("breakdown", "")


def test_another_reason_teaches_nothing(floor, tmp_path) -> None:
    draw(floor, hidden=True)
    floor.act(Ask(NAME, FROM, reason="other"), unit=plant.LAST)
    with floor.database.write() as tx:
        tx.execute(update(t.downtimes).values(reason="jam at gate 4"))
    found, cases = written(floor, tmp_path)
    assert found.taught == 0 and not cases.reason.any()


def test_people_follow_unless_as_many_agree_where_it_is_hidden() -> None:
    alike = Share(16, 20, 0.58, 0.92)
    assert not follows(alike, alike)
    assert follows(replace(alike, low=0.95), alike) and follows(alike, replace(alike, total=19))


def at(cases, name: str) -> list[float]:
    return [round(float(one), 3) for one in cases.inputs[:, COLUMNS.index(name)]]


def test_what_came_after_the_moment_is_not_known(floor, tmp_path) -> None:
    """The other machine stands in the last half hour only, and an alarm comes as late."""
    half = FROM + HOUR // 2
    with floor.database.write() as tx:
        s = t.states.c
        tx.execute(
            update(t.states).where(s.equipment_id == plant.LAST, s.source_us == FROM).values(source_us=half)
        )
        alarm = {"alarm_id": "a", "position_id": "p", "priority": "high", "event": "activated", "asks": True}
        rest = {"wall_us": 1, "actor": "", "note": "", "equipment_id": plant.FIRST, "at_us": half + MINUTE}
        tx.execute(insert(t.alarm_events).values(**alarm, **rest))
    mine = written(floor, tmp_path)[1]
    mine = mine.take(mine.equipment_id == plant.FIRST)
    assert at(mine, "machine behind it: share of the time that it stood itself") == [0.0, 0.5]
    assert at(mine, "alarms: in the quarter of an hour before") == [0.0, 1.0]


def test_what_stood_before_the_stop_is_known(floor, tmp_path) -> None:
    """A tool was handled half an hour before; ten parts in a hundred were scrap, at the usual pace."""
    with floor.database.write() as tx:
        row = {"equipment_id": plant.FIRST, "receive_us": 1}
        tx.execute(insert(t.states), [
            row | {"source_us": FROM - 40 * MINUTE, "state": 11, "mode": 3},
            row | {"source_us": FROM - 30 * MINUTE, "state": plant.EXECUTE, "mode": 1},
        ])  # fmt: skip
    mine = written(floor, tmp_path)[1]
    mine = mine.take((mine.equipment_id == plant.FIRST) & (mine.from_us == FROM))
    assert at(mine, "tool: hours run since it was last handled") == [0.5, 0.5]
    assert at(mine, "scrap: share in the hour before") == [0.1, 0.1]
    assert at(mine, "shift: hours since it began") == [2.0, 2.0]
    assert at(mine, "order: hours since it began") == [2.0, 2.0]
    assert at(mine, "last stop: hours since its end") == [0.5, 0.5]
    assert at(mine, "states so far: share aborted") == [1.0, 1.0]
    assert at(mine, "place in the line: first") == [1.0, 1.0]
