"""A site with one machine and a supervisor; contexts for whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from auth.permissions import Actor
from data.store.database import Database
from domain.clock import Clock, wall_us
from services.context import Context
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@dataclass(frozen=True)
class Plant:
    """The database and its supervisor, with contexts that see the clock at NOW."""

    database: Database
    supervisor: Actor

    def context(self, actor: Actor | None = None) -> Context:
        """A context of the supervisor, or of somebody else."""
        clock = Clock(f.NOW, wall_us())
        return Context(self.database, actor or self.supervisor, SITE, clock)


@pytest.fixture
def plant(database: Database) -> Plant:
    with database.write() as tx:
        f.site(tx)
        f.machine(tx)
        supervisor = f.account(tx)
    return Plant(database, supervisor)


@pytest.fixture
def somebody(plant: Plant) -> Callable[..., Actor]:
    """Another account: `somebody("tom", [Role.OPERATOR], ["north/forming"])`."""

    def make(username, roles, scopes=("north",)):
        with plant.database.write() as tx:
            return f.account(tx, username, roles, scopes)

    return make
