"""What every read and every command of one signed-in person starts from."""

from dataclasses import dataclass

from auth.permissions import Actor
from data.store.database import Database
from domain.clock import Clock
from services.rows.site import SiteRow


@dataclass(frozen=True, slots=True)
class Context:
    """The actor, the site being looked at, its clock, and the database."""

    database: Database
    actor: Actor
    site: SiteRow
    clock: Clock

    @property
    def now_us(self) -> int:
        """Plant time now."""
        return self.clock.plant_us()
