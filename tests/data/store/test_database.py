"""The database: what cannot be one is told in one sentence."""

from pathlib import Path

import pytest
from sqlalchemy import text

from data.store.database import Database
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
