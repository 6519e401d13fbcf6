"""Fifty people decide the same case in the same moment: one decision, one set of orders."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from auth.permissions import Actor, Role
from data.store import tables as t
from data.store.database import Database
from domain.errors import Conflict, NotNow, TaktwiseError
from services import audit
from services.recommend import Recommender
from services.relay import Relay
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import Plant

PEOPLE = 50


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Run all acts from one starting gun; results or Taktwise's own errors."""
    gun, results = threading.Barrier(len(acts)), [object()] * len(acts)

    def run(n: int) -> None:
        gun.wait()
        try:
            results[n] = acts[n]()
        except TaktwiseError as error:
            results[n] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _decide_at_once(database: Database) -> None:
    plant, desk = Plant(database).build(), SigningCommands(database)
    case_id = Recommender(database).consider(plant.predict(0.85)).case_id
    assert case_id
    people = [plant.person(Role.SUPERVISOR) for _ in range(PEOPLE)]

    def act(n: int, person: Actor) -> Callable[[], object]:
        if n % 2:
            return lambda: desk.reject(person, case_id, 1, f"act-{n:08}", "not_convincing")
        return lambda: desk.approve(person, case_id, 1, f"act-{n:08}")

    results = at_once([act(n, person) for n, person in enumerate(people)])
    kinds = Counter(type(r).__name__ for r in results)
    assert kinds["Decided"] == 1 and kinds["Conflict"] + kinds["NotNow"] == PEOPLE - 1
    assert all(isinstance(r, (Conflict, NotNow)) for r in results if isinstance(r, Exception))
    case = plant.case(case_id)
    decided = [a for a in plant.actions(case_id) if a in ("approved", "rejected")]
    assert len(decided) == 1 and decided[0] == case["state"] and case["version"] == 2
    assert len(plant.rows(select(t.signatures))) == len(plant.rows(select(t.acts))) == 1
    assert len(plant.outbox()) == (2 if case["state"] == "approved" else 0)
    audit.verify(database)


def _click_often(database: Database) -> None:
    plant, desk = Plant(database).build(), SigningCommands(database)
    case_id = Recommender(database).consider(plant.predict(0.85)).case_id
    assert case_id
    person = plant.person(Role.SUPERVISOR)
    results = at_once([lambda: desk.approve(person, case_id, 1, "act-00000001")] * 10)
    assert len(set(map(str, results))) == 1 and type(results[0]).__name__ == "Decided"
    assert len(plant.outbox()) == 2


def _relay_at_once(database: Database) -> None:
    plant, desk, sink = Plant(database).build(), SigningCommands(database), MemorySink()
    case_id = Recommender(database).consider(plant.predict(0.85)).case_id
    assert case_id
    desk.approve(plant.person(Role.SUPERVISOR), case_id, 1, "act-00000001")
    published: list[str] = []
    real = sink.publish

    def publish(queue: str, message_id: str, body: str) -> object:
        published.append(message_id)
        return real(queue, message_id, body)

    sink.publish = publish  # type: ignore[method-assign, assignment]
    at_once([Relay(database, sink).send_due for _ in range(6)])
    assert len(published) == len(set(published)) == 2


CASES = [_decide_at_once, _click_often, _relay_at_once]


@pytest.mark.parametrize("case", CASES)
def test_on_sqlite(database: Database, case: Callable[[Database], None]) -> None:
    case(database)


@pytest.mark.services
@pytest.mark.parametrize("case", CASES)
def test_on_postgresql(postgres: Database, case: Callable[[Database], None]) -> None:
    case(postgres)
