"""Opens a foreign database for reading: any SQLAlchemy URL whose driver is installed.

Where the database can, the session itself refuses to write; where it cannot, only the rights of the account
protect it, and `read_only` says so. No message of this module holds a part of the URL.
"""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from data.sources.mapping import Mapping
from domain.errors import SettingsError

CONNECT_S = 5
ANSWER_S = 60
_FORM = "kind+driver://user:password@host/database"
log = logging.getLogger("taktwise.mes")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What we say to a kind of database: the driver where the URL names none; that we only read (`session`
    once a connection, `begin` at each transaction); of which zone its bare times are (`utc` is its word).
    """

    driver: str
    session: str = ""
    begin: str = ""
    zone: str = ""
    utc: str = "UTC"


_POSTGRESQL = _Kind(
    "psycopg", session="SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", zone="SET TIME ZONE '{}'"
)
_MYSQL = _Kind(
    "pymysql",
    # read committed: each statement sees what is committed by then, not what the first one saw
    session="SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
    zone="SET time_zone = '{}'",
    utc="+00:00",
)
_KINDS = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "oracle": _Kind("oracledb", begin="SET TRANSACTION READ ONLY", zone="ALTER SESSION SET TIME_ZONE = '{}'"),
    "mssql": _Kind("pymssql"),
}
_PACKAGES = {
    "psycopg": "psycopg[binary]",
    "pymysql": "PyMySQL",
    "mysqldb": "mysqlclient",
    "mysqlconnector": "mysql-connector-python",
    "pytds": "sqlalchemy-pytds",
}
_TIMEOUTS: dict[str, dict[str, Any]] = {
    "psycopg": {"connect_timeout": CONNECT_S},
    "psycopg2": {"connect_timeout": CONNECT_S},
    "pymysql": {"connect_timeout": CONNECT_S, "read_timeout": ANSWER_S, "write_timeout": ANSWER_S},
    "mysqldb": {"connect_timeout": CONNECT_S, "read_timeout": ANSWER_S, "write_timeout": ANSWER_S},
    "mysqlconnector": {"connection_timeout": CONNECT_S},
    "oracledb": {"tcp_connect_timeout": CONNECT_S},
    "pymssql": {"login_timeout": CONNECT_S, "timeout": ANSWER_S},
}


class Opened:
    """A foreign database. `read_only`: whether its sessions refuse to write, as far as is known; whether a
    server does what its kind should shows when it is first connected to.
    """

    def __init__(self, engine: Engine, *, read_only: bool, secret: str = "") -> None:
        self.engine, self.read_only, self._secret = engine, read_only, secret

    def without_secret(self, words: str) -> str:
        """Words of a driver, the password blotted out should they hold it."""
        return words.replace(self._secret, "***") if self._secret else words


def open_foreign(url: str, mapping: Mapping) -> Opened:
    """Raises SettingsError for what is no URL, for a kind that nobody knows, and for a driver that is not
    there (with the package that brings it). Connects to nothing yet.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"that is no database URL; one looks like {_FORM}") from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return Opened(_sqlite(parsed), read_only=True)
    known = _KINDS.get(kind, _Kind(""))
    if "+" not in parsed.drivername and known.driver:
        parsed = parsed.set(drivername=f"{kind}+{known.driver}")
    engine = _engine(parsed)
    opened = Opened(engine, read_only=bool(known.session or known.begin), secret=str(parsed.password or ""))
    _prepare(opened, known, mapping)
    return opened


def _engine(url: URL) -> Engine:
    kind, _, driver = url.drivername.partition("+")
    try:
        if url.get_dialect().is_async:
            raise SettingsError(f"{url.drivername} is a driver for asynchronous programs: name another one")
        return create_engine(
            url,
            pool_size=1,
            pool_pre_ping=True,  # a server closes what has been idle for long
            hide_parameters=True,
            connect_args=_TIMEOUTS.get(driver, {}),
        )
    except NoSuchModuleError:
        raise SettingsError(
            f"no installed package knows databases of the kind {url.drivername!r}: install"
            f" {_PACKAGES.get(driver, f'the SQLAlchemy dialect for {kind}')}"
        ) from None
    except ImportError as error:
        package = _PACKAGES.get(driver, driver or error.name or kind)
        raise SettingsError(
            f"databases of the kind {kind!r} need a driver that is not installed: pip install '{package}'"
        ) from None
    except (ArgumentError, TypeError, ValueError):
        raise SettingsError(f"the database URL is not as {kind} wants it; one looks like {_FORM}") from None


def _prepare(opened: Opened, kind: _Kind, mapping: Mapping) -> None:
    engine, named = opened.engine, str(mapping.bare_zone)
    zone = kind.zone.format(kind.utc if named == "UTC" else named)

    def at_connect(raw: Any, _record: object) -> None:
        if zone and not _said(engine, raw, zone):
            log.warning("the database knows no zone %s: its times with a zone come by its own clock", named)
        if kind.session:
            opened.read_only = _said(engine, raw, kind.session)

    def at_begin(connection: Connection) -> None:
        connection.exec_driver_sql(kind.begin)

    event.listen(engine, "connect", at_connect)
    if kind.begin:
        event.listen(engine, "begin", at_begin)


def _said(engine: Engine, raw: Any, statement: str) -> bool:
    """Whether the database took it, for the whole session."""
    cursor = raw.cursor()
    try:
        cursor.execute(statement)
    except engine.dialect.loaded_dbapi.Error:
        raw.rollback()
        return False
    finally:
        cursor.close()
    raw.commit()
    return True


def _sqlite(url: URL) -> Engine:
    name = str(url.database)
    file = name if name.startswith("file:") else f"file:{name}"
    uri = URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"})
    engine = create_engine(uri, connect_args={"timeout": CONNECT_S})
    event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA query_only=ON"))
    return engine
