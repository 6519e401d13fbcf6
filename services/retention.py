"""Raw readings are kept for some days of plant time; roll-ups, states, predictions and gaps stay.

They go in small batches, each its own transaction, oldest first in every metric, so that ingest never
waits long for the writer and a process that is killed leaves nothing half. Sites in shadow (replays)
keep theirs. A value that comes later than the days kept is refused as too old (`Judge.behind_us`): the
roll-ups of a time whose readings are gone are never counted anew.
"""

from collections import deque
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, Clock
from domain.equipment import site_of

BATCH = 2_000
LOOKED_AT = 200
MARGIN_US = HOUR  # between what is refused as too old and what is deleted


@dataclass(frozen=True, slots=True)
class Due:
    """The readings of a metric before a plant time."""

    metric_id: int
    before_us: int


class Retention:
    """Deletes what is older than `days` of plant time: `begin` a pass, `step` until it is over."""

    def __init__(self, database: Database, days: float, batch: int = BATCH) -> None:
        self._database, self._batch = database, batch
        self._keep_us = round(days * DAY) + MARGIN_US
        self._queue: deque[Due] = deque()
        self.deleted = 0

    def begin(self, now_wall_us: int) -> None:
        """Look at every metric once more, by its site's clock."""
        c, s, m = t.clocks.c, t.sites.c, t.metrics.c
        clocks = select(c.site_id, c.origin_plant_us, c.origin_wall_us, c.speed)
        live = clocks.join_from(t.clocks, t.sites, c.site_id == s.site_id).where(s.shadow.is_(False))
        with self._database.read() as tx:
            now = {site: Clock(*row).plant_us(now_wall_us) for site, *row in tx.execute(live)}
            rows = tx.execute(select(m.metric_id, m.equipment_id)).all()
        self._queue = deque(
            Due(metric_id, now[site] - self._keep_us)
            for metric_id, equipment_id in rows
            if (site := site_of(equipment_id)) in now
        )

    def step(self) -> bool:
        """Delete at most a batch; False when the pass is over."""
        left, looked = self._batch, 0
        with self._database.write() as tx:
            while self._queue and left > 0 and looked < LOOKED_AT:
                due = self._queue.popleft()
                gone = _delete_oldest(tx, due, left)
                left, looked = left - gone, looked + 1
                if left == 0:
                    self._queue.appendleft(due)
        self.deleted += self._batch - left
        return bool(self._queue)


def _delete_oldest(tx: Connection, due: Due, most: int) -> int:
    """Delete up to `most` of the metric's oldest readings that are due; returns how many."""
    r = t.readings.c
    mine = (r.metric_id == due.metric_id) & (r.source_us < due.before_us)
    last = tx.execute(
        select(r.source_us).where(mine).order_by(r.source_us).offset(most - 1).limit(1)
    ).scalar()
    which = mine if last is None else (r.metric_id == due.metric_id) & (r.source_us <= last)
    return tx.execute(delete(t.readings).where(which)).rowcount
