"""Noticing that somebody committed, without reading a table."""

from sqlalchemy import Connection

from data.store.database import Database


class Commits:
    """One connection that watches the database. Not for use by several threads at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._seen: object = None
        self._statement = (
            "PRAGMA data_version" if database.is_sqlite else "SELECT pg_current_wal_insert_lsn()::text"
        )

    def any_new(self) -> bool:
        """True when something was committed since the last call, and at the first call."""
        if self._connection is None:
            self._connection = self._database.engine.connect()
            if not self._database.is_sqlite:
                self._connection = self._connection.execution_options(isolation_level="AUTOCOMMIT")
        seen = self._connection.exec_driver_sql(self._statement).scalar_one()
        changed = bool(seen != self._seen)
        self._seen = seen
        return changed

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._seen = None
