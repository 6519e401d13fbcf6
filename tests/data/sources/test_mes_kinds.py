"""Databases of any kind: what is said where a driver is missing, and the SQL that each kind is asked in."""

import sqlite3
import sys
import traceback
from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from data.sources import mapping, mes_values
from data.sources.mapping import ColumnKind, ColumnMap
from data.sources.mes import ForeignDatabase
from data.sources.mes_engine import open_foreign
from data.sources.mes_faults import translated
from data.sources.mes_query import build
from data.store.database import Database
from domain.errors import Malformed, SettingsError, Unavailable

VIRTUAL, TRYTON = mapping.named("virtual_mes"), mapping.named("tryton")
SECRET = "hunter2"
NOT_SHIPPED = {"pymssql": "mssql", "oracledb": "oracle", "mysqlclient": "mysql+mysqldb"}


@pytest.mark.parametrize(("package", "kind"), NOT_SHIPPED.items())
def test_a_driver_that_is_missing_is_named_with_its_package(monkeypatch, package: str, kind: str) -> None:
    for module in ("pymssql", "oracledb", "MySQLdb"):
        monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    with pytest.raises(SettingsError, match=f"pip install '{package}'") as caught:
        ForeignDatabase(f"{kind}://reader:{SECRET}@mes/plant", VIRTUAL)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"reader:{SECRET}@mes",
        f"mysql://reader:{SECRET}@mes:{SECRET}/plant",
        f"nonesuch://reader:{SECRET}@mes/plant",
        f"mysql+nonesuch://reader:{SECRET}@mes/plant",
        f"mysql+asyncmy://reader:{SECRET}@mes/plant",
        f"postgresql+psycopg_async://reader:{SECRET}@mes/plant",
    ],
)
def test_no_error_about_a_url_shows_it(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ForeignDatabase(url, VIRTUAL)
    assert SECRET not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__cause__ is None  # nothing else is printed with it
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_our_own_url_is_not_shown_either() -> None:
    with pytest.raises(SettingsError) as caught:
        Database(f"reader:{SECRET}@here")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("mysql://reader@mes/plant", "pymysql"),
        ("mariadb://reader@mes/plant", "pymysql"),
        ("postgresql://reader@mes/plant", "psycopg"),
    ],
)
def test_a_url_without_a_driver_takes_the_one_that_is_shipped(url: str, driver: str) -> None:
    opened = open_foreign(url, VIRTUAL)
    assert opened.engine.driver == driver
    assert opened.read_only
    opened.engine.dispose()


DIALECTS: dict[Dialect, tuple[str, str]] = {
    postgresql.dialect(): ("LIMIT", "greatest("),
    mysql.dialect(): ("LIMIT", "greatest("),
    sqlite.dialect(): ("LIMIT", "max("),
    mssql.dialect(): ("SELECT TOP", "CASE WHEN"),
    oracle.dialect(): ("FETCH FIRST", "greatest("),
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("which", [VIRTUAL, TRYTON], ids=["virtual", "tryton"])
def test_each_kind_is_asked_in_its_own_words(dialect: Dialect, which: mapping.Mapping) -> None:
    limited, newest = DIALECTS[dialect]
    said = ""
    for entity in which.entities.values():
        for cursor in (None, (datetime(2026, 3, 2), "7")):
            query = build(entity, dialect, datetime(2026, 3, 2), cursor, 2_000)
            asked = str(query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
            assert limited in asked
            said += asked
    if which is TRYTON:
        assert newest in said
    if dialect.name in ("mssql", "oracle"):
        assert "LIMIT" not in said
        assert "greatest" not in said or dialect.name == "oracle"


def test_the_newest_of_several_times_is_found_by_comparing_where_there_is_no_function(tmp_path) -> None:
    """The words for SQL Server, tried on SQLite: they are plain CASE and comparisons."""
    order = mapping.named("tryton").entities["orders"]
    three = order.model_copy(update={"updated": ("a", "b", "c"), "need": (), "columns": {}})
    asked = build(three, mssql.dialect(), 0, None, 100)
    raw = sqlite3.connect(":memory:")
    raw.execute("CREATE TABLE production (id INTEGER, a INTEGER, b INTEGER, c INTEGER)")
    times = [(1, 5, None), (4, 4, 4), (None, 2, 9), (8, 3, None), (None, None, None), (None, None, 6)]
    raw.executemany("INSERT INTO production VALUES (?, ?, ?, ?)", [(n, *row) for n, row in enumerate(times)])
    text = str(asked.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    found = {row[0]: row[-1] for row in raw.execute(text)}
    raw.close()
    assert found == {0: 5, 1: 4, 2: 9, 3: 8, 5: 6}


def said(kind: type[DatabaseError], orig: BaseException, *, lost: bool = False) -> Unavailable | Malformed:
    error = kind("SELECT", {}, orig, connection_invalidated=lost)
    return translated(error, lambda words: words.replace(SECRET, "***"))


def test_a_missing_column_is_told_from_a_database_that_is_away() -> None:
    for words in (
        "Unknown column 'x' in 'field list'",
        "Table 'p.orders' doesn't exist",
        "SELECT command denied",
    ):
        found = said(OperationalError, Exception(1054, words))
        assert isinstance(found, Malformed)
        assert found.detail == words
    assert isinstance(said(ProgrammingError, Exception(207, b"Invalid column name 'x'")), Malformed)
    assert isinstance(said(DatabaseError, Exception('ORA-00904: "X": invalid identifier')), Malformed)
    assert isinstance(said(OperationalError, Exception(2003, "Can't connect to MySQL server")), Unavailable)
    assert isinstance(said(ProgrammingError, Exception("gone"), lost=True), Unavailable)
    assert SECRET not in str(said(OperationalError, Exception(f"DSN user=reader;pwd={SECRET} refused")))


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        (1, True),
        (0, False),
        (b"\x01", True),
        (b"\x00", False),
        ("Y", True),
        ("n", False),
        (Decimal(0), False),
    ],
)
def test_flags_as_databases_write_them(raw: object, flag: bool) -> None:
    its = ColumnMap(column=("a",), **{"is": ColumnKind.FLAG})
    assert mes_values.value(raw, its, VIRTUAL) is flag


def test_a_flag_that_is_neither_yes_nor_no_is_set_aside() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        mes_values.value("perhaps", ColumnMap(column=("a",), **{"is": ColumnKind.FLAG}), VIRTUAL)


def test_bytes_are_texts_or_stand_in_hexadecimal() -> None:
    assert mes_values.plain("Säge".encode()) == "Säge"
    assert mes_values.plain(bytes(range(250, 256)) + bytes(range(10))) == "fafbfcfdfeff00010203040506070809"
