"""The parts of a Sparkplug metric that are more than one value: data sets, arrays, properties, bodies.

Whatever is damaged here spoils its own metric only: it comes out as `Unreadable`.
"""

import math
import struct
import zlib
from typing import Any

from google.protobuf.message import DecodeError

from data.wire.sparkplug_schema import DATA_SET, PROPERTIES
from data.wire.sparkplug_types import DataSet, DataType, Reporting, Unreadable, Value, as_type
from domain.errors import Malformed

COMPRESSED = "SPBV1.0_COMPRESSED"  # how Tahu's clients mark a body that holds the packed payload
MAX_UNPACKED = 4 * 1024 * 1024
MAX_CELLS = 10_000
_ANY_HEADER = 47  # zlib: a zlib or a gzip header, whichever is there
_FORMATS: dict[int, str] = {
    DataType.INT8_ARRAY: "b",
    DataType.INT16_ARRAY: "h",
    DataType.INT32_ARRAY: "i",
    DataType.INT64_ARRAY: "q",
    DataType.UINT8_ARRAY: "B",
    DataType.UINT16_ARRAY: "H",
    DataType.UINT32_ARRAY: "I",
    DataType.UINT64_ARRAY: "Q",
    DataType.FLOAT_ARRAY: "f",
    DataType.DOUBLE_ARRAY: "d",
    DataType.DATETIME_ARRAY: "Q",
}
_QUALITY = "Quality"
_UNIT = "engUnit"  # the name that other products use too
_NUMBERS = {"deadband": "deadband", "samplingMs": "sampling_ms", "aggregateS": "aggregate_s"}
_LIMIT = "limit"


def data_set(data: bytes) -> DataSet | Unreadable:
    """A data set in the shape that the standard demands, or why it is not."""
    try:
        wire = DATA_SET.FromString(data)
    except (DecodeError, ValueError):
        return Unreadable("data_set")
    columns, types = tuple(wire.columns), tuple(wire.types)
    shape = len(columns) == len(types) == wire.num_of_columns and all(isinstance(c, str) for c in columns)
    if not shape or any(len(row.elements) != len(types) for row in wire.rows):
        return Unreadable("data_set")
    if len(columns) * len(wire.rows) > MAX_CELLS:
        return Unreadable("data_set_too_large")
    rows = tuple(tuple(map(_cell, row.elements, types)) for row in wire.rows)
    return DataSet(columns, types, rows)


def unpack(data: bytes, datatype: int) -> tuple[Value, ...] | Unreadable:
    """The elements of an array, little-endian as the standard says; `datatype` is one of the array types."""
    form = _FORMATS.get(datatype)
    if datatype == DataType.BOOLEAN_ARRAY:
        return _booleans(data)
    if datatype == DataType.STRING_ARRAY:
        return _strings(data)
    if form is None or len(data) % struct.calcsize(form):
        return Unreadable("array")
    return tuple(found[0] for found in struct.iter_unpack(f"<{form}", data))


def properties(data: bytes) -> tuple[int | None, Reporting | None]:
    """The property `Quality`, and how the metric is reported; None for what is not said, or not plainly."""
    try:
        wire = PROPERTIES.FromString(data)
    except (DecodeError, ValueError):
        return None, None
    quality: int | None = None
    said: dict[str, Any] = {}
    for key, value in zip(wire.keys, wire.values, strict=False):
        kind = value.WhichOneof("value")
        if key == _QUALITY and kind == "int_value":
            quality = int(value.int_value)
        elif key == _UNIT and kind == "string_value" and isinstance(value.string_value, str):
            said["unit"] = value.string_value[:32]
        elif key in _NUMBERS and kind == "double_value" and 0 <= value.double_value < math.inf:
            said[_NUMBERS[key]] = value.double_value
        elif key == _LIMIT and kind == "double_value" and math.isfinite(value.double_value):
            said["limit"] = value.double_value
    return quality, Reporting(**said) if any(name in said for name in _NUMBERS.values()) else None


def pack_properties(quality: int | None, reporting: Reporting | None) -> bytes:
    """The same, as an edge node sends them."""
    wire = PROPERTIES()
    if quality is not None:
        wire.keys.append(_QUALITY)
        wire.values.add(type=DataType.INT32, int_value=quality)
    if reporting is not None:
        if reporting.unit:
            wire.keys.append(_UNIT)
            wire.values.add(type=DataType.STRING, string_value=reporting.unit)
        for key, name in _NUMBERS.items():
            wire.keys.append(key)
            wire.values.add(type=DataType.DOUBLE, double_value=getattr(reporting, name))
        if reporting.limit is not None:
            wire.keys.append(_LIMIT)
            wire.values.add(type=DataType.DOUBLE, double_value=reporting.limit)
    return bytes(wire.SerializeToString())


def inflate(body: bytes) -> bytes:
    """A packed body, unpacked. Raises Malformed('compressed') when damaged or larger than MAX_UNPACKED."""
    machine = zlib.decompressobj(_ANY_HEADER)
    try:
        found = machine.decompress(body, MAX_UNPACKED)
    except zlib.error as error:
        raise Malformed("compressed", str(error)[:200]) from error
    if not machine.eof:
        raise Malformed("compressed", "cut short, or too large")
    return found


def _cell(element: Any, datatype: int) -> Value:
    field = element.WhichOneof("value")
    if field is None:
        return None
    value: Value = getattr(element, field)
    return Unreadable("extension") if field == "extension_value" else as_type(value, datatype)


def _booleans(data: bytes) -> tuple[Value, ...] | Unreadable:
    """Four bytes of count, then bits, the highest first."""
    if len(data) < 4:
        return Unreadable("array")
    (count,) = struct.unpack_from("<I", data)
    bits = data[4:]
    if len(bits) != (count + 7) // 8:
        return Unreadable("array")
    return tuple(bool(bits[i // 8] >> (7 - i % 8) & 1) for i in range(count))


def _strings(data: bytes) -> tuple[Value, ...] | Unreadable:
    """UTF-8, each ended by a NUL."""
    if not data:
        return ()
    if not data.endswith(b"\x00"):
        return Unreadable("array")
    try:
        return tuple(data[:-1].decode().split("\x00"))
    except UnicodeDecodeError:
        return Unreadable("array")
