"""The database: engines, and the two ways to use one (`read`, `write`).

SQLite loses updates under SQLAlchemy's default transaction, so every unit of work here begins with
BEGIN IMMEDIATE; reads use a snapshot of their own. PostgreSQL uses its own row locks.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from data.store.tables import metadata
from domain.errors import SettingsError, Unavailable

if TYPE_CHECKING:
    from data.store.sealing import Seal

BUSY_TIMEOUT_S = 30
PAGE_COST = 1.1  # of PostgreSQL, for one page out of turn; its documentation names it for data in memory


class Database:
    """One database of ours, by SQLAlchemy URL (`sqlite:///var/taktwise.db`, `postgresql+psycopg://...`).

    `seal` is for values that are stored sealed; a process that never reads one needs none.
    """

    def __init__(self, url: str, *, pool_size: int = 8, seal: "Seal | None" = None) -> None:
        self.url = url
        self.seal = seal
        self.engine = _engine(url, pool_size)
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent snapshot; nothing is committed."""
        with _translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN DEFERRED")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One unit of work: committed when the block ends, rolled back when it raises."""
        with _translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def create_all(self) -> None:
        """Make every table that is missing. `runtime migrate` is the way for a plant's database."""
        with self.write() as tx:
            metadata.create_all(tx)

    def ping(self) -> None:
        """Raise Unavailable when the database does not answer."""
        with self.read() as tx:
            tx.execute(text("SELECT 1"))

    def room_bytes(self) -> int | None:
        """What is left on the disk that holds the file; None for a server's, which is not ours to see."""
        path = self.engine.url.database
        if not self.is_sqlite or not path or path == ":memory:":
            return None
        return shutil.disk_usage(Path(path).parent).free

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(f"the connection to the database broke: {error.orig}") from error
        if type(error.orig) is sqlite3.DatabaseError:  # no database, or a damaged one
            raise Unavailable(f"the database cannot be used: {error.orig}") from error
        raise


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the folder {path} of the database cannot be made: {error.strerror}") from error


def _engine(url: str, pool_size: int) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("that is no database URL; it may hold a password, so it is not shown") from None
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            _folder(Path(parsed.database).parent)
        engine = create_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=16,
            connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        )
        event.listen(engine, "connect", _sqlite_connect)
        return engine
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed, pool_size=pool_size, max_overflow=16, pool_pre_ping=True)
        if "random_page_cost" not in str(parsed.query.get("options", "")):
            event.listen(engine, "connect", _postgres_connect)
        return engine
    raise SettingsError(f"databases of the kind {parsed.get_backend_name()!r} are not supported")


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def _postgres_connect(connection: Any, _record: Any) -> None:
    """What a plant looks at lies in memory, where a page costs the same wherever it lies; PostgreSQL reckons
    four times as much for one of an index, and reads whole tables in place of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET random_page_cost = {PAGE_COST}")
    connection.commit()
