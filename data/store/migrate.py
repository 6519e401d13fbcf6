"""Migrations: bring a database to this version's tables, and write new versions."""

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from data.store.database import Database

if TYPE_CHECKING:
    from data.store.sealing import Seal

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(url: str, revision: str = "head", *, seal: "Seal | None" = None) -> None:
    """Run every migration that the database has not seen, all in one transaction.

    Values that were stored plain by earlier versions are sealed: SettingsError without the key for it.
    """
    _run(url, lambda config: command.upgrade(config, revision), seal)


def downgrade(url: str, revision: str, *, seal: "Seal | None" = None) -> None:
    """Go back to an earlier version."""
    _run(url, lambda config: command.downgrade(config, revision), seal)


def write_revision(url: str, message: str) -> None:
    """Compare the tables with a migrated database and write the difference as a new version."""
    _run(url, lambda config: command.revision(config, message=message, autogenerate=True))


def _run(url: str, act, seal: "Seal | None" = None) -> None:  # type: ignore[no-untyped-def]
    database = Database(url, pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with database.write() as connection:
        config.attributes |= {"connection": connection, "seal": seal}
        act(config)
    database.close()
