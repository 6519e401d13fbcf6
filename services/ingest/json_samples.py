"""Plain JSON telemetry to samples."""

from functools import lru_cache

from data.sources.messages import JSON, Findings, RawMessage, Sample
from data.wire.json_topics import decode, parse_topic
from domain.errors import Malformed
from domain.telemetry import SourceKey


@lru_cache(maxsize=8192)
def _device(topic: str) -> SourceKey:
    return SourceKey(JSON, parse_topic(topic))


def take(message: RawMessage, found: Findings) -> bool:
    """Add the sample of one message. True when it has a sequence but no time: it must be seen once only.

    Without a time the receipt stands for it; without both the message is stored at least once.
    """
    try:
        device = _device(message.topic)
        telemetry = decode(message.payload)
    except Malformed as error:
        found.reject(message, error.reason, error.detail)
        return False
    source_us = message.receive_us if telemetry.ts_ms is None else telemetry.ts_ms * 1000
    values = [(name, source_us, value) for name, value in telemetry.values.items()]
    found.samples.append(Sample(device, values, message))
    return telemetry.ts_ms is None and telemetry.seq is not None
