"""JSON telemetry: both ways, and nothing but Malformed for what is no telemetry."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.wire.json_topics import (
    NOT_PLAIN,
    Telemetry,
    decode,
    decode_plain,
    encode,
    parse_topic,
    telemetry_topic,
)
from domain.errors import Malformed

DEVICE = "north/machining/line-1/cnc-12"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_topics_both_ways() -> None:
    assert telemetry_topic(DEVICE) == "uns/north/machining/line-1/cnc-12/telemetry"
    assert parse_topic(telemetry_topic(DEVICE)) == DEVICE


@pytest.mark.parametrize(
    "topic", ["", "uns/a/b/c/telemetry", "uns/a/b/c/d/alarm", "uns/a//c/d/telemetry", "x"]
)
def test_other_topics_are_malformed(topic: str) -> None:
    with pytest.raises(Malformed):
        parse_topic(topic)


@settings(max_examples=100, deadline=None)
@given(st.none() | st.integers(0, 2**53), st.none() | st.integers(0, 2**31), st.integers(-1000, 1000))
def test_telemetry_comes_back_as_it_was(ts, seq, value) -> None:
    telemetry = Telemetry(ts, seq, {"temperature": value, "note": "x"})
    assert decode(encode(telemetry)) == telemetry


def test_numbers_that_json_has_not_are_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode(Telemetry(1, 1, {"temperature": float("nan")}))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | JSON.map(lambda value: str(value).replace("'", '"').encode()))
def test_garbage_is_malformed(data: bytes) -> None:
    try:
        decode(data)
    except Malformed as error:
        assert error.reason in ("json", "shape")


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000, b'{"values": ' + b"[" * 100_000, b'{"values": {}, "ts": true}',
        b'{"values": {}, "ts": "now"}', b'{"values": {}, "ts": NaN}', b'{"values": {}, "ts": 1e300}',
        b'{"values": []}', b'"values"', b"9" * 10_000, b"\xff\xfe\x00", b'{"ts": 1}',
    ],
)  # fmt: skip
def test_poison_is_malformed(payload: bytes) -> None:
    with pytest.raises(Malformed):
        decode(payload)


@pytest.mark.parametrize("number", [10**400, -(10**400), 2**62, float("inf"), float("nan")])
def test_a_time_or_sequence_beyond_all_bounds_is_malformed(number: float) -> None:
    for member in ("ts", "seq"):
        with pytest.raises(Malformed):
            decode(json.dumps({member: number, "values": {}}).encode())


@settings(max_examples=200, deadline=None)
@given(JSON, JSON, st.dictionaries(st.text(max_size=8), st.floats() | st.integers() | JSON, max_size=3))
def test_a_plain_message_is_the_same_by_both_ways(ts, seq, values) -> None:
    payload = json.dumps({"ts": ts, "seq": seq, "values": values}).encode()
    try:
        plain = decode_plain(payload)
    except NOT_PLAIN:
        return
    whole = decode(payload)
    assert (plain.ts, plain.seq) == (whole.ts_ms, whole.seq)
    assert plain.numbers == {name: float(value) for name, value in whole.values.items()}


def test_numbers_with_a_time_are_plain_and_nothing_else_is() -> None:
    plain = decode_plain(b'{"ts":1790000000000,"seq":7,"values":{"temperature":41,"load":0.5},"more":[]}')
    assert (plain.ts, plain.seq, plain.numbers) == (1_790_000_000_000, 7, {"temperature": 41.0, "load": 0.5})
    for other in (
        b'{"values":{"a":1}}', b'{"ts":1,"values":{"a":true}}', b'{"ts":1,"values":{"a":"1"}}', b"", b"{}",
        b'{"ts":1,"values":{"a":1e999}}', b'{"ts":1,"values":{"a":null}}', b'{"ts":true,"values":{}}',
        b'{"ts":1e300,"values":{}}', b'{"ts":9223372036854775807,"values":{}}', b"\xff", b"[" * 100_000,
    ):  # fmt: skip
        with pytest.raises(NOT_PLAIN):
            decode_plain(other)
