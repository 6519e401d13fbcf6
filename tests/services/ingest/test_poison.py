"""One message that breaks the code is quarantined; the others are stored."""

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from data.store import tables as t
from data.store.database import Database
from data.wire.json_topics import telemetry_topic
from domain.errors import Unavailable
from services.ingest import Ingest, IngestResult, RawMessage, poison
from tests.kits.edge import T0_MS, raw
from tests.services.ingest.conftest import JSON_UNIT, place


class Fragile(Ingest):
    """Breaks at a message that holds the word poison, as code with a fault would."""

    def take(
        self, messages: Sequence[RawMessage], wall_us: int | None = None, *, again: bool = False
    ) -> IngestResult:
        if any(b"poison" in message.payload for message in messages):
            raise ZeroDivisionError("a fault")
        return super().take(messages, wall_us, again=again)


def say(number: int, name: str = "load") -> RawMessage:
    body = {"ts": T0_MS + number * 1000, "seq": number, "values": {name: number}}
    return raw(telemetry_topic(JSON_UNIT), json.dumps(body).encode(), T0_MS, "json")


def test_the_one_is_quarantined_and_the_rest_is_stored(database: Database) -> None:
    place(database)
    batch = [say(n, "poison" if n == 5 else "load") for n in range(9)]
    result = poison.take(Fragile(database), batch, T0_MS * 1000)
    assert (result.received, result.quarantined) == (9, 1)
    with database.read() as tx:
        found = tx.execute(select(t.quarantine)).one()
    assert (found.reason, found.payload) == ("internal", batch[5].payload)
    assert "ZeroDivisionError: a fault" in found.detail


def test_a_database_that_is_away_is_no_poison(database: Database) -> None:
    class Away(Ingest):
        def take(
            self, messages: Sequence[RawMessage], wall_us: int | None = None, *, again: bool = False
        ) -> IngestResult:
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        poison.take(Away(database), [say(1)], 0)
