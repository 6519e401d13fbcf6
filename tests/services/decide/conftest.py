"""A plant with people."""

import pytest

from auth.permissions import Actor, Role
from data.store.database import Database
from services.commands.cases import CaseCommands
from services.recommend import Recommender
from services.relay import Relay
from tests.contract.memory_sink import MemorySink
from tests.kits.pen import SigningCommands
from tests.services.decide.plant import Plant


@pytest.fixture
def plant(database: Database) -> Plant:
    return Plant(database).build()


@pytest.fixture
def recommender(database: Database) -> Recommender:
    return Recommender(database)


@pytest.fixture
def desk(database: Database) -> CaseCommands:
    return SigningCommands(database)


@pytest.fixture
def supervisor(plant: Plant) -> Actor:
    return plant.person(Role.SUPERVISOR)


@pytest.fixture
def planner(plant: Plant) -> Actor:
    return plant.person(Role.MAINTENANCE_PLANNER)


@pytest.fixture
def operator(plant: Plant) -> Actor:
    return plant.person(Role.OPERATOR)


@pytest.fixture
def technician(plant: Plant) -> Actor:
    return plant.person(Role.TECHNICIAN)


@pytest.fixture
def sink() -> MemorySink:
    return MemorySink()


@pytest.fixture
def relay(database: Database, sink: MemorySink) -> Relay:
    made = Relay(database, sink)
    made.prepare()
    return made


@pytest.fixture
def approved(plant: Plant, recommender: Recommender, desk: CaseCommands, supervisor: Actor) -> str:
    case_id = recommender.consider(plant.predict(0.85)).case_id
    assert case_id
    desk.approve(supervisor, case_id, 1, "act-approve-1")
    return case_id
