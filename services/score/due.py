"""Which sites have a new half hour to be scored, without asking the database about every machine."""

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, NEVER, SECOND, Clock, steady_us, wall_us

STEP_US = 30 * MINUTE
GRACE_WALL_US = 3 * SECOND  # what is on its way at the end of a half hour still arrives
READ_EVERY_US = SECOND


class Due:
    """Remembers up to where each site was scored. `done` is called after the scores are stored."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done: dict[str, int] = {}
        self._clocks: dict[str, Clock] = {}
        self._read_us = NEVER

    def sites(self) -> list[tuple[str, int]]:
        """(site, plant time up to which it is to be scored), for the sites with a new half hour."""
        now = wall_us()
        if steady_us() - self._read_us >= READ_EVERY_US:
            self._clocks = self._read()
            self._read_us = steady_us()
        found = [(site, _until(clock, now)) for site, clock in self._clocks.items()]
        return [(site, until) for site, until in found if until != self._done.get(site)]

    def done(self, site_id: str, until_us: int) -> None:
        """The site is scored up to a time."""
        self._done[site_id] = until_us

    def _read(self) -> dict[str, Clock]:
        c = t.clocks.c
        query = select(c.site_id, c.origin_plant_us, c.origin_wall_us, c.speed)
        with self._database.read() as tx:
            return {site: Clock(*clock) for site, *clock in tx.execute(query).all()}


def _until(clock: Clock, now_wall_us: int) -> int:
    """The newest end of a half hour whose data have had time to arrive."""
    shown = clock.plant_us(now_wall_us)
    grace = min(round(GRACE_WALL_US * clock.speed), STEP_US)
    return (shown - grace) // STEP_US * STEP_US
