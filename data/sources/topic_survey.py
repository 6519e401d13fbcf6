"""What arrives on a broker: which topics, what a mapping makes of them, and a mapping for the rest."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import yaml

from data.sources.topic_mapping import Payload
from data.sources.topic_reading import TopicReader
from data.wire import json_topics, json_values
from domain.errors import Malformed
from domain.state_sources import STATE_METRICS
from domain.telemetry import METRICS

MAX_TOPICS = 5_000
MAX_SAMPLE = 2_000
_INTERNAL = ("$", "_INBOX/")  # a broker's own, or of NATS
_TIMES = ("ts", "timestamp", "time", "t", "datetime", "sourceTimestamp", "Timestamp")
_SEQUENCES = ("seq", "sequence", "sequenceNumber")
_VALUES = ("value", "val", "v", "Value", "data")
_UNITS = ("unit", "units", "uom", "engUnit")
_NAMES = ("site", "area", "line", "unit")
_DIGITS = 10  # a millisecond count has 13, a second count 10, microseconds 16, nanoseconds 19


@dataclass(slots=True)
class Seen:
    """One topic: how often it spoke, what it said last, and what becomes of it.

    `state` is mapped, built in, Sparkplug, not mapped or cannot be read; `becomes` says as what.
    """

    topic: str
    state: str
    becomes: str
    sample: str
    messages: int = 0
    at_least_once: bool = False


def _shown(payload: bytes) -> str:
    """The beginning of a text; of anything else its length."""
    text = payload[:200].decode("utf-8", "replace")
    binary = "\ufffd" in text[:-1] or any(letter < " " and letter not in "\t\r\n" for letter in text)
    return f"{len(payload):,} bytes, no text" if binary else text


@dataclass
class Survey:
    """Counts topics while messages come; beyond `MAX_TOPICS` new topics only count in `left_out`, and what
    brokers say among themselves in `internal`."""

    reader: TopicReader | None
    seen: dict[str, Seen] = field(default_factory=dict)
    left_out: int = 0
    internal: int = 0
    _payloads: dict[str, bytes] = field(default_factory=dict)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take one message."""
        if topic.startswith(_INTERNAL):
            self.internal += 1
            return
        found = self.seen.get(topic)
        if found is None and len(self.seen) >= MAX_TOPICS:
            self.left_out += 1
            return
        state, becomes, once = self._judge(topic, payload)
        if found is None:
            found = self.seen[topic] = Seen(topic, state, becomes, "")
        found.messages += 1
        found.state, found.becomes, found.at_least_once = state, becomes, once
        found.sample = _shown(payload)
        self._payloads[topic] = payload[:MAX_SAMPLE]

    def rows(self) -> list[dict[str, object]]:
        """One mapping a topic, those that need attention first."""
        order = {"cannot be read": 0, "not mapped": 1, "mapped": 2, "built in": 3, "Sparkplug": 4}
        found = sorted(self.seen.values(), key=lambda one: (order[one.state], one.topic))
        return [
            {
                "topic": one.topic,
                "messages": one.messages,
                "state": one.state + (", at least once" if one.at_least_once else ""),
                "becomes": one.becomes,
                "last": one.sample,
            }
            for one in found
        ]

    def proposal(self) -> dict[str, Any]:
        """A mapping for the topics that none fits: one entry a shape of topic and payload; {} for none."""
        open_topics = [one.topic for one in self.seen.values() if one.state == "not mapped"]
        shapes: dict[tuple[str, ...], list[str]] = {}
        for topic in open_topics:
            shape = _shape(topic, self._payloads[topic])
            if shape is not None:
                shapes.setdefault(shape, []).append(topic)
        entries = [_entry(shape, topics, self._payloads[topics[0]]) for shape, topics in shapes.items()]
        names: Counter[str] = Counter()
        for entry in entries:
            names[entry["name"]] += 1
            if names[entry["name"]] > 1:
                entry["name"] = f"{entry['name']} {names[entry['name']]}"
        return {"topics": entries} if entries else {}

    def _judge(self, topic: str, payload: bytes) -> tuple[str, str, bool]:
        if topic.startswith("spBv1.0/"):
            return "Sparkplug", "read by the Sparkplug host", False
        try:
            return "built in", _built_in(topic, payload), False
        except Malformed as error:
            if error.reason != "topic":
                return "cannot be read", str(error), False
        if self.reader is None or self.reader.place(topic) is None:
            return "not mapped", "", False
        place = self.reader.place(topic)
        try:
            read = self.reader.read(topic, payload)
        except Malformed as error:
            return "cannot be read", str(error), False
        values = ", ".join(f"{name} = {value}" for name, value in read.values[:4])
        more = f" and {len(read.values) - 4} more" if len(read.values) > 4 else ""
        once = place is not None and place.entry.at_least_once
        return "mapped", f"{read.device}: {values}{more}", once


