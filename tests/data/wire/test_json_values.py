"""Payloads are read as `json.loads` reads them, whatever they hold."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.wire.json_values import parse
from domain.errors import Malformed

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


def same(one: Any, other: Any) -> bool:
    """Equal in value, kind and order of names; NaN equals itself, and -0.0 is not 0.0."""
    if one.__class__ is not other.__class__:
        return False
    if isinstance(one, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    return bool(one == other)


def as_python(data: bytes) -> tuple[bool, Any]:
    try:
        return True, json.loads(data)
    except (ValueError, RecursionError):
        return False, None


@settings(max_examples=400, deadline=None)
@given(
    VALUES.map(lambda value: json.dumps(value).encode())
    | NUMBERS.map(str.encode)
    | st.binary(max_size=40)
    | st.text('{}[]",:0123456789.eE+-truefalsnNaIity \\ud8', max_size=24).map(str.encode)
)
@example(b'["\\ud800"]')
@example(b"\xef\xbb\xbf{}")
@example('{"a": 1}'.encode("utf-16"))
@example(b'{"a": 1, "a": 2}')
@example(b"[NaN, -Infinity, 1E400, -0, -0.0, 9007199254740993, 12345678901234567890123]")
def test_what_is_read_is_what_json_says(data: bytes) -> None:
    readable, wanted = as_python(data)
    if readable:
        assert same(parse(data), wanted)
    else:
        with pytest.raises(Malformed):
            parse(data)
