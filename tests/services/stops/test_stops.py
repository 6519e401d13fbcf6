"""Naming, cutting and taking back on a real database: who may, until when, and what is written down."""

import threading

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, SECOND, Clock, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from domain.ids import new_id
from domain.kpi import MinorModel
from domain.reasons import Reason
from domain.stop_history import ActKind, Ask
from domain.stops import is_hidden
from domain.time_model import Span
from services import audit
from services.commands.figures import FigureCommands
from services.commands.stops import MachineStopCommands, Order
from services.context import Context
from services.queries.stops import StopQueries
from services.reports.gather import report
from tests import factories as f
from tests.services.queries.conftest import SITE
from tests.services.reports import plant

START = plant.DAY_BEFORE.from_us
NOW = START + 4 * HOUR
DAY = Span(START, NOW)
NAME, SPLIT, MERGE, REVERT = ActKind


class Floor:
    """The line of tests.services.reports.plant at four in the morning, and an operator."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as tx:
            plant.build(tx, evil=False)
            self.olaf = f.account(tx, "olaf", [Role.OPERATOR], [plant.LINE], name="Olaf")
            self.sue = f.account(tx, "sue", [Role.SUPERVISOR], name="Sue")
        self.commands = MachineStopCommands(database)
        self.at(NOW)

    def at(self, now_us: int) -> None:
        self.now_us = now_us
        with self.database.write() as tx:
            tx.execute(update(t.clocks).values(origin_plant_us=now_us, origin_wall_us=wall_us(), speed=0.001))

    def queries(self, actor=None) -> StopQueries:
        clock = Clock(self.now_us, wall_us(), 0.001)
        return StopQueries(Context(self.database, actor or self.olaf, SITE, clock))

    def stop(self, unit=plant.FIRST, actor=None):
        found = self.queries(actor).stops(plant.LINE, Span(START, self.now_us)).stops
        return next(s for s in found if s.equipment_id == unit)

    def act(self, ask: Ask, *, unit=plant.FIRST, actor=None, version=None, act_id="", **more) -> None:
        stop = self.stop(unit)
        number = stop.version if version is None else version
        self.commands.act(actor or self.olaf, Order(act_id or new_id(), stop.key, number, ask, **more))

    def name(self, reason: str, **more) -> None:
        begin = self.stop(more.get("unit", plant.FIRST)).pieces[0].from_us
        self.act(Ask(NAME, begin, reason=reason), **more)


@pytest.fixture
def floor(database):
    return Floor(database)


def test_a_stop_is_found_with_the_booking_of_the_mes_and_a_proposal(floor):
    stop = floor.stop()
    assert (stop.from_us, stop.to_us, stop.open, stop.short, stop.waited) == (
        START + 2 * HOUR,
        START + 3 * HOUR,
        False,
        False,
        False,
    )
    assert [(p.reason, p.source) for p in stop.pieces] == [("breakdown", "mes")]
    assert not stop.unnamed and not stop.overridden
    other = floor.stop(plant.LAST)
    assert other.unnamed and other.proposal is not None and other.proposal.reason == "breakdown"


def test_a_name_is_kept_with_who_when_and_what_was_there_before(floor):
    floor.name("tool", entry_ms=2_400, note="jammed")
    floor.name("sensor", actor=floor.sue)
    stop = floor.stop()
    assert [(p.reason, p.source) for p in stop.pieces] == [("sensor", "person")] and stop.overridden
    assert [(a.who, a.reason, a.earlier, a.note, a.at_us >= NOW) for a in stop.acts] == [
        ("Olaf", "tool", "breakdown", "jammed", True),
        ("Sue", "sensor", "tool", "", True),
    ]
    with floor.database.read() as tx:
        row = tx.execute(select(t.stop_acts).where(t.stop_acts.c.number == 1)).mappings().one()
        said = list(tx.execute(select(t.audit.c.action).where(t.audit.c.subject_id == stop.key)).scalars())
    assert (row["proposal"], row["hidden"], row["entry_ms"]) == ("breakdown", is_hidden(stop.key), 2_400)
    assert said == ["named a stop", "named a stop"]
    audit.verify(floor.database)


def test_split_name_merge_and_take_back(floor):
    begin = START + 2 * HOUR
    floor.act(Ask(SPLIT, at_us=begin + 20 * MINUTE))
    floor.act(Ask(NAME, begin + 20 * MINUTE, reason="cleaning"))
    assert [(p.to_us - p.from_us, p.reason) for p in floor.stop().pieces] == [
        (20 * MINUTE, ""),
        (40 * MINUTE, "cleaning"),
    ]
    floor.act(Ask(MERGE, begin))
    assert [(p.to_us - p.from_us, p.reason) for p in floor.stop().pieces] == [(HOUR, "cleaning")]
    for left in (2, 2, 1):
        floor.act(Ask(REVERT))
        assert len(floor.stop().pieces) == left
    stop = floor.stop()
    assert [(p.reason, p.source) for p in stop.pieces] == [("breakdown", "mes")]
    assert [a.kind for a in stop.acts] == ["split", "name", "merge", "revert", "revert", "revert"]
    assert [a.taken_back for a in stop.acts] == [True] * 3 + [False] * 3
    with pytest.raises(InvalidInput):
        floor.act(Ask(REVERT))


def test_a_double_tap_is_one_act_and_another_s_id_is_refused(floor):
    key = new_id()
    floor.name("tool", act_id=key)
    floor.name("tool", act_id=key, version=0)
    assert len(floor.stop().acts) == 1
    with pytest.raises(Forbidden):
        floor.name("sensor", act_id=key, actor=floor.sue)


def test_two_people_cannot_both_be_first(floor):
    stop = floor.stop()
    results: list[str] = []

    def one(actor, reason):
        try:
            floor.commands.act(actor, Order(new_id(), stop.key, 0, Ask(NAME, stop.from_us, reason=reason)))
            results.append("done")
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=one, args=a) for a in ((floor.olaf, "tool"), (floor.sue, "sensor"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["conflict", "done"] and len(floor.stop().acts) == 1


def test_who_may_and_until_when(floor):
    with floor.database.write() as tx:
        admin = f.account(tx, "ada", [Role.ADMINISTRATOR])
        elsewhere = f.account(tx, "eve", [Role.SUPERVISOR], ["north/forming"])
    for person in (admin, elsewhere):
        with pytest.raises(Forbidden):
            floor.name("tool", actor=person)
    with pytest.raises(NotFound):
        floor.queries(elsewhere).stops(plant.LINE, DAY)
    assert floor.stop(actor=admin).may_change == "you may look at stops, not name them"
    floor.at(START + 15 * HOUR + 2 * MINUTE)
    assert floor.stop().may_change == "it ended more than 12 hours ago"
    with pytest.raises(NotNow):
        floor.name("tool")
    floor.name("tool", actor=floor.sue)


@pytest.mark.parametrize("reason", ["machine", "nonsense", ""])
def test_only_a_reason_of_the_tree_can_be_chosen(floor, reason):
    with pytest.raises(InvalidInput):
        floor.name(reason)


@pytest.mark.parametrize(
    "key", ["", "x", f"{plant.FIRST}|abc", f"{plant.FIRST}|{START}", "north/no/line/unit|5"]
)
def test_a_stop_that_is_not_there(floor, key):
    with pytest.raises((NotFound, Forbidden)):
        floor.commands.act(floor.olaf, Order(new_id(), key, 0, Ask(NAME, START, reason="tool")))


def test_an_open_stop_is_named_and_goes_on(floor):
    floor.at(START + 2 * HOUR + 30 * MINUTE)
    assert floor.stop().open
    until = Span(START, floor.now_us - 30 * SECOND)  # as a page saw it a moment ago
    seen = next(s for s in floor.queries().stops(plant.LINE, until).stops if s.equipment_id == plant.FIRST)
    assert seen.open
    floor.name("tool")
    floor.at(NOW)
    stop = floor.stop()
    assert [(p.to_us - p.from_us, p.reason) for p in stop.pieces] == [(HOUR, "tool")] and not stop.open


def test_late_data_move_a_stop_and_what_was_said_stays(floor):
    floor.name("tool")
    with floor.database.write() as tx:
        s = t.states.c
        mine = (s.equipment_id == plant.FIRST) & (s.source_us == START + 2 * HOUR)
        tx.execute(update(t.states).where(mine).values(source_us=START + 2 * HOUR + 10 * MINUTE))
    stop = floor.stop()
    assert (stop.from_us, stop.version) == (START + 2 * HOUR + 10 * MINUTE, 0)
    assert [p.reason for p in stop.pieces] == ["tool"] and [a.reason for a in stop.acts] == ["tool"]
    floor.name("sensor")
    stop = floor.stop()
    assert [p.reason for p in stop.pieces] == ["sensor"] and [a.earlier for a in stop.acts] == [
        "breakdown",
        "tool",
    ]
    floor.act(Ask(REVERT))
    assert [p.reason for p in floor.stop().pieces] == ["tool"]


def hide(floor, hidden: bool) -> str:
    """Move the last machine's stop until its key is (or is not) among the hidden ones."""
    at = START + 2 * HOUR
    while is_hidden(f"{plant.LAST}|{at}") is not hidden:
        at += SECOND
    with floor.database.write() as tx:
        s = t.states.c
        mine = (s.equipment_id == plant.LAST) & (s.state == plant.ABORTED)
        tx.execute(update(t.states).where(mine).values(source_us=at))
    return f"{plant.LAST}|{at}"


