"""Migrations: bring a database to this version's tables, and write new versions."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from data.store.database import Database

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration that the database has not seen, in one transaction each."""
    _run(url, lambda config: command.upgrade(config, revision))


def write_revision(url: str, message: str) -> None:
    """Compare the tables with a migrated database and write the difference as a new version."""
    _run(url, lambda config: command.revision(config, message=message, autogenerate=True))


def _run(url: str, act) -> None:  # type: ignore[no-untyped-def]
    database = Database(url, pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with database.write() as connection:
        config.attributes["connection"] = connection
        act(config)
    database.close()
