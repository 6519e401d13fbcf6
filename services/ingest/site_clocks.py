"""Plant time by topic: every site has a clock of its own."""

from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from domain.clock import MINUTE, SECOND, Clock, wall_us

TOPICS = 20_000  # remembered with their clock
_WALL = Clock(0, 0, 1.0)


class SiteClocks:
    """The clocks as last read; `read()` them again from time to time."""

    def __init__(self, database: Database, default_site: str) -> None:
        self._database = database
        self._default_site = default_site
        self._clocks: dict[str, Clock] = {}
        self._by_topic: dict[str, Clock] = {}
        self.read()

    def read(self) -> None:
        """Read the clocks of all sites. Raises Unavailable."""
        c = t.clocks.c
        query = select(c.site_id, c.origin_plant_us, c.origin_wall_us, c.speed)
        with self._database.read() as tx:
            self._clocks = {row[0]: Clock(*row[1:]) for row in tx.execute(query)}
        self._by_topic.clear()

    def stamp(self, topic: str) -> tuple[int, int]:
        """(plant time, wall time) now, on the clock of the site that the topic names (second level)."""
        now = wall_us()
        clock = self._by_topic.get(topic)
        if clock is None:
            clock = self._of(topic.split("/", 2)[1] if "/" in topic else "")
            if len(self._by_topic) < TOPICS:
                self._by_topic[topic] = clock
        return clock.plant_us(now), now

    def ahead_us(self) -> int:
        """How far a source time may be ahead: 5 minutes, or 2 wall seconds on the fastest clock."""
        fastest = max((clock.speed for clock in self._clocks.values()), default=1.0)
        return max(5 * MINUTE, round(2 * SECOND * fastest))

    def _of(self, site: str) -> Clock:
        return self._clocks.get(site) or self._clocks.get(self._default_site) or _WALL
