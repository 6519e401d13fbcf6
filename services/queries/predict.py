"""Reads for the risks and their explanations."""

from services.context import Context


class PredictQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context
