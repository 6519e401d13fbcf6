"""Stops out of packed cells are those that the facts give, whatever comes late and whatever people say."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import delete, select

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.errors import TaktwiseError
from domain.ids import new_id
from domain.reasons import OTHER
from domain.stop_history import ActKind, Ask
from domain.stops import Stop, stops
from domain.telemetry import MachineState
from domain.time_model import Segment, Span
from services import clocks
from services.commands.stops import MachineStopCommands, Order
from services.context import Context
from services.kpi import dirty, standing
from services.kpi.engine import CAUSES, LEAVES
from services.kpi.keeping import Keeper
from services.kpi.planned import read_line
from services.kpi.refresh import compute, runs_of
from services.queries.stops import StopQueries
from services.stops import log, quality
from services.stops.finding import find
from tests import factories as f
from tests.services.kpi import facts as k
from tests.services.queries.conftest import SITE

EARLY = k.START + 22 * HOUR
SPANS = (
    Span(k.START + 3 * HOUR, k.END),
    Span(k.END - 9 * HOUR, k.END),
    Span(k.START + 5 * HOUR, k.START + 15 * HOUR + 7 * MINUTE),
)


@pytest.fixture(params=["database", "postgres"])
def plant(request) -> Database:
    """The line of the figures' tests, without facts."""
    database = request.getfixturevalue(request.param)
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(EARLY, wall_us(), 1e-9))
    return database


def learn(database: Database, facts: Sequence[k.Fact], now_us: int) -> None:
    """What ingest and the figures' worker do with facts by a moment."""
    with database.write() as tx:
        clocks.write(tx, "north", Clock(now_us, wall_us(), 1e-9))
        for fact in facts:
            k.store(tx, fact)
            dirty.mark(tx, [(u, s.from_us, s.to_us) for u, all_of in fact.stretches.items() for s in all_of])
    Keeper(database).turn()


Strips = dict[str, list[Segment]]


def strips_of(tx, now_us: int) -> Strips:
    """The whole history of each machine, classified anew."""
    line, found = read_line(tx, k.LINE, k.START - DAY, now_us), {}
    for unit in k.UNITS:
        found[unit] = strip = []
        for run in runs_of([cell for cell in line.cells if cell.from_us < now_us]):
            p = compute(tx, line, unit, run, now_us).parts
            columns = (p.from_us, p.to_us, p.leaf, p.state, p.cause)
            strip += [
                Segment(a, b, LEAVES[leaf], None if state < 0 else MachineState(state), CAUSES[why])
                for a, b, leaf, state, why in zip(*(c.tolist() for c in columns), strict=True)
            ]
    return found


def from_facts(strips: Strips, span: Span, now_us: int) -> list[Stop]:
    """The stops that touch a span, cut at its end."""
    end = min(span.to_us, now_us)
    found = []
    for unit, strip in strips.items():
        cut = [replace(part, to_us=min(part.to_us, end)) for part in strip if part.from_us < end]
        found += [stop for stop in stops(unit, cut, now_us) if stop.to_us > span.from_us]
    return sorted(found, key=lambda stop: (stop.from_us, stop.equipment_id))


def say_something(database: Database, rng: random.Random, now_us: int, sue) -> int:
    """Random acts on random stops; returns how many were done."""
    done = 0
    queries = StopQueries(Context(database, sue, SITE, Clock(now_us, wall_us(), 1e-9)))
    for _ in range(12):
        stop = rng.choice(queries.stops(k.LINE, Span(k.START, now_us)).stops)
        piece = rng.choice(stop.pieces)
        ask = Ask(
            rng.choice(list(ActKind)), piece.from_us, rng.randrange(piece.from_us, piece.to_us),
            rng.choice([OTHER, "tool", "breakdown"]),
        )  # fmt: skip
        try:
            MachineStopCommands(database).act(sue, Order(new_id(), stop.key, stop.version, ask))
            done += 1
        except TaktwiseError:
            continue  # nothing to take back, nothing changed, too short a part
    return done


