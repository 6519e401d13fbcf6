"""Plain JSON telemetry to samples: our own topic, and those of a mapping."""

from functools import lru_cache

from data.sources.messages import JSON, Findings, RawMessage, Sample
from data.sources.topic_reading import TopicReader
from data.wire.json_topics import decode, parse_topic
from domain.errors import Malformed
from domain.telemetry import SourceKey


@lru_cache(maxsize=8192)
def _own(topic: str) -> SourceKey | None:
    try:
        return SourceKey(JSON, parse_topic(topic))
    except Malformed:
        return None


def take(message: RawMessage, found: Findings, mapped: TopicReader | None = None) -> bool:
    """Add the sample of one message. True when it has a sequence but no time: it must be seen once only.

    Without a time the receipt stands for it; without both the message is stored at least once, and
    counted as such.
    """
    try:
        sample, timed, numbered = _read(message, mapped)
    except Malformed as error:
        found.reject(message, error.reason, error.detail)
        return False
    found.samples.append(sample)
    found.at_least_once += not timed and not numbered
    return not timed and numbered


def _read(message: RawMessage, mapped: TopicReader | None) -> tuple[Sample, bool, bool]:
    device = _own(message.topic)
    if device is None:
        return _mapped(message, mapped)
    telemetry = decode(message.payload)
    at_us = message.receive_us if telemetry.ts_ms is None else telemetry.ts_ms * 1000
    values = [(name, at_us, value) for name, value in telemetry.values.items()]
    return Sample(device, values, message), telemetry.ts_ms is not None, telemetry.seq is not None


def _mapped(message: RawMessage, mapped: TopicReader | None) -> tuple[Sample, bool, bool]:
    if mapped is None:
        raise Malformed("topic", message.topic[:200])
    reading = mapped.read(message.topic, message.payload)
    at_us = message.receive_us if reading.at_us is None else reading.at_us
    values = [(name, at_us, value) for name, value in reading.values]
    sample = Sample(SourceKey(JSON, reading.device), values, message)
    return sample, reading.at_us is not None, reading.has_sequence
