"""Raw readings and their roll-ups are kept for some days of plant time each; states, counts, predictions and
gaps stay.

They go in small batches, each its own transaction, oldest first in every metric, so that ingest never
waits long for the writer and a process that is killed leaves nothing half. Sites in shadow (replays)
keep theirs. A value that comes later than the days kept is refused as too old (`Judge.behind_us`): the
roll-ups of a time whose readings are gone are never counted anew. What waits to be rolled up stays until
it is. On PostgreSQL whole days go first, with their tables (services.partitions).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, column, delete, select, table

from data.store import partitions, roll_marks
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, Clock
from domain.equipment import site_of

BATCH = 2_000
LOOKED_AT = 200
MARGIN_US = HOUR  # between what is refused as too old and what is deleted
_DEFAULT = table(partitions.DEFAULT, column("metric_id"), column("source_us"))


@dataclass(frozen=True, slots=True)
class Due:
    """The rows of a metric in a table before a plant time."""

    table: Table
    metric_id: int
    before_us: int


class Retention:
    """Deletes readings older than `days` of plant time, and roll-ups by `levels` (minute, hour, shift to
    days): `begin` a pass, `step` until it is over."""

    def __init__(
        self, database: Database, days: float, batch: int = BATCH, levels: Mapping[str, float] | None = None
    ) -> None:
        self._database, self._batch = database, batch
        self._keep_us = round(days * DAY) + MARGIN_US
        self._levels = {name: round(kept * DAY) for name, kept in (levels or {}).items()}
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
            waiting = roll_marks.oldest(tx)
        self._queue = deque(
            due
            for metric_id, equipment_id in rows
            if (site := site_of(equipment_id)) in now
            for due in self._of(metric_id, now[site], waiting.get(metric_id))
        )

    def _of(self, metric_id: int, now_us: int, waiting_us: int | None) -> list[Due]:
        before = now_us - self._keep_us
        if waiting_us is not None:
            before = min(before, waiting_us - HOUR)  # a value before it may stand into it
        levels = [
            Due(roll_marks.TABLES[name], metric_id, now_us - kept) for name, kept in self._levels.items()
        ]
        if self._database.is_sqlite:
            return [Due(t.readings, metric_id, before), *levels]
        strays = Due(_DEFAULT, metric_id, before)  # type: ignore[arg-type]
        return [strays, Due(t.readings, metric_id, before - before % DAY), *levels]

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
    """Delete up to `most` of the metric's oldest rows that are due; returns how many."""
    r = due.table.c
    at = r.source_us if "source_us" in r else r.at_us
    mine = (r.metric_id == due.metric_id) & (at < due.before_us)
    last = tx.execute(select(at).where(mine).order_by(at).offset(most - 1).limit(1)).scalar()
    which = mine if last is None else (r.metric_id == due.metric_id) & (at <= last)
    return tx.execute(delete(due.table).where(which)).rowcount
