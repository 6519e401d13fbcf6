"""Data sets, templates, arrays, qualities and packed bodies; the bytes of the arrays are the standard's."""

import gzip
import struct
import zlib

import pytest

from data.wire import sparkplug
from data.wire import sparkplug_nested as nested
from data.wire.sparkplug import DataSet, DataType, Metric, Payload, Reporting, Template, Unreadable, unpack
from data.wire.sparkplug_nested import MAX_UNPACKED
from data.wire.sparkplug_schema import DATA_SET, PAYLOAD, PROPERTIES, TEMPLATE
from domain.errors import Malformed


def one(**fields) -> Metric:
    """A payload of one metric with these wire fields, decoded."""
    wire = PAYLOAD()
    wire.metrics.add(name="m", **fields)
    return sparkplug.decode(wire.SerializeToString()).metrics[0]


def table(rows: int = 1, *, columns: int = 2, types: int = 2) -> bytes:
    wire = DATA_SET(num_of_columns=2, columns=["a", "b"][:columns], types=[3, 12][:types])
    for row in range(rows):
        added = wire.rows.add()
        added.elements.add(int_value=2**32 - 1 - row)
        added.elements.add(string_value="x")
    return wire.SerializeToString()


def test_a_data_set_is_a_table_of_typed_values() -> None:
    value = one(datatype=DataType.DATASET, dataset_value=table(2)).value
    assert value == DataSet(("a", "b"), (3, 12), ((-1, "x"), (-2, "x")))


@pytest.mark.parametrize("data", [table(columns=1), table(types=1), b"\xff\xff\xff", b"\x08\x05"])
def test_a_data_set_of_another_shape_than_it_says_cannot_be_read(data: bytes) -> None:
    assert one(datatype=DataType.DATASET, dataset_value=data).value == Unreadable("data_set")


def test_a_template_holds_metrics_and_templates() -> None:
    inner = TEMPLATE(template_ref="valve")
    inner.metrics.add(name="open", datatype=DataType.BOOLEAN, boolean_value=True)
    outer = TEMPLATE(template_ref="pump", is_definition=False)
    outer.metrics.add(name="speed", datatype=DataType.INT16, int_value=2**32 - 5, timestamp=7)
    outer.metrics.add(name="v", datatype=DataType.TEMPLATE, template_value=inner.SerializeToString())
    value = one(datatype=DataType.TEMPLATE, template_value=outer.SerializeToString()).value
    assert isinstance(value, Template)
    assert (value.ref, value.is_definition) == ("pump", False)
    assert value.members[0][:5] == ("speed", None, 7, DataType.INT16, -5)
    assert value.members[1].value == Template(
        "valve", False, (Metric("open", None, None, DataType.BOOLEAN, True),)
    )


def test_templates_nest_to_a_depth_and_no_deeper() -> None:
    data = b""
    for _ in range(sparkplug.MAX_DEPTH + 2):
        wire = TEMPLATE(template_ref="t")
        wire.metrics.add(name="t", datatype=DataType.TEMPLATE, template_value=data)
        data = wire.SerializeToString()
    value = one(datatype=DataType.TEMPLATE, template_value=data).value
    for _ in range(sparkplug.MAX_DEPTH):
        assert isinstance(value, Template)
        value = value.members[0].value
    assert value == Unreadable("template_too_deep")


@pytest.mark.parametrize(
    ("kind", "data", "values"),
    [
        (DataType.INT8_ARRAY, bytes([0xE9, 0x7B]), (-23, 123)),
        (DataType.INT16_ARRAY, bytes([0xD0, 0x8A, 0x30, 0x75]), (-30000, 30000)),
        (DataType.UINT8_ARRAY, bytes([0x17, 0xFA]), (23, 250)),
        (DataType.UINT32_ARRAY, struct.pack("<2I", 52, 4293002020), (52, 4293002020)),
        (DataType.INT64_ARRAY, struct.pack("<q", -(2**62)), (-(2**62),)),
        (DataType.FLOAT_ARRAY, struct.pack("<2f", 1.25, -3.5), (1.25, -3.5)),
        (DataType.DOUBLE_ARRAY, struct.pack("<d", 12.354213), (12.354213,)),
        (
            DataType.BOOLEAN_ARRAY,
            bytes([12, 0, 0, 0, 0x34, 0xD0]),
            tuple(bool(int(bit)) for bit in "001101001101"),
        ),
        (DataType.STRING_ARRAY, b"ABC\x00hello\x00", ("ABC", "hello")),
        (DataType.DATETIME_ARRAY, struct.pack("<Q", 1_656_107_875_000), (1_656_107_875_000,)),
        (DataType.INT32_ARRAY, b"", ()),
    ],
)
def test_arrays_are_packed_as_the_standard_says(kind: DataType, data: bytes, values: tuple) -> None:
    assert unpack(data, kind) == values
    metric = Metric("m", None, 1, kind, data)
    assert sparkplug.decode(sparkplug.encode(Payload(1, 0, (metric,)))).metrics[0] == metric


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (DataType.INT32_ARRAY, b"\x01\x02\x03"),
        (DataType.BOOLEAN_ARRAY, b"\x01"),
        (DataType.BOOLEAN_ARRAY, b"\xff\xff\xff\xff\x00"),
        (DataType.STRING_ARRAY, b"ABC"),
        (DataType.STRING_ARRAY, b"\xff\x00"),
        (DataType.BYTES, b"x"),
    ],
)
def test_a_damaged_array_cannot_be_read(kind: DataType, data: bytes) -> None:
    assert unpack(data, kind) == Unreadable("array")


@pytest.mark.parametrize(("code", "read"), [(0, 0), (192, 192), (500, 500)])
def test_the_quality_stands_among_the_properties(code: int, read: int) -> None:
    wire = PROPERTIES(keys=["engUnit", "Quality"])
    wire.values.add(type=12, string_value="kPa")
    wire.values.add(type=3, int_value=code)
    assert one(double_value=1.0, properties=wire.SerializeToString()).quality == read
    assert one(double_value=1.0, properties=b"\xff\xff").quality is None
    assert one(double_value=1.0).quality is None


@pytest.mark.parametrize(
    "said", [Reporting("kPa", 0.5, 100.0, 10.0), Reporting(limit=-4.5), Reporting(limit=0.0)]
)
def test_how_a_metric_is_sent_and_the_limit_of_an_alert_come_back(said: Reporting) -> None:
    assert nested.properties(nested.pack_properties(500, said)) == (500, said)


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_a_limit_that_is_no_number_is_not_said(limit: float) -> None:
    _, found = nested.properties(nested.pack_properties(None, Reporting(limit=limit)))
    assert found == Reporting()


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_a_packed_body_is_unpacked(pack) -> None:
    payload = Payload(5, 3, (Metric("t", 1, 4, DataType.DOUBLE, 2.5),))
    wire = PAYLOAD(uuid="SPBV1.0_COMPRESSED", body=pack(sparkplug.encode(payload)))
    assert sparkplug.decode(wire.SerializeToString()) == payload


@pytest.mark.parametrize(
    "body", [b"", b"no zlib", zlib.compress(b"x" * 100)[:-5], zlib.compress(bytes(MAX_UNPACKED + 1))]
)
def test_a_packed_body_that_is_damaged_or_a_bomb_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        sparkplug.decode(PAYLOAD(uuid="SPBV1.0_COMPRESSED", body=body).SerializeToString())
    assert caught.value.reason == "compressed"


def test_an_extension_is_named_and_not_lost() -> None:
    assert one(extension_value=b"\x01").value == Unreadable("extension")
