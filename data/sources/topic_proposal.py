"""A mapping for topics that none fits, made from what they said last."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from data.sources.topic_mapping import MAX_TOPICS, Payload, TopicMap
from data.wire import json_values
from domain.errors import Malformed
from domain.state_sources import STATE_METRICS
from domain.telemetry import METRICS

_TIMES = ("ts", "timestamp", "time", "t", "datetime", "sourceTimestamp", "Timestamp")
_SEQUENCES = ("seq", "sequence", "sequenceNumber")
_VALUES = ("value", "val", "v", "Value", "data")
_UNITS = ("unit", "units", "uom", "engUnit")
_NAMES = ("site", "area", "line", "unit")
_OUTER = ("data", "payload", "body")  # objects that hold the fields instead of the message itself
_DIGITS = 10  # a millisecond count has 13, a second count 10, microseconds 16, nanoseconds 19
_MOST_PARTED = 50  # entries that shapes on topics of one kind may be parted into

_Shape = tuple[str, ...]


def propose(payloads: Mapping[str, bytes]) -> dict[str, Any]:
    """One entry a shape of topic and payload, in the form of a mapping file; {} for none.

    The first entry that fits a topic counts. So where shapes share their kind of topic, a level that tells
    them apart stands as the word that it is: one entry a word.
    """
    shapes: dict[_Shape, list[str]] = {}
    for topic, payload in payloads.items():
        shape = _shape(topic, payload)
        if shape is not None:
            shapes.setdefault(shape, []).append(topic)
    groups: dict[_Shape, list[_Shape]] = {}
    for shape in shapes:
        groups.setdefault(shape[1:3], []).append(shape)
    entries = []
    for group in groups.values():
        at = _telling_level([shapes[shape] for shape in group])
        for shape in group:
            for topics in _by_word(shapes[shape], at):
                entries.append(_entry(shape[0], topics, _fullest(topics, payloads), at))
    found = [entry for entry in entries if _loads(entry)][:MAX_TOPICS]
    _name_apart(found)
    return {"topics": found} if found else {}


def _telling_level(groups: list[list[str]]) -> int | None:
    """The level with the fewest words of which no two groups share one; None where there is no need or no
    such level."""
    if len(groups) < 2:
        return None
    found = []
    for at in range(1, len(groups[0][0].split("/"))):
        words = [{topic.split("/")[at] for topic in topics} for topics in groups]
        count = sum(len(one) for one in words)
        if count <= _MOST_PARTED and all(a.isdisjoint(b) for a, b in combinations(words, 2)):
            found.append((count, at))
    return min(found)[1] if found else None


def _by_word(topics: list[str], at: int | None) -> list[list[str]]:
    parted: dict[str, list[str]] = {}
    for topic in topics:
        parted.setdefault("" if at is None else topic.split("/")[at], []).append(topic)
    return list(parted.values())


def _fullest(topics: list[str], payloads: Mapping[str, bytes]) -> bytes:
    """The payload with the most fields that we know: not every message says its unit."""
    return max((payloads[topic] for topic in topics), key=lambda payload: len(_wanted(payload)))


def _loads(entry: dict[str, Any]) -> bool:
    """False for what a mapping file may not hold, such as a brace in a topic."""
    try:
        TopicMap.model_validate(entry)
    except ValidationError:
        return False
    return True


def _name_apart(entries: list[dict[str, Any]]) -> None:
    names: Counter[str] = Counter()
    for entry in entries:
        names[entry["name"]] += 1
        if names[entry["name"]] > 1:
            entry["name"] = f"{entry['name']} {names[entry['name']]}"


def _shape(topic: str, payload: bytes) -> tuple[str, ...] | None:
    """What proposals are grouped by: kind, number of levels, first level, members that matter."""
    levels = topic.split("/")
    if not all(levels) or len(levels) < 2 or "+" in topic or "#" in topic:
        return None
    kind = _kind(payload)
    fields = [name for what, name in _wanted(payload).items() if what != "unit"]
    return None if kind is None else (kind, str(len(levels)), levels[0], *fields)


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
    wanted = _wanted(payload)
    return Payload.VALUE if "value" in wanted and not set(numbers) - {*wanted.values()} else Payload.OBJECT


def _document(payload: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wanted(payload: bytes) -> dict[str, str]:
    """The fields that hold time, sequence, value and unit, as far as they are there."""
    plain = [name for name, value in _fields(payload).items() if not isinstance(value, dict | list)]
    kinds = {"time": _TIMES, "sequence": _SEQUENCES, "value": _VALUES, "unit": _UNITS}
    found = {
        kind: next((path for name in names for path in plain if path.split(".", 1)[-1] == name), "")
        for kind, names in kinds.items()
    }
    return {kind: name for kind, name in found.items() if name}


def _fields(payload: bytes) -> dict[str, Any]:
    """The members of an object, and behind them those that lie in its `data`, by `data.value`."""
    document = _document(payload) or {}
    inner = {
        f"{outer}.{name}": value
        for outer in _OUTER
        if isinstance(document.get(outer), dict)
        for name, value in document[outer].items()
        if "." not in name
    }
    return {name: value for name, value in document.items() if "." not in name} | inner


def _entry(kind: str, topics: list[str], sample: bytes, pinned: int | None) -> dict[str, Any]:
    wanted = _wanted(sample)
    pattern, device, metric = _levels([topic.split("/") for topic in topics], kind, pinned)
    entry: dict[str, Any] = {
        "name": f"{topics[0].split('/')[0][:60]} {kind}",
        "pattern": pattern,
        "payload": str(kind),
    }
    if metric:
        entry["metric"] = metric
    if pinned is not None or "{" not in device:
        entry["device"] = device
    if kind == Payload.NUMBER:
        return entry
    if kind == Payload.VALUE:
        entry |= {name: wanted[name] for name in ("value", "unit") if name in wanted}
    document = _document(sample) or {}
    if "time" in wanted:
        entry["time"] = {"field": wanted["time"], "as": _written(_fields(sample)[wanted["time"]])}
    if "sequence" in wanted and _is_number(_fields(sample)[wanted["sequence"]]):
        entry["sequence"] = wanted["sequence"]
    if kind == Payload.OBJECT:
        entry["metrics"] = {name: ours for name in document if (ours := _ours(name))}
        entry["ignore"] = [
            n for n, value in document.items() if isinstance(value, str) and n not in wanted.values()
        ]
    return {name: value for name, value in entry.items() if value not in ({}, [])}


def _levels(topics: list[list[str]], kind: str, pinned: int | None) -> tuple[str, str, str]:
    """The pattern, and what names the device and the metric (empty for an object). The level `pinned` stands
    as the word that it is."""
    count = len(topics[0])
    last = count if kind == Payload.OBJECT else count - 1
    varies = [len({levels[at] for levels in topics}) > 1 for at in range(count)]
    told = {at for at in range(1, last) if varies[at]} | set(range(max(1, last - len(_NAMES)), last))
    told |= {pinned} if pinned is not None and pinned < last else set()
    named = sorted(told)
    names = dict(zip(reversed(named), _level_names(len(named)), strict=True))
    words = [f"{{{names[at]}}}" if at in names and at != pinned else topics[0][at] for at in range(last)]
    device = "/".join(words[at] for at in named) or "/".join(words)
    if kind == Payload.OBJECT:
        return "/".join(words), device, ""
    metric = topics[0][last] if pinned == last else "{metric}"
    return "/".join([*words, metric]), device, metric


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
