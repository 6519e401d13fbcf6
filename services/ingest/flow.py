"""How much came in, by minute of wall time and source: kept for a day, for the *Flow* screen."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from data.sources.messages import JSON, SPARKPLUG
from data.store import intake_records
from data.store.database import Database
from domain.clock import DAY, MINUTE
from services.ingest.intake import IngestResult

KEPT_US = DAY
SOURCES = (JSON, SPARKPLUG)


class Flow:
    """Adds up batches between two heartbeats of the ingest process. `write` may fail and be called again."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._lag_us: Counter[str] = Counter()

    def took(self, result: IngestResult, received_wall_us: Iterable[tuple[str, int]], now_us: int) -> None:
        """A batch was committed at `now_us`; (source, wall time of receipt) of the oldest of its messages."""
        for source in SOURCES:
            self._counts[source].update(result.tally.get(source, {}))
        for source, at_us in received_wall_us:
            self._lag_us[source] = max(self._lag_us[source], now_us - at_us)

    def write(self, database: Database, now_us: int, backlog: dict[str, int]) -> None:
        """Add what came since the last time to the minute of `now_us`. Raises Unavailable."""
        minute = now_us - now_us % MINUTE
        rows = [
            {
                "minute_wall_us": minute,
                "source": source,
                "received": self._counts[source]["received"],
                "stored": self._counts[source]["stored"],
                "quarantined": self._counts[source]["quarantined"],
                "lag_us": max(0, self._lag_us[source]),
                "backlog": backlog.get(source, 0),
            }
            for source in SOURCES
        ]
        with database.write() as tx:
            intake_records.add_flow(tx, rows, minute - KEPT_US)
        self._counts.clear()
        self._lag_us.clear()
