"""What holds many values becomes several, or is named with a reason; nothing vanishes."""

import struct

import pytest

from data.sources.sparkplug_values import MAX_PARTS, birth_types, resolve
from data.wire.sparkplug import DataSet, DataType, Metric, Template, Unreadable
from domain.telemetry import Quality

D, T = DataType.DOUBLE, 1_790_000_000_000
MANY = (Metric("a", None, T, DataType.INT8_ARRAY, b"\x00\x01\x02"),) * 99


def read(*metrics: Metric, aliases=None, types=None):
    return resolve(aliases or {}, types or {}, metrics, T * 1000)


def test_a_template_becomes_a_value_a_member_also_by_alias_alone() -> None:
    member = Metric("speed", None, T + 5, DataType.INT16, -5)
    deep = Metric(
        "valve", None, None, DataType.TEMPLATE, Template("v", False, (Metric("open", None, None, D, 1.0),))
    )
    birth = Metric("pump", 4, T, DataType.TEMPLATE, Template("p", False, (member, deep)))
    found = read(birth)
    assert found.values == [("pump/speed", (T + 5) * 1000, -5), ("pump/valve/open", T * 1000, 1.0)]
    assert birth_types([birth])["pump/speed"] == DataType.INT16
    sent = Metric("", 4, T, 0, Template("p", False, (Metric("speed", None, None, 0, 2**32 - 7),)))
    found = read(sent, aliases={4: ("pump", DataType.TEMPLATE)}, types=birth_types([birth]))
    assert found.values == [("pump/speed", T * 1000, -7)]


def test_a_definition_holds_no_measurement() -> None:
    found = read(Metric("p", None, T, DataType.TEMPLATE, Template("", True, (Metric("s", None, T, D, 0.0),))))
    assert (found.values, found.odd) == ([], {})


def test_a_short_array_becomes_a_value_an_element_also_by_alias_alone() -> None:
    data = struct.pack("<2h", -3, 4)
    parts = [("axis/0", T * 1000, -3), ("axis/1", T * 1000, 4)]
    assert read(Metric("axis", None, T, DataType.INT16_ARRAY, data)).values == parts
    by_alias = read(Metric("", 9, T, 0, data), aliases={9: ("axis", DataType.INT16_ARRAY)})
    assert by_alias.values == parts


def test_a_data_set_of_one_row_becomes_a_value_a_column() -> None:
    one = DataSet(("good", "note"), (3, 12), ((5, "ok"),))
    found = read(Metric("shift", None, T, DataType.DATASET, one))
    assert found.values == [("shift/good", T * 1000, 5), ("shift/note", T * 1000, "ok")]


@pytest.mark.parametrize(
    ("kind", "value", "reason", "name"),
    [
        (DataType.DATASET, DataSet(("a",), (3,), ((1,), (2,))), "data_set_of_many_rows", "m"),
        (DataType.DATASET, Unreadable("data_set"), "data_set", "m"),
        (DataType.DATASET, DataSet(("a",), (3,), ((Unreadable("extension"),),)), "extension", "m/a"),
        (DataType.DOUBLE_ARRAY, bytes(8 * (MAX_PARTS + 1)), "too_many_parts", f"m ({MAX_PARTS + 1})"),
        (DataType.DOUBLE_ARRAY, b"\x00", "array", "m"),
        (DataType.STRING_ARRAY, b"a\x00", "array_of_texts", "m"),
        (DataType.DATETIME_ARRAY, bytes(8), "array_of_times", "m"),
        (DataType.TEMPLATE, Template("t", False, (Metric("", 3, T, D, 1.0),)), "template_without_names", "m"),
        (DataType.TEMPLATE, Template("t", False, MANY), "too_many_parts", "m"),
        (DataType.PROPERTY_SET, b"x", "unknown_type", "m"),
        (99, 5, "unknown_type", "m"),
    ],
)  # fmt: skip
def test_what_cannot_be_spread_is_named_with_its_reason(kind, value, reason, name) -> None:
    found = read(Metric("m", None, T, kind, value), Metric("good", None, T, D, 1.0))
    assert found.values == [("good", T * 1000, 1.0)]
    assert list(found.odd) == [reason]
    assert found.odd[reason][0].startswith(name)


def test_a_quality_that_is_not_good_marks_its_values() -> None:
    found = read(
        Metric("a", None, T, D, 1.0, quality=0),
        Metric("b", None, T, D, 1.0, quality=500),
        Metric("c", None, T, D, 1.0, quality=192),
        Metric("d", None, T, DataType.UINT8_ARRAY, b"\x01", quality=0),
    )
    marks = {name: mark for (name, _), mark in found.marked.items()}
    assert marks == {"a": Quality.BAD, "b": Quality.STALE, "d": Quality.BAD, "d/0": Quality.BAD}
    assert len(found.values) == 4
