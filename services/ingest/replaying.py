"""Messages in quarantine that a person wants read again, after a mapping or a limit was put right.

Guarantee: a message that can be read now is stored and leaves the quarantine; one that cannot stays,
with the time of the attempt. After a kill in between it is read once more: what carries a time or a
sequence is stored once all the same.
"""

from data.sources.messages import JSON, RawMessage
from data.store import intake_records
from data.store.database import Database
from domain.clock import wall_us
from services.ingest import poison
from services.ingest.intake import Ingest

BATCH = 500


def replay(database: Database, ingest: Ingest) -> int:
    """Read again what was asked for, at most `BATCH` messages; returns how many left the quarantine.

    Raises Unavailable; nothing is lost then.
    """
    with database.read() as tx:
        asked = intake_records.asked_again(tx, JSON, BATCH)
    if not asked:
        return 0
    now = wall_us()
    messages = [RawMessage(JSON, row.topic, bytes(row.payload), row.receive_us, now) for row in asked]
    ingest.forget()  # a device may have been placed meanwhile
    poison.take(ingest, messages, now, again=True)
    with database.write() as tx:
        return intake_records.settle_again(tx, {row.quarantine_id: row.times for row in asked}, now)
