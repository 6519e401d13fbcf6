"""The database: what cannot be one is told in one sentence."""

from pathlib import Path

import pytest
from sqlalchemy import text

from data.store.database import PAGE_COST, Database
from domain.errors import SettingsError, Unavailable


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(SettingsError, match="taken"):
        Database(f"sqlite:///{taken}/below/taktwise.db")


def test_a_file_that_is_no_database_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "taktwise.db"
    path.write_bytes(b"no database" * 1_000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="not a database"), database.read() as tx:
        tx.execute(text("SELECT * FROM sqlite_master"))
    database.close()
    assert path.read_bytes() == b"no database" * 1_000


def page_cost(url: str) -> float:
    """As a connection has it that comes back from the pool after a unit of work that failed."""
    database = Database(url, pool_size=1)
    with pytest.raises(ZeroDivisionError), database.write() as tx:
        tx.execute(text("SELECT 1"))
        raise ZeroDivisionError
    with database.read() as tx:
        found = float(tx.execute(text("SHOW random_page_cost")).scalar_one())
    database.close()
    return found


def test_postgresql_reckons_with_data_in_memory_unless_the_url_says_otherwise(postgres_url: str) -> None:
    assert page_cost(postgres_url) == PAGE_COST
    assert page_cost(postgres_url + "?options=-c%20random_page_cost%3D3") == 3
    assert page_cost(postgres_url + "?options=-c%20work_mem%3D8MB") == PAGE_COST
