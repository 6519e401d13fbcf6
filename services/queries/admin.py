"""Reads for integration health and users."""

from services.context import Context


class AdminQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context
