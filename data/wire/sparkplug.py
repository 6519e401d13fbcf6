"""Sparkplug B 3.0 on the wire: payloads (protobuf). Topics stand in data.wire.sparkplug_topics.

Everything that a metric may hold is read: plain values, data sets, templates, arrays (as packed bytes,
see `unpack`), and the quality among its properties. What is there but cannot be read is `Unreadable`.
"""

from typing import Any

from google.protobuf import message

from data.wire import sparkplug_nested as nested
from data.wire.sparkplug_nested import unpack
from data.wire.sparkplug_schema import PAYLOAD, TEMPLATE
from data.wire.sparkplug_types import (
    DataSet,
    DataType,
    Metric,
    Payload,
    Reporting,
    Template,
    Unreadable,
    Value,
    as_type,
)
from domain.errors import Malformed

__all__ = [
    "BD_SEQ", "MAX_METRICS", "REBIRTH", "DataSet", "DataType", "Metric", "Payload", "Reporting", "Template",
    "Unreadable", "Value", "as_type", "decode", "encode", "rebirth_request", "unpack",
]  # fmt: skip

REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"
MAX_METRICS = 10_000  # one message; beyond it is garbage or an attack
MAX_DEPTH = 8  # templates within templates

_WRONG = (message.DecodeError, UnicodeDecodeError, ValueError, OverflowError)


def rebirth_request(timestamp_ms: int, *, typed: bool = False) -> bytes:
    """The NCMD payload that asks an edge node for its births: no seq, and no data type, by the standard.

    `typed`: with the data type, without which some clients read no value.
    """
    wire = PAYLOAD()
    wire.timestamp = timestamp_ms
    wanted = wire.metrics.add()
    wanted.name, wanted.timestamp, wanted.boolean_value = REBIRTH, timestamp_ms, True
    if typed:
        wanted.datatype = DataType.BOOLEAN
    return bytes(wire.SerializeToString())


def encode(payload: Payload) -> bytes:
    """Protobuf bytes. Raises ValueError for a value that does not fit its data type."""
    wire = PAYLOAD()
    if payload.timestamp_ms is not None:
        wire.timestamp = payload.timestamp_ms
    if payload.seq is not None:
        wire.seq = payload.seq
    add = wire.metrics.add
    for metric in payload.metrics:
        _fill(add(), metric)
    return bytes(wire.SerializeToString())


def decode(data: bytes) -> Payload:
    """Raises Malformed('protobuf') for anything that is no Sparkplug B payload, Malformed('compressed') for
    a packed body that cannot be unpacked."""
    try:
        wire = PAYLOAD.FromString(data)
        if wire.uuid == nested.COMPRESSED:
            wire = PAYLOAD.FromString(nested.inflate(wire.body))
        if len(wire.metrics) > MAX_METRICS:
            raise Malformed("protobuf", f"{len(wire.metrics)} metrics in one message")
        metrics = tuple([_metric(found) for found in wire.metrics])
        return Payload(
            wire.timestamp if wire.HasField("timestamp") else None,
            wire.seq if wire.HasField("seq") else None,
            metrics,
        )
    except _WRONG as error:
        raise Malformed("protobuf", str(error)[:200]) from error


_FIELD_OF = {
    DataType.INT8: "int_value",
    DataType.INT16: "int_value",
    DataType.INT32: "int_value",
    DataType.UINT8: "int_value",
    DataType.UINT16: "int_value",
    DataType.UINT32: "int_value",
    DataType.INT64: "long_value",
    DataType.UINT64: "long_value",
    DataType.DATETIME: "long_value",
    DataType.FLOAT: "float_value",
    DataType.DOUBLE: "double_value",
    DataType.BOOLEAN: "boolean_value",
    DataType.STRING: "string_value",
    DataType.TEXT: "string_value",
    DataType.UUID: "string_value",
    DataType.BYTES: "bytes_value",
    DataType.FILE: "bytes_value",
}
_FIELD_OF |= {kind: "bytes_value" for kind in DataType if kind >= DataType.INT8_ARRAY}
_MASKS = {"int_value": (1 << 32) - 1, "long_value": (1 << 64) - 1}
_new = tuple.__new__  # what a NamedTuple calls, without the call in between
_LAST_SIGNED = int(DataType.INT64)  # the enumeration itself takes as long to be asked as a field
_NO_PROPERTIES = (None, None)
_NESTED = frozenset({"dataset_value", "template_value", "extension_value"})


def _fill(wire: Any, metric: Metric) -> None:
    if metric.name:
        wire.name = metric.name
    if metric.alias is not None:
        wire.alias = metric.alias
    if metric.timestamp_ms is not None:
        wire.timestamp = metric.timestamp_ms
    if metric.datatype:
        wire.datatype = metric.datatype
    if metric.is_historical:
        wire.is_historical = True
    if metric.quality is not None or metric.reporting is not None:
        wire.properties = nested.pack_properties(metric.quality, metric.reporting)
    if metric.is_null or metric.value is None:
        wire.is_null = True
        return
    _fill_value(wire, metric)


def _fill_value(wire: Any, metric: Metric) -> None:
    field = _FIELD_OF.get(DataType(metric.datatype))
    if field is None:
        raise ValueError(f"metric {metric.name!r} has no data type that can be sent")
    mask = _MASKS.get(field)
    value: Any = metric.value
    try:
        setattr(wire, field, value if mask is None else int(value or 0) & mask)
    except TypeError as error:
        raise ValueError(f"metric {metric.name!r}: {error}") from error


def _metric(wire: Any, depth: int = 0) -> Metric:
    """Field by field; a field that is zero is asked whether it was sent, the others were."""
    field, name, datatype = wire.WhichOneof("value"), wire.name, wire.datatype
    if name.__class__ is not str:  # protobuf hands over damaged UTF-8 as bytes
        raise ValueError("a name that is no UTF-8")
    value: Any = None if field is None else getattr(wire, field)
    if field in _NESTED:
        value = _nested(field, value, depth)
    if 0 < datatype <= _LAST_SIGNED:
        value = as_type(value, datatype)
    alias, stamp, properties = wire.alias, wire.timestamp, wire.properties
    quality, reporting = nested.properties(properties) if properties else _NO_PROPERTIES
    if not alias and not wire.HasField("alias"):
        alias = None
    if not stamp and not wire.HasField("timestamp"):
        stamp = None
    told = (name, alias, stamp, datatype, value, wire.is_historical, wire.is_null, quality, reporting)
    return _new(Metric, told)


def _nested(field: str, data: bytes, depth: int) -> Value:
    if field == "dataset_value":
        return nested.data_set(data)
    if field == "extension_value":
        return Unreadable("extension")
    if depth >= MAX_DEPTH:
        return Unreadable("template_too_deep")
    try:
        wire = TEMPLATE.FromString(data)
    except _WRONG:
        return Unreadable("template")
    if len(wire.metrics) > MAX_METRICS:
        return Unreadable("template_too_large")
    members = tuple(_metric(found, depth + 1) for found in wire.metrics)
    return Template(wire.template_ref, wire.is_definition, members)
