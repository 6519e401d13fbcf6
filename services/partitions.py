"""PostgreSQL's tables of days: made some days ahead, dropped when nobody needs them. SQLite has none.

Each step is a transaction of its own, and gives up rather than let ingest wait for a lock; the next pass
tries again. Of several processes, one works at a time.
"""

import logging
import math
from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import partitions, roll_marks
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, FOR_EVER_US, Clock
from domain.equipment import site_of
from domain.errors import Unavailable

AHEAD_DAYS = 3
MOST_AHEAD = 60
AT_ONCE = 4  # days whose rows are moved out of the default table in one pass
LOCK_S = 1.0
log = logging.getLogger("taktwise.partitions")
Site = tuple[Clock, bool]  # its clock, and whether it is a shadow


@dataclass(frozen=True, slots=True)
class Tables:
    """What a pass found: tables of days, those dropped, and readings of days that have no table."""

    days: int
    dropped: int
    strays: int


class Partitions:
    """Keeps the tables of days. `keep_us`: for how long readings are kept; `every_us`: wall time between
    two passes, so that a fast clock gets more tables ahead."""

    def __init__(self, database: Database, keep_us: int, every_us: int) -> None:
        self._database, self._keep_us, self._every_us = database, keep_us, every_us

    def work(self, now_wall_us: int) -> Tables:
        """One pass. Raises Unavailable."""
        if self._database.is_sqlite:
            return Tables(0, 0, 0)
        with self._database.read() as tx:
            sites = _sites(tx)
            have, strays = partitions.days(tx), partitions.strays(tx)
        for day in sorted(self._wanted(sites, strays, now_wall_us) - set(have)):
            self._step(lambda tx, day=day: _add(tx, day))
        dropped = self._drop(sites, have, now_wall_us)
        with self._database.read() as tx:
            return Tables(len(partitions.days(tx)), dropped, sum(partitions.strays(tx).values()))

    def _wanted(self, sites: dict[str, Site], strays: dict[int, int], now_wall_us: int) -> set[int]:
        """Today and the days ahead of every site, and some days that wait in the default table."""
        wanted: set[int] = set()
        low, high = FOR_EVER_US, 0
        for clock, shadow in sites.values():
            now = clock.plant_us(now_wall_us)
            today = now - now % DAY
            ahead = min(AHEAD_DAYS + math.ceil(2 * clock.speed * self._every_us / DAY), MOST_AHEAD)
            wanted |= {today + n * DAY for n in range(-1, ahead + 1)}
            low = 0 if shadow else min(low, now - self._keep_us)
            high = max(high, now + ahead * DAY)
        old = [day for day in strays if low - DAY < day <= high and day not in wanted]
        return wanted | set(old[-AT_ONCE:])

    def _drop(self, sites: dict[str, Site], have: dict[int, str], now_wall_us: int) -> int:
        """Drop whole days that are older than every site keeps them, and rolled up."""
        live = [clock.plant_us(now_wall_us) for clock, shadow in sites.values() if not shadow]
        if not live:
            return 0
        before, dropped = min(live) - self._keep_us, 0
        for day, name in have.items():
            if day + DAY <= before and self._step(lambda tx, day=day, name=name: _drop(tx, sites, day, name)):
                dropped += 1
        return dropped

    def _step(self, act) -> object:  # type: ignore[no-untyped-def]
        try:
            with self._database.write() as tx:
                if not partitions.mine_alone(tx):
                    return None
                partitions.wait_at_most(tx, LOCK_S)
                return act(tx)
        except Unavailable as error:
            log.info("a table of a day waits: %s", error)
            return None


def _add(tx: Connection, day_us: int) -> None:
    """Another process may have made it since we looked."""
    if day_us not in partitions.days(tx):
        partitions.add(tx, day_us)


def _drop(tx: Connection, sites: dict[str, Site], day_us: int, name: str) -> bool:
    """Drop a day unless a replay keeps readings of it, or something of it waits to be rolled up."""
    if day_us not in partitions.days(tx):
        return False  # another process has dropped it since we looked
    m = t.metrics.c
    rows = tx.execute(select(m.metric_id, m.equipment_id)).all()
    kept = [row.metric_id for row in rows if sites.get(site_of(row.equipment_id), (None, True))[1]]
    if roll_marks.any_before(tx, day_us + DAY) or partitions.holds_any(tx, name, kept):
        return False
    partitions.drop(tx, name)
    return True


def _sites(tx: Connection) -> dict[str, Site]:
    c, s = t.clocks.c, t.sites.c
    rows = tx.execute(
        select(c.site_id, s.shadow, c.origin_plant_us, c.origin_wall_us, c.speed).join_from(
            t.clocks, t.sites, c.site_id == s.site_id
        )
    )
    return {site: (Clock(*rest), bool(shadow)) for site, shadow, *rest in rows}