def counted(tx, span: Span, now_us: int) -> tuple[int, ...]:
    """What the screen on reasons counts, stop by stop."""
    found = [one for one in find(tx, k.LINE, span, now_us).found if not one.short and not one.stop.external]
    acts = log.acts_on(tx, sorted({one.stop.equipment_id for one in found}), span.from_us, span.to_us)
    total = unnamed = unnamed_us = other = other_us = 0
    for one in found:
        said = log.said_of(one.stop, acts)
        pieces = [(p.to_us - p.from_us, p.reason) for p in said.pieces(one.stop)]
        if not said.rows and one.booked:
            pieces = [(one.stop.to_us - one.stop.from_us, one.booked)]
        total += sum(us for us, _ in pieces)
        none, rest = (sum(us for us, reason in pieces if reason == code) for code in ("", OTHER))
        unnamed, unnamed_us = unnamed + (none > 0), unnamed_us + none
        other, other_us = other + (rest > 0), other_us + rest
    return len(found), total, unnamed, unnamed_us, other, other_us


@pytest.mark.parametrize("seed", [3, 6])
def test_packed_stops_are_those_of_the_facts(plant, seed) -> None:
    rng = random.Random(seed)
    every = k.random_facts(rng)
    rng.shuffle(every)
    begun = {s.from_us for fact in every for of in fact.stretches.values() for s in of}
    assert min(begun) < EARLY < max(begun)
    early = [x for x in every if min(s.from_us for of in x.stretches.values() for s in of) < EARLY]
    first, late = early[: len(early) * 4 // 5], early[len(early) * 4 // 5 :]
    learn(plant, first, EARLY)
    with plant.write() as tx:
        sue = f.account(tx, "sue", [Role.SUPERVISOR], name="Sue")
    acts = say_something(plant, rng, EARLY, sue)
    gone = Span(k.START + 14 * HOUR, k.START + 16 * HOUR)
    with plant.write() as tx:
        f.absent(tx, k.UNITS[2], gone.from_us, gone.to_us)
        dirty.mark(tx, [(k.LINE, gone.from_us, gone.to_us)])
    taken = {id(fact) for fact in first}
    learn(plant, [*late, *(x for x in every if id(x) not in taken)], k.END)
    acts += say_something(plant, rng, k.END, sue)
    assert acts > 5
    same_as_the_facts(plant)
    with plant.write() as tx:
        packed = tx.execute(select(t.stood_cells).order_by(*t.stood_cells.primary_key)).all()
        tx.execute(delete(t.stood_cells))  # as before the table was there
    same_as_the_facts(plant)
    while standing.fill(plant):
        pass
    with plant.read() as tx:
        assert tx.execute(select(t.stood_cells).order_by(*t.stood_cells.primary_key)).all() == packed


def same_as_the_facts(database: Database) -> None:
    with database.read() as tx:
        strips = strips_of(tx, k.END)
        for span in SPANS:
            found = [one.stop for one in find(tx, k.LINE, span, k.END).found]
            found.sort(key=lambda stop: (stop.from_us, stop.equipment_id))
            assert found == from_facts(strips, span, k.END) and len(found) > 5
            row = quality.measure(tx, [(k.LINE, "Line")], span, k.END).lines[0]
            told = (row.stops, row.stop_us, row.unnamed, row.unnamed_us, row.other, row.other_us)
            assert told == counted(tx, span, k.END)


def test_a_running_shift_counts_what_has_just_come_where_people_work_on_stops(plant) -> None:
    learn(plant, k.random_facts(random.Random(5)), k.END - 3 * HOUR)
    now_us = k.END - 3 * HOUR + MINUTE
    at = now_us - 30_000_000
    with plant.write() as tx:
        k.store(tx, k.Fact(
            t.states, {"equipment_id": k.UNITS[0], "source_us": at, "state": 6, "mode": 1, "receive_us": at},
            ("equipment_id", "source_us"),
        ))  # fmt: skip
        dirty.mark(tx, [(k.UNITS[0], at, now_us)])
    span = Span(k.START + 20 * HOUR, now_us)
    with plant.read() as tx:
        found = [one.stop for one in find(tx, k.LINE, span, now_us).found]
        found.sort(key=lambda stop: (stop.from_us, stop.equipment_id))
        assert found == from_facts(strips_of(tx, now_us), span, now_us)
        assert any(stop.open for stop in found)  # machines that stood when the figures were made still do
        before = quality.measure(tx, [(k.LINE, "Line")], span, now_us).lines[0]
    Keeper(plant).turn()
    with plant.read() as tx:
        after = quality.measure(tx, [(k.LINE, "Line")], span, now_us).lines[0]
    assert abs(after.stop_us - before.stop_us) <= 3 * 90_000_000
