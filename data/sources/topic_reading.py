"""One message of a mapped topic to the values of a device."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from data.sources.topic_mapping import MetricMap, Payload, TopicMap, Topics
from data.sources.topic_pattern import fill
from data.sources.units import conversion
from data.wire import json_values
from domain.errors import Malformed
from domain.telemetry import METRICS
from domain.units import convertible


class Place(NamedTuple):
    """What a topic says by itself."""

    entry: TopicMap
    device: str
    metric: str


class Reading(NamedTuple):
    """Values under our names; `at_us` None when the message carries no time."""

    device: str
    at_us: int | None
    has_sequence: bool
    values: list[tuple[str, object]]


class TopicReader:
    """A mapping, ready to read messages; it remembers the topics that it has seen."""

    def __init__(self, topics: Topics) -> None:
        self.topics = topics
        self.place = lru_cache(maxsize=8192)(self._place)

    def read(self, topic: str, payload: bytes, receive_us: int | None = None) -> Reading:
        """Raises Malformed: 'topic' when no entry fits, else what is wrong with the payload.

        A local time of the hour that comes twice is that of both which is nearer to the receipt.
        """
        place = self.place(topic)
        if place is None:
            raise Malformed("topic", topic[:200])
        entry = place.entry
        if entry.payload is Payload.NUMBER:
            values = [_value(entry, place.metric, json_values.number(payload), "")]
            return Reading(place.device, None, False, values)
        document = json_values.parse(payload)
        if not isinstance(document, dict):
            raise Malformed("shape", "no JSON object")
        at_us = _time(entry, document, receive_us)
        sequence = bool(entry.sequence) and json_values.at(document, entry.sequence) is not None
        if entry.payload is Payload.VALUE:
            values = [_one(entry, place.metric, document)]
        else:
            values = _members(entry, document)
        return Reading(place.device, at_us, sequence, values)

    def _place(self, topic: str) -> Place | None:
        found = self.topics.find(topic)
        if found is None:
            return None
        entry, levels = found
        return Place(entry, fill(entry.device_levels, levels), fill(entry.metric, levels))


def _time(entry: TopicMap, document: Mapping[str, Any], receive_us: int | None) -> int | None:
    if entry.time is None:
        return None
    value = json_values.at(document, entry.time.field)
    if value is None:
        return None
    return json_values.time_us(value, entry.time.written, entry.time.place, receive_us)


def _one(entry: TopicMap, metric: str, document: Mapping[str, Any]) -> tuple[str, object]:
    value = json_values.at(document, entry.value)
    if value is None and json_values.at(document, entry.value.rpartition(".")[0] or entry.value) is None:
        raise Malformed("shape", f"no {entry.value}")
    unit = json_values.at(document, entry.unit) if entry.unit else None
    return _value(entry, metric, value, str(unit or ""))


def _members(entry: TopicMap, document: dict[str, Any]) -> list[tuple[str, object]]:
    own = {entry.sequence, entry.time.field if entry.time else "", *entry.ignore}
    found: list[tuple[str, object]] = []
    for path, value in json_values.leaves(document):
        if path in own or path.replace("/", ".") in own:
            continue
        if path in entry.metrics or not entry.only_these:
            found.append(_value(entry, path, value, ""))
            if len(found) > json_values.MAX_VALUES:
                raise Malformed("shape", f"more than {json_values.MAX_VALUES} values in one message")
    return found


def _value(entry: TopicMap, name: str, value: Any, unit: str) -> tuple[str, object]:
    """Our name and the value in our unit; what is no number stays as it is, ingest judges it."""
    mapped = entry.metrics.get(name)
    ours = mapped.metric if mapped else name
    if value is None:
        return ours, None
    if mapped is not None and mapped.states:
        return ours, _state(mapped, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ours, value
    if unit and not (mapped and mapped.unit):
        return ours, _in_our_unit(ours, value, unit)
    try:
        return ours, mapped.conversion.of(value) if mapped else value
    except OverflowError:
        return ours, value


def _in_our_unit(name: str, value: float, unit: str) -> float:
    spec = METRICS.get(name)
    if spec is None:
        return value
    found = conversion(unit, spec.unit)
    if found is None:
        raise Malformed("unit", f"{name} in {unit[:32]}; known: {', '.join(convertible(spec.unit))}")
    try:
        return found.of(value)
    except OverflowError:
        return value


def _state(mapped: MetricMap, value: Any) -> int:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    word = str(whole).lower() if isinstance(whole, bool) else str(whole)
    found = mapped.states.get(word)
    if found is None:
        raise Malformed("state", f"{mapped.metric} knows no {word[:60]!r}")
    return found
