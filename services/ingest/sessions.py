"""What our persistent MQTT sessions are subscribed to, for whoever goes on with them.

A broker keeps the filters of a session while nobody is connected. Whoever takes the session up, this
process or another, must know them to give up those that the topic mapping names no longer.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from data.store import session_filters
from data.store.database import Database


class Sessions:
    """The sessions of one part of the plant. `guard` is called first in each transaction that writes."""

    def __init__(self, database: Database, guard: Callable[[Connection], None]) -> None:
        self._database, self._guard = database, guard
        self._kept: dict[tuple[str, str], frozenset[str]] = {}

    def known(self, client_id: str, broker: str) -> frozenset[str]:
        """The filters that the broker may hold. Raises Unavailable."""
        with self._database.read() as tx:
            found = session_filters.load(tx, client_id, broker)
        self._kept[client_id, broker] = found
        return found

    def keep(self, client_id: str, broker: str, filters: frozenset[str]) -> None:
        """Write down what the broker may hold: more before it is asked for, less once it was given up.

        Raises Unavailable, and whatever `guard` raises.
        """
        if self._kept.get((client_id, broker)) == filters:
            return
        with self._database.write() as tx:
            self._guard(tx)
            session_filters.keep(tx, client_id, broker, filters)
        self._kept[client_id, broker] = filters
