"""What a Sparkplug B payload holds, as values of our own."""

from enum import IntEnum
from typing import NamedTuple


class DataType(IntEnum):
    """Metric data types by their code in the standard."""

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
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


class Unreadable(NamedTuple):
    """A value that is there but cannot be read; `why` is a reason for the quarantine."""

    why: str


class DataSet(NamedTuple):
    """A table: as many types as columns, as many elements in each row."""

    columns: tuple[str, ...]
    types: tuple[int, ...]
    rows: tuple[tuple["Value", ...], ...]


class Template(NamedTuple):
    """A structure of metrics. A definition names its members and carries no measured values."""

    ref: str
    is_definition: bool
    members: tuple["Metric", ...]


Value = int | float | bool | str | bytes | DataSet | Template | Unreadable | None


class Reporting(NamedTuple):
    """What a birth says of how a metric is sent, by properties: its unit, the deadband that a change must
    exceed (in that unit), the sampling, and the stretch over which values are summed up (0: none). `limit`:
    the metric tells whether another one is beyond this (domain.edge.alert_metric)."""

    unit: str = ""
    deadband: float = 0.0
    sampling_ms: float = 0.0
    aggregate_s: float = 0.0
    limit: float | None = None


class Metric(NamedTuple):
    """One metric. In births `name` is given, with `alias` when one is defined; data may send the alias only.

    `timestamp_ms` is the source time, milliseconds since the epoch. `datatype` 0 means not sent: the
    birth's then applies (see `as_type`). An array's value is its packed bytes (see `unpack`).
    `quality` is the standard's property of that name: 0 bad, 192 good, 500 stale; None when not sent.
    `reporting` are the properties of a birth that carries them.
    """

    name: str = ""
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int = DataType.UNKNOWN
    value: Value = None
    is_historical: bool = False
    is_null: bool = False
    quality: int | None = None
    reporting: Reporting | None = None


class Payload(NamedTuple):
    """One payload. `seq` is 0..255, absent in NDEATH and NCMD."""

    timestamp_ms: int | None = None
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()


_SIGNED: dict[int, int] = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}


def as_type(value: Value, datatype: int) -> Value:
    """Read the wire's unsigned integer as the signed type that `datatype` names; others as they are."""
    bits = _SIGNED.get(datatype)
    if bits is None or not isinstance(value, int):
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
