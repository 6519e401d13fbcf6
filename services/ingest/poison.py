"""A message that breaks the code itself must not stop the rest: it is found by halving the batch."""

import logging
from collections.abc import Sequence

from data.sources.messages import RawMessage
from domain.errors import TaktwiseError
from services.ingest.intake import Ingest, IngestResult

log = logging.getLogger("taktwise.ingest")


def take(
    ingest: Ingest, messages: Sequence[RawMessage], wall_us: int, *, again: bool = False
) -> IngestResult:
    """As `Ingest.take`, but an unforeseen error quarantines the one message that causes it (`internal`).

    Each half is a transaction of its own then. Raises Unavailable as `Ingest.take` does; what was
    stored before that is stored once only when the batch is taken again.
    """
    try:
        return ingest.take(messages, wall_us, again=again)
    except TaktwiseError:
        raise
    except Exception as error:
        if not messages:
            raise
        if len(messages) == 1:
            log.exception("a message of %s cannot be taken", messages[0].source)
            return ingest.refuse(messages[0], f"{type(error).__name__}: {error}")
    middle = len(messages) // 2
    first = take(ingest, messages[:middle], wall_us, again=again)
    return first.plus(take(ingest, messages[middle:], wall_us, again=again))
