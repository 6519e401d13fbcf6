"""Reads for the floor: plant, lines, machines."""

from services.context import Context


class FloorQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context