@pytest.mark.parametrize("hidden", [True, False])
def test_late_data_that_move_a_stop_do_not_draw_again(floor, hidden):
    hide(floor, hidden)
    assert (floor.stop(plant.LAST).proposal is None) is hidden
    key = hide(floor, not hidden)  # it began some seconds later, as the machine says now
    stop = floor.stop(plant.LAST)
    assert stop.key == key and (stop.proposal is None) is hidden
    floor.name("breakdown", unit=plant.LAST)
    with floor.database.read() as tx:
        assert tx.execute(select(t.stop_acts.c.hidden)).scalar_one() is hidden


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_proposal_never_leaves_the_server_but_is_kept(floor, hidden):
    key = hide(floor, hidden)
    stop = floor.stop(plant.LAST)
    assert stop.key == key and (stop.proposal is None) is hidden
    floor.name("breakdown", unit=plant.LAST)
    with floor.database.read() as tx:
        row = tx.execute(select(t.stop_acts)).mappings().one()
    assert (row["proposal"], row["hidden"]) == ("breakdown", hidden)
    found = floor.queries(floor.sue).quality(DAY)
    mine = found.hidden if hidden else found.shown
    assert (mine.agreed, mine.total) == (1, 1)
    assert (found.shown if hidden else found.hidden).total == 0


