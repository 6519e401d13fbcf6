"""The host application: births, aliases, sequence, deaths, history, restarts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from data.sources.messages import SESSION_ENDED, SESSION_STARTED, Findings, RawMessage
from data.sources.sparkplug_host import (
    REBIRTH_EVERY_US,
    REORDER_US,
    SILENT_US,
    SparkplugHost,
)
from data.sources.sparkplug_presence import must_say_online
from data.sources.sparkplug_state import NodeState
from data.wire.sparkplug import DataType, Metric, Payload, encode
from data.wire.sparkplug_topics import MessageType, State, encode_state, state_topic
from domain.telemetry import Gap, SourceKey
from tests.kits.edge import T0_MS, EdgeNode, raw

CNC = SourceKey("sparkplug", "north/line-1/cnc-11")
NODE = SourceKey("sparkplug", "north/line-1")


def feed(host: SparkplugHost, messages, found: Findings | None = None) -> Findings:
    found = found or Findings()
    for message in messages:
        host.receive(message, found)
    return found


def born(ms: int = T0_MS) -> tuple[SparkplugHost, EdgeNode]:
    host, edge = SparkplugHost(), EdgeNode()
    feed(host, edge.births(ms))
    return host, edge


def restarted(host: SparkplugHost) -> SparkplugHost:
    """A new process that remembers what the database keeps."""
    kept = []
    for old in host.nodes.values():
        node = NodeState(old.name, online=old.online, bd_seq=old.bd_seq)
        for name, device in old.devices.items():
            node.device(name).complete_us = device.complete_us
            node.device(name).open_gap = device.open_gap
        kept.append(node)
    return SparkplugHost(kept)


def test_a_birth_gives_names_to_aliases_and_carries_values() -> None:
    host, edge = SparkplugHost(), EdgeNode()
    found = feed(host, edge.births(T0_MS))
    assert [sample.device.name for sample in found.samples] == [
        "north/line-1/cnc-11",
        "north/line-1/cnc-13",
    ]
    found = feed(host, [edge.data("cnc-11", T0_MS + 1000, temperature=44.5, state=6.0)])
    assert found.samples[0].device == CNC
    assert found.samples[0].values == [
        ("temperature", (T0_MS + 1000) * 1000, 44.5),
        ("state", (T0_MS + 1000) * 1000, 6.0),
    ]
    assert not found.rebirths
    assert not found.gaps


def test_the_type_of_the_birth_is_used_when_data_carries_none() -> None:
    host, edge = SparkplugHost(), EdgeNode(devices=())
    feed(host, edge.births(T0_MS))
    feed(host, [edge.message(MessageType.DBIRTH, "d", T0_MS, (Metric("t", 1, T0_MS, DataType.INT16, 7),))])
    typeless = bytes([0x10, 1, 0x50, *_varint(2**32 - 5)])  # alias 1, int_value as unsigned
    body = bytes([0x12, len(typeless), *typeless, 0x18, edge.seq])
    found = feed(host, [raw("spBv1.0/north/DDATA/line-1/d", body, T0_MS)])
    assert found.samples[0].values[0][2] == -5


def test_data_before_a_birth_asks_for_one_rebirth_and_ends_in_a_gap() -> None:
    host, edge = SparkplugHost(), EdgeNode()
    edge.births(T0_MS)  # lost
    found = feed(host, [edge.data("cnc-11", T0_MS + 1000 * i) for i in range(1, 6)])
    assert list(found.rebirths) == ["north/line-1"]
    assert not found.samples
    found = feed(host, edge.births(T0_MS + 6000))
    assert Gap(CNC, (T0_MS + 1000) * 1000, (T0_MS + 6000) * 1000, -1, "no_birth") in found.gaps


def test_an_unanswered_rebirth_request_is_repeated_not_sooner_than_said() -> None:
    host, edge = SparkplugHost(), EdgeNode()
    edge.births(T0_MS)
    asked = 0
    for second in range(1, 31):
        asked += len(feed(host, [edge.data("cnc-11", T0_MS + 1000 * second)]).rebirths)
    assert asked == 30 * 1_000_000 // REBIRTH_EVERY_US


def test_a_request_without_an_answer_is_repeated_once_by_itself_and_named_as_such() -> None:
    """The first carries no data type, as the standard wants it; some clients read no value without one."""
    host, edge = born()
    edge.data("cnc-11", T0_MS)  # lost
    found = feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    asked_us = (T0_MS + 1000) * 1000 + REORDER_US
    host.tick(asked_us, found)
    assert (list(found.rebirths), found.once_more) == (["north/line-1"], set())
    assert host.waiting
    again = Findings()
    host.tick(asked_us + REBIRTH_EVERY_US - 1, again)
    assert not again.rebirths
    host.tick(asked_us + REBIRTH_EVERY_US, again)
    assert (list(again.rebirths), again.once_more) == (["north/line-1"], {"north/line-1"})
    assert not host.waiting, "once is enough: what it sends asks again"


def test_a_request_that_is_answered_is_not_repeated() -> None:
    host, edge = born()
    edge.data("cnc-11", T0_MS)  # lost
    found = feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    host.tick((T0_MS + 60_000) * 1000, found)
    later = feed(host, edge.births(T0_MS + 61_000))
    host.tick((T0_MS + 600_000) * 1000, later)
    assert not later.rebirths


def test_an_unknown_alias_is_rejected_and_asks_for_a_rebirth() -> None:
    host, edge = born()
    odd = edge.message(MessageType.DDATA, "cnc-11", T0_MS, (Metric("", 99, T0_MS, DataType.DOUBLE, 1.0),))
    found = feed(host, [odd])
    assert [what.reason for what, _ in found.rejected] == ["unknown_alias"]
    assert list(found.rebirths) == ["north/line-1"]


def test_sequence_numbers_wrap() -> None:
    host, edge = born()
    found = feed(host, [edge.data("cnc-11", T0_MS + i) for i in range(1, 700)])
    host.tick((T0_MS + 700_000) * 1000, found)
    assert len(found.samples) == 699
    assert not found.gaps


def test_messages_out_of_order_are_put_in_order() -> None:
    host, edge = born()
    a, b, c = (edge.data("cnc-11", T0_MS + i) for i in (1, 2, 3))
    found = feed(host, [b, c, a])
    assert [sample.message for sample in found.samples] == [a, b, c]
    host.tick((T0_MS + 60_000) * 1000, found)
    assert not found.gaps
    assert not found.rebirths


@pytest.mark.parametrize("back", [0, 1, 5])
def test_a_packet_that_comes_again_is_no_gap(back: int) -> None:
    host, edge = born()
    sent = [edge.data("cnc-11", T0_MS + 1000 * i) for i in range(1, 8)]
    found = feed(host, sent)
    feed(host, [sent[-1 - back]], found)
    feed(host, [edge.data("cnc-11", T0_MS + 9000)], found)
    host.tick((T0_MS + 60_000) * 1000, found)
    assert not found.gaps
    assert not found.rebirths
    assert found.samples[-1].values[0][1] == (T0_MS + 9000) * 1000


def test_a_loss_of_half_a_round_of_numbers_is_no_repetition() -> None:
    host, edge = born()
    feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    for i in range(200):
        edge.data("cnc-11", T0_MS + 2000 + i)
    found = feed(host, [edge.data("cnc-11", T0_MS + 3000)])
    host.tick((T0_MS + 3000) * 1000 + REORDER_US, found)
    assert [(gap.missing, gap.cause) for gap in found.gaps] == [(200, "sequence")]
    assert list(found.rebirths) == ["north/line-1"]


def test_a_wall_clock_that_is_set_back_holds_nothing_up() -> None:
    host, edge = born()
    back = 3_600_000_000
    edge.data("cnc-11", T0_MS + 1000)
    found = feed(host, [edge.data("cnc-11", T0_MS + 2000)])
    host.tick((T0_MS + 2000) * 1000 - back, found)
    assert [gap.missing for gap in found.gaps] == [1]
    assert list(found.rebirths) == ["north/line-1"]
    late = edge.message(MessageType.DDATA, "cnc-11", T0_MS, (Metric("", 99, T0_MS, DataType.DOUBLE, 1.0),))
    found = feed(host, [structs.replace(late, wall_us=late.wall_us - 2 * back)])
    assert list(found.rebirths) == ["north/line-1"], "the last request lies ahead of the clock now"


def test_a_text_that_a_birth_leaves_empty_is_no_number_to_come() -> None:
    host, edge = SparkplugHost(), EdgeNode(devices=())
    feed(host, edge.births(T0_MS))
    empty = (
        Metric("recipe", 1, T0_MS, DataType.STRING, None, is_null=True),
        Metric("load", 2, T0_MS, DataType.DOUBLE, None, is_null=True),
    )
    found = feed(host, [edge.message(MessageType.DBIRTH, "d", T0_MS, empty)])
    assert [name for name, _, _ in found.samples[-1].values] == ["load"]


def test_a_gap_that_stays_past_the_reorder_time_is_stored_and_asks_for_a_rebirth() -> None:
    host, edge = born()
    feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    edge.data("cnc-11", T0_MS + 2000)
    edge.data("cnc-13", T0_MS + 2000)
    found = feed(host, [edge.data("cnc-11", T0_MS + 3000)])
    assert not found.samples
    host.tick((T0_MS + 3000) * 1000 + REORDER_US - 1, found)
    assert not found.gaps
    host.tick((T0_MS + 3000) * 1000 + REORDER_US, found)
    assert list(found.gaps) == [Gap(NODE, (T0_MS + 1000) * 1000, (T0_MS + 3000) * 1000, 2, "sequence")]
    assert list(found.rebirths) == ["north/line-1"]
    assert len(found.samples) == 1


def test_a_message_that_was_given_up_is_still_taken_when_it_comes() -> None:
    host, edge = born()
    late = edge.data("cnc-11", T0_MS + 1000)
    found = feed(host, [edge.data("cnc-11", T0_MS + 2000)])
    host.tick((T0_MS + 9000) * 1000, found)
    found = feed(host, [late, edge.data("cnc-11", T0_MS + 9500)])
    host.tick((T0_MS + 60_000) * 1000, found)
    assert len(found.samples) == 2
    assert not found.gaps


def test_only_the_death_of_the_current_session_counts() -> None:
    host, edge = SparkplugHost(), EdgeNode(bd_seq=3)
    old_death = edge.death(T0_MS)
    edge.bd_seq = 4
    feed(host, edge.births(T0_MS))
    assert not feed(host, [old_death]).stale
    found = feed(host, [edge.death(T0_MS)])
    assert list(found.stale) == ["north/line-1", "north/line-1/cnc-11", "north/line-1/cnc-13"]
    found = feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    assert not found.samples
    assert list(found.rebirths) == ["north/line-1"]


def test_a_device_death_makes_that_device_stale_only() -> None:
    host, edge = born()
    found = feed(host, [edge.message(MessageType.DDEATH, "cnc-11", T0_MS, ())])
    assert list(found.stale) == ["north/line-1/cnc-11"]
    found = feed(host, [edge.birth("cnc-11", T0_MS + 5000)], found)
    assert not found.stale
    assert found.gaps


@pytest.mark.parametrize(("numbered_on", "gaps"), [(True, []), (False, ["rebirth"])])
def test_a_rebirth_that_numbers_on_proves_that_nothing_is_missing(numbered_on, gaps) -> None:
    host, edge = born()
    feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    found = feed(host, edge.births(T0_MS + 1500, numbered_on=numbered_on))
    found = feed(host, [edge.data("cnc-11", T0_MS + 2000)], found)
    assert [gap.cause for gap in found.gaps if gap.device == CNC] == gaps
    assert len(found.samples) == 3


def test_resent_history_shrinks_the_gap_to_what_is_missing() -> None:
    host, edge = born()
    feed(host, [edge.data("cnc-11", T0_MS + 1000)])
    host = restarted(host)
    found = feed(host, edge.births(T0_MS + 60_000))
    cnc = [gap for gap in found.gaps if gap.device == CNC]
    assert cnc == [Gap(CNC, (T0_MS + 1000) * 1000, (T0_MS + 60_000) * 1000, -1, "host_away")]
    resent = [
        edge.data("cnc-11", T0_MS + ms, T0_MS + 60_500, historical=True) for ms in (5000, 30_000, 55_000)
    ]
    found = feed(host, resent)
    assert [(gap.from_us, gap.to_us) for gap in found.gaps] == [
        ((T0_MS + 1000) * 1000, (T0_MS + 5000) * 1000),
        ((T0_MS + 55_000) * 1000, (T0_MS + 60_000) * 1000),
    ]
    assert list(found.withdrawn) == cnc
    found = feed(host, [edge.data("cnc-11", T0_MS + 61_000)])
    assert [(gap.from_us, gap.to_us) for gap in found.withdrawn] == [
        ((T0_MS + 55_000) * 1000, (T0_MS + 60_000) * 1000)
    ]


def test_a_new_connection_trusts_no_old_alias() -> None:
    host, edge = born()
    feed(host, [edge.data("cnc-11", T0_MS + 1000), raw(SESSION_STARTED, b"", T0_MS + 1500)])
    found = feed(host, [edge.data("cnc-11", T0_MS + 2000)])
    assert not found.samples
    assert found.rebirths


def test_a_clock_that_is_ahead_hides_no_later_gap() -> None:
    host, edge = born()
    topic = "spBv1.0/north/DDATA/line-1/cnc-11"
    ahead = encode(Payload(T0_MS + 10**9, edge.seq, (Metric("", 0, T0_MS + 10**9, DataType.DOUBLE, 1.0),)))
    edge.seq += 1
    feed(host, [raw(topic, ahead, T0_MS + 1000)])
    found = feed(restarted(host), edge.births(T0_MS + 5000))
    assert [(gap.from_us, gap.to_us) for gap in found.gaps if gap.device == CNC] == [
        ((T0_MS + 1000) * 1000, (T0_MS + 5000) * 1000)
    ]


@pytest.mark.parametrize("payload", [b"\xff\xff", b"not protobuf at all", b"\x12\x05abc"])
def test_what_cannot_be_read_is_rejected_and_leaves_a_gap(payload: bytes) -> None:
    host, edge = born()
    edge.data("cnc-11", T0_MS + 1000)  # its bytes were bent on the way
    found = feed(host, [raw("spBv1.0/north/DDATA/line-1/cnc-11", payload, T0_MS + 1000)])
    assert [what.reason for what, _ in found.rejected] == ["protobuf"]
    found = feed(host, [edge.data("cnc-11", T0_MS + 2000)])
    host.tick((T0_MS + 30_000) * 1000, found)
    assert [gap.missing for gap in found.gaps] == [1]


def test_a_message_without_a_sequence_number_is_rejected() -> None:
    host, _ = born()
    found = feed(host, [raw("spBv1.0/north/DDATA/line-1/cnc-11", encode(Payload(T0_MS, None, ())), T0_MS)])
    assert [what.reason for what, _ in found.rejected] == ["no_seq"]


def test_commands_and_states_are_not_data() -> None:
    found = feed(
        SparkplugHost(), [raw("spBv1.0/north/NCMD/line-1", b"x", T0_MS), raw("spBv1.0/STATE/a", b"x", T0_MS)]
    )
    assert found == Findings()


def by(broker: str, messages) -> list[RawMessage]:
    return [structs.replace(message, broker=broker) for message in messages]


def test_a_node_that_moves_to_another_broker_is_known_by_its_birth_there() -> None:
    host, edge = born()
    late_will = edge.death(T0_MS + 2000)
    edge.bd_seq += 1
    found = feed(host, by("b", edge.births(T0_MS + 1000)))
    assert host.nodes["north/line-1"].broker == "b"
    found = feed(host, [late_will])  # of the session on the first broker
    assert not found.stale
    found = feed(host, by("b", [edge.data("cnc-11", T0_MS + 3000)]))
    assert len(found.samples) == 1


def test_data_over_another_broker_than_the_birth_is_rejected_and_asked_about_there() -> None:
    host, edge = born()
    found = feed(host, by("b", [edge.data("cnc-11", T0_MS + 1000)]))
    assert [what.reason for what, _ in found.rejected] == ["other_broker"]
    assert found.rebirths == {"north/line-1": "b"}
    assert not found.samples


def test_a_session_that_ends_concerns_the_nodes_of_its_broker_only() -> None:
    host, edge = born()
    other = EdgeNode(node="line-2", devices=("cnc-21",))
    feed(host, by("b", other.births(T0_MS)))
    found = feed(host, by("b", [raw(SESSION_ENDED, b"", T0_MS + 500)]))
    assert list(found.stale) == ["north/line-2", "north/line-2/cnc-21"]
    assert feed(host, [edge.data("cnc-11", T0_MS + 1000)]).samples
    assert not feed(host, by("b", [other.data("cnc-21", T0_MS + 1000)])).samples


def test_a_node_that_stays_silent_after_we_came_back_is_asked() -> None:
    """Report by exception: a node with nothing new would else stay unknown for hours."""
    host, edge = born()
    feed(host, [raw(SESSION_STARTED, b"", T0_MS + 1000)])
    assert host.waiting
    found = Findings()
    host.tick((T0_MS + 1000) * 1000 + SILENT_US - 1, found)
    assert not found.rebirths
    host.tick((T0_MS + 1000) * 1000 + SILENT_US, found)
    assert found.rebirths == {"north/line-1": ""}
    assert not found.once_more
    host.tick((T0_MS + 1000) * 1000 + SILENT_US + REBIRTH_EVERY_US, found)
    assert found.once_more == {"north/line-1"}
    assert not host.waiting
    again = feed(host, edge.births(T0_MS + 13_000))
    host.tick((T0_MS + 60_000) * 1000, again)
    assert not again.rebirths


def test_a_node_that_is_dead_is_not_asked() -> None:
    host, edge = born()
    feed(host, [edge.death(T0_MS), raw(SESSION_STARTED, b"", T0_MS + 1000)])
    assert not host.waiting


def test_what_cannot_be_spread_is_rejected_by_name_and_the_rest_is_kept() -> None:
    host, edge = born()
    bent = Metric("waveform", None, T0_MS, DataType.DOUBLE_ARRAY, b"\x00")
    fine = Metric("", 0, T0_MS, DataType.DOUBLE, 41.0)
    found = feed(host, [edge.message(MessageType.DDATA, "cnc-11", T0_MS + 1000, (bent, fine))])
    assert [(what.reason, what.detail) for what, _ in found.rejected] == [("array", "waveform")]
    assert found.samples[0].values == [("temperature", T0_MS * 1000, 41.0)]
    assert not found.rebirths


def test_the_host_contradicts_whoever_says_that_it_is_offline() -> None:
    offline, online = encode_state(State(False, 1)), encode_state(State(True, 1))
    assert must_say_online(state_topic("taktwise"), offline, "taktwise")
    assert not must_say_online(state_topic("taktwise"), online, "taktwise")
    assert not must_say_online(state_topic("other"), offline, "taktwise")
    assert not must_say_online(state_topic("taktwise"), b"garbage", "taktwise")
    assert not must_say_online("spBv1.0/a/NBIRTH/taktwise", offline, "taktwise")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.4), st.booleans())
def test_every_message_sent_is_a_sample_or_lies_in_a_gap(seed: int, loss: float, restart: bool) -> None:
    """Any mix of loss, deaths, new connections and restarts: nothing vanishes without a trace."""
    rng = random.Random(seed)
    host, edge = SparkplugHost(), EdgeNode(devices=("cnc-11",))
    stored: set[int] = set()
    sent: dict[int, None] = {}
    gaps: dict[Gap, None] = {}
    ms = T0_MS

    def carry(messages) -> list[str]:
        found = Findings()
        for message in messages:
            host.receive(message, found)
        host.tick(ms * 1000, found)
        stored.update(us for sample in found.samples for _, us, _ in sample.values)
        for gap in found.withdrawn:
            gaps.pop(gap)
        gaps.update(found.gaps)
        return list(found.rebirths)

    asked = carry(edge.births(ms))
    for _ in range(150):
        ms += 1000
        event = rng.random()
        if asked or event < 0.01:
            asked = carry(edge.births(ms))
        elif event < 0.03:
            edge.bd_seq += 1
            asked = carry(edge.births(ms))
        elif restart and event < 0.06:
            host = restarted(host)
        elif event < 0.08:
            asked = carry([raw(SESSION_STARTED, b"", ms)])
        else:
            message = edge.data("cnc-11", ms)
            sent[ms * 1000] = None
            if rng.random() >= loss:
                asked = carry([message])
    ms += 60_000
    carry(edge.births(ms))
    carry([edge.data("cnc-11", ms)])
    ms += 60_000
    carry([])
    lost = [us for us in sent if us not in stored and not any(g.from_us <= us <= g.to_us for g in gaps)]
    assert not lost
    covered = [us for us in sent if us in stored and any(g.from_us < us < g.to_us for g in gaps)]
    assert not covered, "a gap must not cover what was stored"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
