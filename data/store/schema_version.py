"""Which version of the tables a database has, read without the migration tool (it takes long to import)."""

from pathlib import Path

from sqlalchemy import inspect, text

from data.store.database import Database

VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"


def newest() -> str:
    """The version that this code needs."""
    return max(path.stem.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def is_current(database: Database) -> bool:
    """True when no migration is waiting; False too for a database without any version."""
    with database.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return False
        return tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest()
