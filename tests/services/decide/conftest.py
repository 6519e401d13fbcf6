"""A plant with people."""

import pytest

from auth.permissions import Actor, Role
from data.store.database import Database
from services.commands.cases import CaseCommands
from services.recommend import Recommender
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
