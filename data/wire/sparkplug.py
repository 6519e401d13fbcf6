"""Sparkplug B 3.0 on the wire: payloads (protobuf). Topics stand in data.wire.sparkplug_topics.

The message definition is made here from the standard's field numbers, so that no generated module
and no old protobuf runtime is needed. Data sets, templates and properties are skipped: a metric that
holds one decodes with value None.
"""

from enum import IntEnum
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from domain.errors import Malformed

REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"
MAX_METRICS = 10_000  # one message; beyond it is garbage or an attack

_FIELD = descriptor_pb2.FieldDescriptorProto


class DataType(IntEnum):
    """Metric data types by their code in the standard. Arrays (22 and up) are not read."""

    UNKNOWN = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


Value = int | float | bool | str | bytes | None


class Metric(NamedTuple):
    """One metric. In births `name` is given, with `alias` when one is defined; data may send the alias only.

    `timestamp_ms` is the source time, milliseconds since the epoch. `datatype` 0 means not sent: the
    birth's then applies (see `as_type`).
    """

    name: str = ""
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int = DataType.UNKNOWN
    value: Value = None
    is_historical: bool = False
    is_null: bool = False


class Payload(NamedTuple):
    """One payload. `seq` is 0..255, absent in NDEATH and NCMD."""

    timestamp_ms: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()


def rebirth_request(timestamp_ms: int) -> bytes:
    """The NCMD payload that asks an edge node for its births: no seq, by the standard."""
    wanted = Metric(REBIRTH, None, timestamp_ms, DataType.BOOLEAN, True)
    return encode(Payload(timestamp_ms, None, (wanted,)))


def encode(payload: Payload) -> bytes:
    """Protobuf bytes. Raises ValueError for a value that does not fit its data type."""
    wire = _PAYLOAD()
    if payload.timestamp_ms is not None:
        wire.timestamp = payload.timestamp_ms
    if payload.seq is not None:
        wire.seq = payload.seq
    add = wire.metrics.add
    for metric in payload.metrics:
        _fill(add(), metric)
    return bytes(wire.SerializeToString())


def decode(data: bytes) -> Payload:
    """Raises Malformed('protobuf') for anything that is no Sparkplug B payload."""
    try:
        wire = _PAYLOAD.FromString(data)
        if len(wire.metrics) > MAX_METRICS:
            raise Malformed("protobuf", f"{len(wire.metrics)} metrics in one message")
        metrics = tuple([_metric(found) for found in wire.metrics])
        return Payload(
            wire.timestamp if wire.HasField("timestamp") else None,
            wire.seq if wire.HasField("seq") else None,
            metrics,
        )
    except (message.DecodeError, UnicodeDecodeError, ValueError, OverflowError) as error:
        raise Malformed("protobuf", str(error)[:200]) from error


def as_type(value: Value, datatype: int) -> Value:
    """Read the wire's unsigned integer as the signed type that `datatype` names; others as they are."""
    bits = _SIGNED.get(datatype)
    if bits is None or not isinstance(value, int):
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


_SIGNED: dict[int, int] = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
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
_MASKS = {"int_value": (1 << 32) - 1, "long_value": (1 << 64) - 1}
_SKIPPED = {"dataset_value", "template_value", "extension_value"}


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
    if metric.is_null or metric.value is None:
        wire.is_null = True
        return
    _fill_value(wire, metric)


def _fill_value(wire: Any, metric: Metric) -> None:
    field = _FIELD_OF.get(DataType(metric.datatype))
    if field is None:
        raise ValueError(f"metric {metric.name!r} has no data type that can be sent")
    mask = _MASKS.get(field)
    try:
        setattr(wire, field, metric.value if mask is None else int(metric.value or 0) & mask)
    except TypeError as error:
        raise ValueError(f"metric {metric.name!r}: {error}") from error


def _metric(wire: Any) -> Metric:
    field = wire.WhichOneof("value")
    datatype = wire.datatype
    value = None if field is None or field in _SKIPPED else getattr(wire, field)
    if datatype in _SIGNED:
        value = as_type(value, datatype)
    return Metric(
        wire.name,
        wire.alias if wire.HasField("alias") else None,
        wire.timestamp if wire.HasField("timestamp") else None,
        datatype,
        value,
        wire.is_historical,
        wire.is_null,
    )


def _field(name: str, number: int, kind: "_FIELD.Type.ValueType", *, oneof: bool = False) -> _FIELD:
    found = _FIELD(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
    if oneof:
        found.oneof_index = 0
    return found


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="taktwise/sparkplug.proto", package="taktwise.sparkplug")
    file.syntax = "proto2"
    payload = file.message_type.add(name="Payload")
    metric = payload.nested_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    metric.field.extend(
        [
            _field("name", 1, _FIELD.TYPE_STRING),
            _field("alias", 2, _FIELD.TYPE_UINT64),
            _field("timestamp", 3, _FIELD.TYPE_UINT64),
            _field("datatype", 4, _FIELD.TYPE_UINT32),
            _field("is_historical", 5, _FIELD.TYPE_BOOL),
            _field("is_transient", 6, _FIELD.TYPE_BOOL),
            _field("is_null", 7, _FIELD.TYPE_BOOL),
            _field("int_value", 10, _FIELD.TYPE_UINT32, oneof=True),
            _field("long_value", 11, _FIELD.TYPE_UINT64, oneof=True),
            _field("float_value", 12, _FIELD.TYPE_FLOAT, oneof=True),
            _field("double_value", 13, _FIELD.TYPE_DOUBLE, oneof=True),
            _field("boolean_value", 14, _FIELD.TYPE_BOOL, oneof=True),
            _field("string_value", 15, _FIELD.TYPE_STRING, oneof=True),
            _field("bytes_value", 16, _FIELD.TYPE_BYTES, oneof=True),
            _field("dataset_value", 17, _FIELD.TYPE_BYTES, oneof=True),
            _field("template_value", 18, _FIELD.TYPE_BYTES, oneof=True),
            _field("extension_value", 19, _FIELD.TYPE_BYTES, oneof=True),
        ]
    )
    metrics = _FIELD(name="metrics", number=2, type=_FIELD.TYPE_MESSAGE, label=_FIELD.LABEL_REPEATED)
    metrics.type_name = ".taktwise.sparkplug.Payload.Metric"
    payload.field.extend(
        [
            _field("timestamp", 1, _FIELD.TYPE_UINT64),
            metrics,
            _field("seq", 3, _FIELD.TYPE_UINT64),
            _field("uuid", 4, _FIELD.TYPE_STRING),
            _field("body", 5, _FIELD.TYPE_BYTES),
        ]
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("taktwise.sparkplug.Payload"))


_PAYLOAD = _payload_class()
