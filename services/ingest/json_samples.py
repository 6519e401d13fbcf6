"""Plain JSON telemetry to samples: our own topic, and those of a mapping."""

from collections.abc import Sequence
from functools import lru_cache

from data.sources.messages import JSON, Findings, RawMessage, Sample
from data.sources.topic_reading import TopicReader
from data.wire.json_topics import decode, parse_topic
from domain.errors import Malformed
from domain.telemetry import SourceKey


@lru_cache(maxsize=8192)
def own(topic: str) -> SourceKey | None:
    """The device of one of our own topics, None for others."""
    try:
        return SourceKey(JSON, parse_topic(topic))
    except Malformed:
        return None


def device_of(topic: str, mapped: TopicReader | None = None) -> str:
    """The device that a topic speaks of; the topic itself when nothing says."""
    key = own(topic)
    if key is not None:
        return key.name
    place = mapped.place(topic) if mapped is not None else None
    return topic if place is None else place.device


def take_all(messages: Sequence[RawMessage], found: Findings, mapped: TopicReader | None = None) -> set[int]:
    """Add what messages say; returns where in `found.samples` those stand that must be seen once only."""
    once = set[int]()
    for message in messages:
        if take(message, found, mapped):
            once.add(len(found.samples) - 1)
    return once


def take(message: RawMessage, found: Findings, mapped: TopicReader | None = None) -> bool:
    """Add what one message says. True when it has a sequence but no time: it must be seen once only.

    Without a time the receipt stands for it; without both the message is stored at least once, and
    counted as such.
    """
    device = own(message.topic)
    try:
        if device is None:
            sample, timed, numbered = _mapped(message, mapped)
        else:
            ts_ms, seq, told = decode(message.payload)
            timed, numbered = ts_ms is not None, seq is not None
            at_us = message.receive_us if ts_ms is None else ts_ms * 1000
            sample = Sample(device, [(name, at_us, told[name]) for name in told], message)
    except Malformed as error:
        found.reject(message, error.reason, error.detail)
        return False
    found.samples.append(sample)
    if timed:
        return False
    if not numbered:
        found.at_least_once += 1
        if message.retained:
            found.retained.add(len(found.samples) - 1)
    return numbered


def _mapped(message: RawMessage, mapped: TopicReader | None) -> tuple[Sample, bool, bool]:
    if mapped is None:
        raise Malformed("topic", message.topic[:200])
    reading = mapped.read(message.topic, message.payload, message.receive_us)
    at_us = message.receive_us if reading.at_us is None else reading.at_us
    values = [(name, at_us, value) for name, value in reading.values]
    sample = Sample(SourceKey(JSON, reading.device), values, message)
    return sample, reading.at_us is not None, reading.has_sequence
