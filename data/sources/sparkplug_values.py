"""Metrics to values under names: aliases, the types of the birth, and values that hold many.

A template becomes one value a member (`pump/pressure`), a data set of one row one a column, a short
array of numbers one an element (`axis/0`). What cannot be spread so is named with a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from data.sources.messages import Findings, RawMessage
from data.wire.sparkplug import (
    BD_SEQ,
    DataSet,
    DataType,
    Metric,
    Payload,
    Template,
    Unreadable,
    Value,
    as_type,
    unpack,
)
from domain.telemetry import Quality

MAX_PARTS = 64
_NO_MEASUREMENT = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/")
_ARRAYS = range(DataType.INT8_ARRAY, DataType.DATETIME_ARRAY + 1)
_NO_NUMBERS = (DataType.STRING_ARRAY, DataType.DATETIME_ARRAY)
_NUMERIC = (*range(DataType.STRING), DataType.DATETIME)  # a null of these is a number to come
_AS_THEY_ARE = (DataType.BYTES, DataType.FILE)
_QUALITIES = {0: Quality.BAD, 500: Quality.STALE}  # the standard's codes; 192 is good
_SHOWN = 8

Aliases = Mapping[int, tuple[str, int]]
Types = Mapping[str, int]
Part = tuple[str, int, object]  # name, source time in microseconds, value


@dataclass(slots=True)
class Resolved:
    """What the metrics of one message come to. `odd`: reason -> names that cannot be read.

    `marked` holds the qualities that are not good, by name and source time.
    """

    values: list[Part] = field(default_factory=list)
    unknown: list[int | None] = field(default_factory=list)
    odd: dict[str, list[str]] = field(default_factory=dict)
    marked: dict[tuple[str, int], Quality] = field(default_factory=dict)

    def put_aside(self, message: RawMessage, found: Findings) -> None:
        """Quarantine the message for what of it cannot be read, by name."""
        for reason, names in self.odd.items():
            found.reject(message, reason, ", ".join(names[:_SHOWN]))


def resolve(aliases: Aliases, types: Types, metrics: Iterable[Metric], default_us: int) -> Resolved:
    """Values under the names that the birth gave them, and the aliases that it did not give."""
    out = Resolved()
    values = out.values
    for sent_name, alias, stamp, datatype, raw, _, is_null, quality, _ in metrics:
        name, kind = sent_name, datatype
        if not name:
            known = aliases.get(alias) if alias is not None else None
            if known is None:
                out.unknown.append(alias)
                continue
            name, kind = known
        elif not kind:
            kind = types.get(name, 0)
        if name == BD_SEQ or name.startswith(_NO_MEASUREMENT):
            continue
        at_us = default_us if stamp is None else stamp * 1000
        value = None if is_null else raw if datatype else as_type(raw, kind)
        if quality in _QUALITIES:
            out.marked[name, at_us] = _QUALITIES[quality]
        if kind > DataType.UUID and value is not None:
            _spread(out, types, (name, at_us, value), kind)
        elif value is not None or kind in _NUMERIC:
            values.append((name, at_us, value))
    return out


def birth_types(metrics: Iterable[Metric], prefix: str = "") -> dict[str, int]:
    """Data types by name, those of template members as `template/member`."""
    found: dict[str, int] = {}
    for metric in metrics:
        if metric.name:
            name = prefix + metric.name
            found[name] = metric.datatype
            if isinstance(metric.value, Template):
                found |= birth_types(metric.value.members, f"{name}/")
    return found


def source_us(payload: Payload, message: RawMessage) -> int:
    """The time of a payload; its receipt when it carries none."""
    return message.receive_us if payload.timestamp_ms is None else payload.timestamp_ms * 1000


def progress(payload: Payload, message: RawMessage) -> int:
    """The source time that a device has come to; a clock that is ahead must not hide a later gap."""
    stamps = [metric.timestamp_ms for metric in payload.metrics if metric.timestamp_ms is not None]
    newest_us = max(stamps) * 1000 if stamps else source_us(payload, message)
    return min(newest_us, message.receive_us)


def bd_seq(payload: Payload) -> int | None:
    """The birth-death sequence number, None when there is none that a database can hold."""
    value = next((m.value for m in payload.metrics if m.name == BD_SEQ), None)
    return value if isinstance(value, int) and abs(value) < 2**63 else None


def _spread(out: Resolved, types: Types, part: Part, kind: int) -> None:
    """Put a value that holds many among the values, or its name among the odd ones."""
    name, at_us, _ = part
    parts = _parts(types, part, kind)
    if isinstance(parts, str):
        out.odd.setdefault(parts, []).append(name)
    elif len(parts) > MAX_PARTS:
        out.odd.setdefault("too_many_parts", []).append(f"{name} ({len(parts)})")
    else:
        good = [found for found in parts if not isinstance(found[2], Unreadable)]
        for found in parts:
            if isinstance(found[2], Unreadable):
                out.odd.setdefault(found[2].why, []).append(found[0])
        out.values += good
        mark = out.marked.get((name, at_us))
        if mark is not None:
            out.marked |= {found[:2]: mark for found in good}


def _parts(types: Types, part: Part, kind: int) -> list[Part] | str:
    name, at_us, value = part
    if isinstance(value, Unreadable):
        return value.why
    if isinstance(value, Template):
        return _members(types, name, at_us, value)
    if isinstance(value, DataSet):
        return _columns(name, at_us, value)
    if isinstance(value, bytes) and kind in _ARRAYS:
        return _elements(name, at_us, unpack(value, kind), kind)
    return [part] if kind in _AS_THEY_ARE else "unknown_type"


def _elements(name: str, at_us: int, found: tuple[Value, ...] | Unreadable, kind: int) -> list[Part] | str:
    if isinstance(found, Unreadable):
        return found.why
    if kind in _NO_NUMBERS:
        return "array_of_texts" if kind == DataType.STRING_ARRAY else "array_of_times"
    return [(f"{name}/{position}", at_us, value) for position, value in enumerate(found)]


def _columns(name: str, at_us: int, found: DataSet) -> list[Part] | str:
    """One row is a record; a table of more has no place among values by time."""
    if len(found.rows) != 1:
        return "data_set_of_many_rows" if found.rows else []
    return [
        (f"{name}/{column}", at_us, value) for column, value in zip(found.columns, found.rows[0], strict=True)
    ]


def _members(types: Types, name: str, at_us: int, found: Template) -> list[Part] | str:
    """The members of an instance; a definition holds no measurement."""
    if found.is_definition:
        return []
    parts: list[Part] = []
    for member in found.members:
        if not member.name:
            return "template_without_names"
        full = f"{name}/{member.name}"
        kind = member.datatype or types.get(full, 0)
        stamp = at_us if member.timestamp_ms is None else member.timestamp_ms * 1000
        value = None if member.is_null else as_type(member.value, kind)
        inner = _parts(types, (full, stamp, value), kind) if kind > DataType.UUID else [(full, stamp, value)]
        parts += [(full, stamp, Unreadable(inner))] if isinstance(inner, str) else inner
        if len(parts) > MAX_PARTS:
            break
    return parts
