"""A line that worked for a day, and its manager."""

from dataclasses import dataclass

import pytest

from auth.permissions import Actor, Role
from data.store.database import Database
from domain.clock import HOUR
from services.reports import gather
from services.rows.reports import Report
from tests import factories as f
from tests.services.reports import plant


@dataclass(frozen=True)
class Place:
    database: Database
    manager: Actor

    def report(self, period=plant.DAY_BEFORE, scope: str = "north", now_us: int = f.NOW) -> Report:
        with self.database.read() as tx:
            return gather.report(tx, scope, period, now_us)


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as tx:
        plant.build(tx)
        begin = plant.DAY_BEFORE.from_us + 2 * HOUR
        plant.stop(tx, plant.LAST, begin, begin + HOUR, "Breakdown")
        manager = f.account(tx, "mia", [Role.PLANT_MANAGER], name="Mia K\u00f6nig")
        plant.decided_case(tx, manager.account_id)
    return Place(database, manager)
