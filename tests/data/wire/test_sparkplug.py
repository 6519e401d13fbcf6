"""The codec holds to the standard's field numbers, gives back what it was given, and survives garbage."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.wire import sparkplug, sparkplug_topics
from data.wire.sparkplug import DataType, Metric, Payload
from data.wire.sparkplug_topics import MessageType, Topic
from domain.errors import Malformed

INTEGERS = {
    DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64,
    DataType.UINT8: -8, DataType.UINT16: -16, DataType.UINT32: -32, DataType.UINT64: -64,
}  # fmt: skip


def values() -> st.SearchStrategy[tuple[DataType, object]]:
    def of_kind(kind: DataType) -> st.SearchStrategy[tuple[DataType, object]]:
        bits = INTEGERS[kind]
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if bits > 0 else (0, 2**-bits - 1)
        return st.tuples(st.just(kind), st.integers(low, high))

    return st.one_of(
        *(of_kind(kind) for kind in INTEGERS),
        st.tuples(st.just(DataType.DOUBLE), st.floats(allow_nan=False)),
        st.tuples(st.just(DataType.FLOAT), st.floats(allow_nan=False, width=32)),
        st.tuples(st.just(DataType.BOOLEAN), st.booleans()),
        st.tuples(st.just(DataType.STRING), st.text(max_size=20)),
        st.tuples(st.just(DataType.BYTES), st.binary(max_size=20)),
    )


@st.composite
def metrics(draw) -> Metric:
    kind, value = draw(values())
    alias = draw(st.none() | st.integers(0, 2**64 - 1))
    stamp = draw(st.none() | st.integers(0, 2**63))
    return Metric(draw(st.text(max_size=20)), alias, stamp, int(kind), value, draw(st.booleans()), False)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        Payload,
        st.none() | st.integers(0, 2**63),
        st.none() | st.integers(0, 255),
        st.lists(metrics(), max_size=6).map(tuple),
    )
)
def test_a_payload_comes_back_as_it_was(payload: Payload) -> None:
    assert sparkplug.decode(sparkplug.encode(payload)) == payload


def test_the_bytes_are_those_of_the_standard() -> None:
    """timestamp = field 1, metrics = 2, seq = 3; metric: name 1, alias 2, timestamp 3, datatype 4, int 10."""
    payload = Payload(1, 2, (Metric("a", 3, 4, DataType.INT32, 5),))
    metric = bytes([0x0A, 1, ord("a"), 0x10, 3, 0x18, 4, 0x20, 3, 0x50, 5])
    assert sparkplug.encode(payload) == bytes([0x08, 1, 0x12, len(metric), *metric, 0x18, 2])


def test_an_unsigned_wire_value_is_read_by_the_type_of_the_birth() -> None:
    assert sparkplug.as_type(2**32 - 5, DataType.INT16) == -5
    assert sparkplug.as_type(200, DataType.INT8) == -56
    assert sparkplug.as_type(200, DataType.UINT8) == 200
    assert sparkplug.as_type(2**64 - 1, DataType.INT64) == -1


def test_null_has_no_value() -> None:
    null = Payload(1, 0, (Metric("x", None, 1, DataType.DOUBLE, None, False, True),))
    assert sparkplug.decode(sparkplug.encode(null)).metrics[0].value is None


def test_not_a_number_arrives_as_such() -> None:
    sent = sparkplug.encode(Payload(1, 0, (Metric("x", None, 1, DataType.DOUBLE, math.nan),)))
    value = sparkplug.decode(sent).metrics[0].value
    assert isinstance(value, float)
    assert math.isnan(value)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_malformed_or_a_payload(data: bytes) -> None:
    try:
        assert isinstance(sparkplug.decode(data), Payload)
    except Malformed as error:
        assert error.reason == "protobuf"


@settings(max_examples=200, deadline=None)
@given(st.lists(metrics(), min_size=1, max_size=4), st.data())
def test_a_truncated_or_bent_payload_never_raises_otherwise(found, data) -> None:
    whole = bytearray(sparkplug.encode(Payload(5, 1, tuple(found))))
    cut = data.draw(st.integers(0, len(whole) - 1))
    whole[cut] ^= data.draw(st.integers(0, 255))
    for sent in (bytes(whole), bytes(whole[:cut])):
        try:
            sparkplug.decode(sent)
        except Malformed as error:
            assert error.reason == "protobuf"


def test_a_message_of_too_many_metrics_is_malformed() -> None:
    with pytest.raises(Malformed):
        sparkplug.decode(b"\x12\x00" * (sparkplug.MAX_METRICS + 1))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("spBv1.0/north/DDATA/line-1/cnc-11", Topic(MessageType.DDATA, "north", "line-1", "cnc-11")),
        ("spBv1.0/north/NBIRTH/line-1", Topic(MessageType.NBIRTH, "north", "line-1")),
        ("spBv1.0/STATE/taktwise", Topic(MessageType.STATE, "", "taktwise")),
    ],
)
def test_topics_both_ways(text: str, topic: Topic) -> None:
    assert sparkplug_topics.parse_topic(text) == topic
    assert str(topic) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "spBv1.0", "spBv1.0/a/DDATA/n", "spBv1.0/a/NDATA/n/d", "spBv1.0/a/NONSENSE/n", "spBv1.0/STATE/",
        "spBv1.0//NDATA/n", "spAv1.0/a/NDATA/n", "spBv1.0/a/STATE/n", "spBv1.0/a/DDATA/n/d/e",
    ],
)  # fmt: skip
def test_other_topics_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        sparkplug_topics.parse_topic(text)


def test_the_state_message_both_ways() -> None:
    state = sparkplug_topics.State(True, 1_790_000_000_000)
    assert sparkplug_topics.encode_state(state) == b'{"online": true, "timestamp": 1790000000000}'
    assert sparkplug_topics.decode_state(sparkplug_topics.encode_state(state)) == state
    for wrong in (b"", b"[]", b'{"online":1,"timestamp":2}', b'{"online":true}', b"[" * 100_000):
        with pytest.raises(Malformed):
            sparkplug_topics.decode_state(wrong)


def test_a_rebirth_request_has_no_sequence_number() -> None:
    request = sparkplug.decode(sparkplug.rebirth_request(7))
    assert request.seq is None
    assert [(m.name, m.value, m.datatype) for m in request.metrics] == [("Node Control/Rebirth", True, 0)]
    (typed,) = sparkplug.decode(sparkplug.rebirth_request(7, typed=True)).metrics
    assert (typed.name, typed.value, typed.datatype) == ("Node Control/Rebirth", True, DataType.BOOLEAN)


def test_a_name_that_is_no_utf8_is_malformed() -> None:
    """protobuf hands such a name over as bytes."""
    metric = bytes([0x0A, 2, 0xC3, 0x28, 0x20, DataType.DOUBLE])
    with pytest.raises(Malformed):
        sparkplug.decode(bytes([0x12, len(metric), *metric]))
