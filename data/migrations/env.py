"""Alembic's entry: runs the versions against the connection that data.store.migrate hands over."""

from alembic import context

from data.store.tables import metadata


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The tables of days belong to readings: the comparison must not want to drop them."""
    return not (kind == "table" and (name or "").startswith("readings_"))


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, include_object=_ours)
with context.begin_transaction():
    context.run_migrations()
