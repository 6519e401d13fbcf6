"""Every test of this folder on both databases."""

import pytest

from data.store.database import Database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def database(database: Database, request: pytest.FixtureRequest) -> Database:
    """A fresh database with every table, SQLite and PostgreSQL."""
    found: Database = database if request.param == "sqlite" else request.getfixturevalue("postgres")
    return found
