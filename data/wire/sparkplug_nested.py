"""The parts of a Sparkplug metric that are more than one value: data sets, arrays, properties, bodies.

Whatever is damaged here spoils its own metric only: it comes out as `Unreadable`.
"""

import struct
import zlib
from typing import Any

from google.protobuf.message import DecodeError

from data.wire.sparkplug_schema import DATA_SET, PROPERTIES
from data.wire.sparkplug_types import DataSet, DataType, Unreadable, Value, as_type
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


def quality(data: bytes) -> int | None:
    """The property `Quality`, None when it is not among them or not a plain integer."""
    try:
        wire = PROPERTIES.FromString(data)
    except (DecodeError, ValueError):
        return None
    for key, value in zip(wire.keys, wire.values, strict=False):
        if key == _QUALITY and value.WhichOneof("value") == "int_value":
            return int(value.int_value)
    return None


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
