"""Where implementations meet: one function for each thing that a process needs."""

from data.store.database import Database
from runtime.settings import Settings


def database(settings: Settings) -> Database:
    """The store, by URL."""
    return Database(settings.store_url)
