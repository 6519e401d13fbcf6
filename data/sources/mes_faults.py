"""What a foreign database's driver says, as an error of ours."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

from domain.errors import Malformed, Unavailable

# Drivers tell a missing column and a lost connection by the same class: the words differ.
_NOT_AS_MAPPED = (
    "no such",
    "does not exist",
    "doesn't exist",
    "unknown column",
    "invalid column",
    "invalid object",
    "invalid identifier",
    "command denied",
    "permission denied",
    "permission was denied",
)


def translated(error: DBAPIError, without_secret: Callable[[str], str]) -> Unavailable | Malformed:
    """Malformed('schema') where a table or column cannot be read, Unavailable where the database cannot."""
    words = without_secret(_words(error))
    gone = error.connection_invalidated
    if not gone and any(said in words.lower() for said in _NOT_AS_MAPPED):
        return Malformed("schema", words)
    if gone or isinstance(error, OperationalError):
        return Unavailable(f"the database does not answer: {words}")
    return Malformed("schema", words)


def _words(error: DBAPIError) -> str:
    """The first line of what the driver says; some give a number and the words."""
    given: tuple[Any, ...] = getattr(error.orig, "args", ())
    said = given[1] if len(given) == 2 and isinstance(given[0], int) else error.orig
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return next(iter(text.splitlines()), "") or type(error.orig).__name__