def as_yaml(proposal: dict[str, Any]) -> str:
    """The file that `topics --propose` writes."""
    head = "# Proposed from what arrived. Look at the names of levels and metrics before it is used.\n"
    return head + yaml.safe_dump(proposal, sort_keys=False, allow_unicode=True)


def _built_in(topic: str, payload: bytes) -> str:
    device = json_topics.parse_topic(topic)
    names = list(json_topics.decode(payload).values)
    return f"{device}: {', '.join(names[:6])}"


def _shape(topic: str, payload: bytes) -> tuple[str, ...] | None:
    """What proposals are grouped by: kind, number of levels, first level, members that matter."""
    levels = topic.split("/")
    if not all(levels) or len(levels) < 2 or "+" in topic or "#" in topic:
        return None
    kind = _kind(payload)
    return None if kind is None else (kind, str(len(levels)), levels[0], *_wanted(payload).values())


def _kind(payload: bytes) -> str | None:
    try:
        json_values.number(payload)
        return Payload.NUMBER
    except Malformed:
        pass
    document = _document(payload)
    if document is None:
        return None
    numbers = [name for name, value in document.items() if _is_number(value)]
    one = next((name for name in _VALUES if name in document), "")
    known = {one, *_wanted(payload).values()}
    return Payload.VALUE if one and not set(numbers) - known else Payload.OBJECT


def _document(payload: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wanted(payload: bytes) -> dict[str, str]:
    """The fields that hold time, sequence, value and unit, as far as they are there."""
    document = _document(payload) or {}
    kinds = {"time": _TIMES, "sequence": _SEQUENCES, "value": _VALUES, "unit": _UNITS}
    found = {kind: next((name for name in names if name in document), "") for kind, names in kinds.items()}
    return {kind: name for kind, name in found.items() if name}


def _entry(shape: tuple[str, ...], topics: list[str], sample: bytes) -> dict[str, Any]:
    kind, wanted = shape[0], _wanted(sample)
    pattern, metric = _pattern([topic.split("/") for topic in topics], kind)
    entry: dict[str, Any] = {
        "name": f"{topics[0].split('/')[0]} {kind}",
        "pattern": pattern,
        "payload": str(kind),
    }
    if metric:
        entry["metric"] = metric
    if "{" not in pattern.replace(metric or "\0", ""):
        entry["device"] = "/".join(topics[0].split("/")[: -1 if metric else None])
    if kind == Payload.NUMBER:
        return entry
    if kind == Payload.VALUE:
        entry |= {name: wanted[name] for name in ("value", "unit") if name in wanted}
    document = _document(sample) or {}
    if "time" in wanted:
        entry["time"] = {"field": wanted["time"], "as": _written(document[wanted["time"]])}
    if "sequence" in wanted and _is_number(document[wanted["sequence"]]):
        entry["sequence"] = wanted["sequence"]
    if kind == Payload.OBJECT:
        entry["metrics"] = {name: ours for name in document if (ours := _ours(name))}
        entry["ignore"] = [
            n for n, value in document.items() if isinstance(value, str) and n not in wanted.values()
        ]
    return {name: value for name, value in entry.items() if value not in ({}, [])}


def _pattern(topics: list[list[str]], kind: str) -> tuple[str, str]:
    """The pattern, and the template that names the metric (empty for an object)."""
    count = len(topics[0])
    last = count if kind == Payload.OBJECT else count - 1
    varies = [len({levels[at] for levels in topics}) > 1 for at in range(count)]
    named = [at for at in range(1, last) if varies[at]]
    named = sorted({*named, *range(max(1, last - len(_NAMES)), last)})
    names = dict(zip(reversed(named), _level_names(len(named)), strict=True))
    levels = [f"{{{names[at]}}}" if at in names else topics[0][at] for at in range(last)]
    return ("/".join(levels), "") if kind == Payload.OBJECT else ("/".join([*levels, "{metric}"]), "{metric}")


def _level_names(count: int) -> list[str]:
    """unit, line, area, site, then level5 and so on: from the right."""
    return [*reversed(_NAMES), *(f"level{number}" for number in range(5, count + 1))][:count]


def _written(value: object) -> str:
    """How a time seems to be written, by the size of the number."""
    text = str(value)
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return "iso"
    digits = len(text.partition(".")[0].lstrip("-"))
    steps = ("seconds", "milliseconds", "microseconds", "nanoseconds")
    return steps[min(3, max(0, (digits - _DIGITS + 2) // 3))]


def _ours(name: str) -> str:
    """Our name for a member, when only case and dashes differ."""
    plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    known = plain in METRICS and plain not in STATE_METRICS
    return plain if known and plain != name else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
