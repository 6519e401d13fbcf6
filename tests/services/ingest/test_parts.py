"""Leases of parts of the plant: one holder each, a stand-in for who is gone, and the way back."""

import os

import pytest

from data.store.database import Database
from domain.clock import SECOND
from domain.partition import part_of
from services.ingest import parts as module
from services.ingest.parts import LEASE_US, STAND_IN_US, PartLost, Parts


class Clock:
    def __init__(self) -> None:
        self.us = 1_790_000_000 * SECOND

    def __call__(self) -> int:
        return self.us


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


def three(store: Database, clock: Clock) -> list[Parts]:
    return [Parts(store, 3, home, now_us=clock, place=f"machine {home}") for home in range(3)]


def stored(store: Database, process: Parts, part: int) -> bool:
    """May the process store a batch of this part?"""
    try:
        with store.write() as tx:
            process.guard(part)(tx)
    except PartLost:
        return False
    return True


def test_each_process_takes_its_own_part_and_no_other(store: Database) -> None:
    processes = three(store, Clock())
    for process in processes:
        assert process.turn().gained == [process.home]
    assert [stored(store, a, b) for a in processes for b in range(3)] == [
        a.home == b for a in processes for b in range(3)
    ]


def test_a_part_without_its_process_is_taken_over_in_bounded_time_and_given_back(store: Database) -> None:
    clock = Clock()
    first, second, third = three(store, clock)
    for process in (first, second, third):
        process.turn()
    began = clock.us
    gained: list[int] = []
    while not gained:  # the third says nothing any more
        clock.us += SECOND
        for process in (first, second):
            gained += process.turn().gained
    assert gained == [2]
    assert clock.us - began <= LEASE_US + STAND_IN_US + 2 * SECOND
    holder = first if 2 in first.held else second
    assert stored(store, holder, 2)
    assert not stored(store, third, 2), "the old holder must not store any more"
    assert third.turn().lost == [2]
    third.forget(2)
    third.turn()  # asks for it
    assert holder.turn().wanted == [2]
    holder.give_back(2)
    assert third.turn().gained == [2]
    assert stored(store, third, 2)
    assert not stored(store, holder, 2)


def test_a_process_that_died_on_this_machine_is_known_at_once(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    dead, heir = Parts(store, 1, 0, now_us=clock), Parts(store, 1, 0, now_us=clock)
    assert dead.turn().gained == [0]
    assert heir.turn().gained == [], "it lives: the same number as this process"
    pid = os.getpid()
    monkeypatch.setattr("services.ingest.parts.os.getpid", lambda: pid)
    monkeypatch.setattr(module, "_lives", lambda number: number != pid)
    assert heir.turn().gained == [0]


def test_who_divides_the_plant_otherwise_waits_and_says_so(store: Database) -> None:
    clock = Clock()
    three(store, clock)[0].turn()
    other = Parts(store, 2, 1, now_us=clock, place="machine 9")
    assert other.turn().gained == []
    assert other.trouble == "another process divides the plant by 3, this one by 2"
    clock.us += LEASE_US
    assert other.turn().gained == [1]
    assert other.trouble == ""


def test_nothing_is_written_while_batches_renew_the_lease(store: Database) -> None:
    clock = Clock()
    process = Parts(store, 1, 0, now_us=clock)
    process.turn()
    statements: list[str] = []
    from sqlalchemy import event

    event.listen(store.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    clock.us += 4 * SECOND
    assert process.turn() == module.Turn()
    assert not [words for words in statements if words.startswith(("UPDATE", "INSERT"))]
    clock.us += 2 * SECOND
    process.turn()
    assert [words for words in statements if words.startswith("UPDATE")]


def test_keys_are_spread_evenly_and_move_only_to_a_new_part() -> None:
    keys = [f"north/line-{number}" for number in range(3_000)]
    for parts in (2, 3, 7):
        sizes = [sum(part_of(key, parts) == part for key in keys) for part in range(parts)]
        assert all(abs(size - 3_000 / parts) < 0.15 * 3_000 / parts for size in sizes), sizes
        moved = [key for key in keys if part_of(key, parts) != part_of(key, parts + 1)]
        assert all(part_of(key, parts + 1) == parts for key in moved)
    assert {part_of(key, 1) for key in keys} == {0}
