"""A migrated database equals one made from the tables, by the database's own catalogue."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from data.store.database import Database
from data.store.migrate import upgrade
from data.store.schema_version import is_current


def catalogue(database: Database) -> dict[str, Any]:
    look = inspect(database.engine)
    found = {}
    for table in sorted(set(look.get_table_names()) - {"alembic_version"}):
        found[table] = {
            "columns": {
                c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(table)
            },
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(sorted(u["column_names"]) for u in look.get_unique_constraints(table)),
            "indexes": sorted(
                (str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in look.get_indexes(table)
            ),
            "checks": sorted(c["sqltext"] for c in look.get_check_constraints(table)),
        }
    return found


def test_sqlite(database: Database, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.db'}"
    upgrade(url)
    upgrade(url)
    migrated = Database(url)
    assert catalogue(migrated) == catalogue(database)
    assert without_rowid(migrated) == without_rowid(database) != set()
    migrated.close()


def without_rowid(database: Database) -> set[str]:
    with database.read() as tx:
        rows = tx.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    return {name for name, sql in rows if re.search(r"WITHOUT ROWID", sql or "")}


@pytest.mark.services
def test_postgres(postgres: Database, postgres_url: str) -> None:
    made = catalogue(postgres)
    with postgres.write() as tx:
        tx.exec_driver_sql("DROP SCHEMA public CASCADE")
        tx.exec_driver_sql("CREATE SCHEMA public")
    upgrade(postgres_url)
    assert catalogue(postgres) == made


def test_the_version_is_told_without_the_migration_tool(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    database = Database(url)
    assert not is_current(database)
    upgrade(url, "0001")
    assert not is_current(database)
    upgrade(url)
    assert is_current(database)
    database.close()
