"""Reads for the inbox, the case card and the history."""

from services.context import Context


class DecideQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context