def test_the_first_name_counts_for_agreement(floor):
    hide(floor, False)
    floor.name("tool", unit=plant.LAST)
    floor.name("breakdown", unit=plant.LAST)
    assert (
        floor.queries(floor.sue).quality(DAY).shown.agreed,
        floor.queries(floor.sue).quality(DAY).shown.total,
    ) == (0, 1)


def test_shares_and_the_cost_of_entry(floor):
    line = floor.queries(floor.sue).quality(DAY).lines[0]
    assert (line.stops, line.unnamed, line.unnamed_us, line.stop_us) == (2, 1, HOUR, 2 * HOUR)
    floor.name("other", unit=plant.LAST, entry_ms=6_000)
    line = floor.queries(floor.sue).quality(Span(START, NOW + HOUR)).lines[0]
    assert (line.unnamed, line.other, line.other_us) == (0, 1, HOUR)
    assert (line.entries, line.entry_ms, line.shift_us) == (1, 6_000, 5 * HOUR)
    with pytest.raises(Forbidden):
        floor.queries(floor.olaf).quality(DAY)


def test_a_short_stop_is_summed_and_the_limit_has_versions(floor):
    with floor.database.write() as tx:
        for at, state in ((3 * HOUR + 20 * MINUTE, plant.ABORTED), (3 * HOUR + 26 * MINUTE, plant.EXECUTE)):
            values = {
                "equipment_id": plant.FIRST,
                "source_us": START + at,
                "state": state,
                "mode": 1,
                "receive_us": 0,
            }
            tx.execute(insert(t.states).values(values))
        boss = f.account(tx, "mia", [Role.PLANT_MANAGER])
    found = floor.queries().stops(plant.LINE, DAY)
    assert (len(found.stops), found.short_count) == (3, 0)
    figures = FigureCommands(floor.database)
    with pytest.raises(Forbidden):
        figures.set_stop_policy(floor.sue, plant.LINE, 600, MinorModel.AVAILABILITY, NOW, "too many")
    figures.set_stop_policy(boss, plant.LINE, 600, MinorModel.AVAILABILITY, NOW, "too many")
    later = NOW + 12 * HOUR
    stood = (
        (later, plant.EXECUTE),
        (later + HOUR, plant.ABORTED),
        (later + HOUR + 6 * MINUTE, plant.EXECUTE),
    )
    with floor.database.write() as tx:
        for at, state in stood:
            values = {
                "equipment_id": plant.FIRST,
                "source_us": at,
                "state": state,
                "mode": 1,
                "receive_us": 0,
            }
            tx.execute(insert(t.states).values(values))
    floor.at(later + 2 * HOUR)
    for to_us in (NOW - MINUTE, later + 2 * HOUR):  # the limit is that of the stop's own time
        seen = floor.queries().stops(plant.LINE, Span(START, to_us))
        six = {s.from_us for s in seen.stops if s.to_us - s.from_us == 6 * MINUTE}
        assert six == {START + 3 * HOUR + 20 * MINUTE}
    assert (seen.short_count, seen.short_us, seen.limit_us) == (1, 6 * MINUTE, 600 * SECOND)
    with pytest.raises(InvalidInput, match="from now on"):
        figures.set_stop_policy(boss, plant.LINE, 60, MinorModel.AVAILABILITY, NOW, "long ago")
    floor.at(NOW)
    with pytest.raises(Conflict):
        figures.set_stop_policy(boss, plant.LINE, 700, MinorModel.AVAILABILITY, NOW, "again")
    figures.set_stop_policy(boss, plant.LINE, 300, MinorModel.AVAILABILITY, NOW + MINUTE, "back")
    assert [(p.seconds, p.reason) for p in floor.queries().limits()] == [(300, "back"), (600, "too many")]


def test_a_report_knows_what_people_named(floor):
    """The stop that the MES booked without a reason, and that of the last machine, which it does not know."""
    with floor.database.write() as tx:
        tx.execute(update(t.downtimes).values(reason=""))
        period = plant.DAY_BEFORE
        assert report(tx, "north", period, f.NOW).provisional == ("2 stops have no reason yet",)
    floor.name("tool")
    with floor.database.read() as tx:
        assert report(tx, "north", period, f.NOW).provisional == ("1 stop has no reason yet",)
    floor.name("tool", unit=plant.LAST)
    with floor.database.read() as tx:
        assert report(tx, "north", period, f.NOW).provisional == ()
    floor.act(Ask(REVERT))
    with floor.database.read() as tx:
        assert report(tx, "north", period, f.NOW).provisional == ("1 stop has no reason yet",)


def test_a_change_of_the_tree_is_a_version_and_what_was_said_stays(floor):
    with floor.database.write() as tx:
        boss = f.account(tx, "mia", [Role.MAINTENANCE_PLANNER])
    floor.name("tool")
    with pytest.raises(Forbidden):
        floor.commands.set_reason(floor.olaf, "north", Reason("jam", "Jam", "machine"))
    floor.commands.set_reason(boss, "north", Reason("tool", "Tool worn", "machine", 3))
    floor.commands.set_reason(boss, "north", Reason("tool", "Tool worn", "machine", 3, active=False))
    with pytest.raises(InvalidInput):
        floor.commands.set_reason(boss, "north", Reason("tool", "Tool worn", "machine", 3, active=False))
    assert floor.queries().tree().name("tool") == "Tool worn"
    assert floor.stop().pieces[0].reason == "tool"
    with pytest.raises(InvalidInput):
        floor.name("tool", unit=plant.LAST)
    with floor.database.read() as tx:
        r = t.reason_nodes.c
        assert list(tx.execute(select(r.version).where(r.code == "tool").order_by(r.version)).scalars()) == [
            1,
            2,
        ]


@pytest.mark.services
def test_the_same_on_postgresql(postgres):
    floor = Floor(postgres)
    floor.act(Ask(SPLIT, at_us=START + 2 * HOUR + 20 * MINUTE))
    floor.name("tool")
    assert [p.reason for p in floor.stop().pieces] == ["tool", ""]
    floor.act(Ask(REVERT))
    assert floor.queries(floor.sue).quality(Span(START, NOW + HOUR)).lines[0].entries == 3
    with floor.database.write() as tx:
        boss = f.account(tx, "mia", [Role.PLANT_MANAGER])
    FigureCommands(postgres).set_stop_policy(boss, "north", 120, MinorModel.AVAILABILITY, NOW, "new rule")
    floor.commands.set_reason(boss, "north", Reason("jam", "Jam", "machine"))
    assert floor.queries(floor.sue).limits()[0].seconds == 120 and floor.queries().tree().name("jam") == "Jam"


def test_the_stops_of_a_line_come_in_pages(floor):
    every = floor.queries().stops(plant.LINE, DAY)
    assert every.count == len(every.stops) >= 2 and every.unnamed + every.waited <= every.count
    pages = [floor.queries().stops(plant.LINE, DAY, 1, skip) for skip in range(every.count)]
    assert tuple(stop for page in pages for stop in page.stops) == every.stops
    assert {(page.count, page.unnamed, page.short_count) for page in pages} == {
        (every.count, every.unnamed, every.short_count)
    }
    beyond = floor.queries().stops(plant.LINE, DAY, 1, 400)  # the list has become shorter since
    assert beyond.stops == every.stops[-1:]
