"""What the standard demands of a host application on the wire, packet by packet, by the standard's ids.

Each assertion is checked on what the connection really sent to a server that writes every packet down.
docs/sparkplug.md lists all of them; tests/test_docs.py holds that page to these tests.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from data.sources.mqtt import Broker, SparkplugLink
from data.wire.sparkplug import REBIRTH, decode
from domain.clock import SECOND, wall_us
from tests.contract.test_mqtt import drive, stamp
from tests.kits.recording_broker import CONNECT, DISCONNECT, PUBLISH, SUBSCRIBE, RecordingBroker, Sent

HOST = "taktwise-tck"
STATE = f"spBv1.0/STATE/{HOST}"
OFFLINE = b'{"online": false, "timestamp": 5}'


@dataclass(frozen=True)
class Session:
    """One whole session: connect, birth, a false death heard, a rebirth request, a clean exit."""

    sent: list[Sent]
    from_ms: int
    left_ms: int
    over_ms: int

    @property
    def will(self) -> Sent:
        return self.sent[0]

    @property
    def states(self) -> list[Sent]:
        return [packet for packet in self.sent if packet.kind == PUBLISH and packet.topic == STATE]

    @property
    def birth(self) -> Sent:
        return self.states[0]

    @property
    def death(self) -> Sent:
        return self.states[-1]

    @property
    def command(self) -> Sent:
        (found,) = [packet for packet in self.sent if packet.kind == PUBLISH and packet.topic != STATE]
        return found


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    broker = RecordingBroker()
    from_ms = wall_us() // 1000
    link = SparkplugLink(Broker(broker.url), "tck", HOST, stamp)
    assert drive([link], lambda: len(broker.published()) == 1)
    broker.publish(STATE, OFFLINE, retain=True)
    assert drive([link], lambda: len(broker.published()) == 2)
    link.ask_rebirth("north/line-1", wall_us())
    assert drive([link], lambda: len(broker.published()) == 3)
    time.sleep(0.02)
    left_ms = wall_us() // 1000
    link.close()
    deadline = time.monotonic() + 60
    while broker.sent[-1].kind != DISCONNECT and time.monotonic() < deadline:
        time.sleep(0.01)
    yield Session(list(broker.sent), from_ms, left_ms, wall_us() // 1000)
    broker.close()


def state_of(packet: Sent) -> tuple[bool, int]:
    """The payload, held to JSON with exactly two members of the right types."""
    found = json.loads(packet.payload.decode("utf-8"))
    assert set(found) == {"online", "timestamp"}
    assert type(found["online"]) is bool
    assert type(found["timestamp"]) is int
    return found["online"], found["timestamp"]


def will_there(s: Session) -> None:
    assert s.sent[0].kind == CONNECT
    assert s.will.payload


def will_topic(s: Session) -> None:
    assert s.will.topic == STATE


def will_qos(s: Session) -> None:
    assert s.will.qos == 1


def will_retain(s: Session) -> None:
    assert s.will.retain


def will_payload(s: Session) -> None:
    online, at_ms = state_of(s.will)
    assert not online
    assert s.from_ms <= at_ms <= s.left_ms


def clean_session(s: Session) -> None:
    assert (s.will.level, s.will.clean) == (4, True)


def subscribed_first(s: Session) -> None:
    kinds = [packet.kind for packet in s.sent]
    assert kinds[1] == SUBSCRIBE
    assert kinds.index(SUBSCRIBE) < kinds.index(PUBLISH)
    assert set(s.sent[1].topics) == {(STATE, 1), ("spBv1.0/#", 0)}


def birth_first(s: Session) -> None:
    first = next(packet for packet in s.sent if packet.kind == PUBLISH)
    assert first is s.birth
    assert state_of(first)[0]


def birth_topic(s: Session) -> None:
    assert s.birth.topic == STATE


def birth_qos(s: Session) -> None:
    assert s.birth.qos == 1


def birth_retain(s: Session) -> None:
    assert s.birth.retain


def birth_payload(s: Session) -> None:
    online, at_ms = state_of(s.birth)
    assert online
    assert s.from_ms <= at_ms <= s.from_ms + 10_000


def birth_timestamp(s: Session) -> None:
    assert state_of(s.birth) == (True, state_of(s.will)[1])


def born_anew(s: Session) -> None:
    again = s.states[1]
    assert (again.topic, again.qos, again.retain) == (STATE, 1, True)
    assert state_of(again) == (True, state_of(s.will)[1])


def death_said(s: Session) -> None:
    assert len(s.states) == 3
    assert not state_of(s.death)[0]


def death_topic(s: Session) -> None:
    death_said(s)
    assert s.death.topic == STATE


def death_qos(s: Session) -> None:
    death_said(s)
    assert s.death.qos == 1


def death_retain(s: Session) -> None:
    death_said(s)
    assert s.death.retain


def death_now(s: Session) -> None:
    online, at_ms = state_of(s.death)
    assert not online
    assert s.left_ms <= at_ms <= s.over_ms
    assert at_ms > state_of(s.will)[1]


def left_properly(s: Session) -> None:
    assert s.sent[-1].kind == DISCONNECT
    assert s.sent[-2] is s.death


def states_tell(s: Session) -> None:
    assert [state_of(packet)[0] for packet in s.states] == [True, True, False]
    assert not state_of(s.will)[0]


def command_topic(s: Session) -> None:
    assert s.command.topic == "spBv1.0/north/NCMD/line-1"


def command_mqtt(s: Session) -> None:
    assert (s.command.qos, s.command.retain) == (0, False)


def command_time(s: Session) -> None:
    at_ms = decode(s.command.payload).timestamp_ms
    assert at_ms is not None
    assert s.from_ms <= at_ms <= s.left_ms


def command_seq(s: Session) -> None:
    assert decode(s.command.payload).seq is None


def command_metric(s: Session) -> None:
    (metric,) = decode(s.command.payload).metrics
    assert (metric.name, metric.value) == (REBIRTH, True)
    assert metric.timestamp_ms is not None


def command_type(s: Session) -> None:
    assert decode(s.command.payload).metrics[0].datatype == 0


ON_THE_WIRE: dict[str, Callable[[Session], None]] = {
    "tck-id-intro-sparkplug-host-state": states_tell,
    "tck-id-components-ph-state": states_tell,
    "tck-id-conformance-primary-host": states_tell,
    "tck-id-principles-birth-certificates-order": birth_first,
    "tck-id-topic-structure": command_topic,
    "tck-id-topic-structure-namespace-a": command_topic,
    "tck-id-host-topic-phid-death-required": will_there,
    "tck-id-host-topic-phid-death-topic": will_topic,
    "tck-id-host-topic-phid-death-qos": will_qos,
    "tck-id-host-topic-phid-death-retain": will_retain,
    "tck-id-host-topic-phid-death-payload": will_payload,
    "tck-id-host-topic-phid-death-payload-timestamp-connect": will_payload,
    "tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean": death_now,
    "tck-id-host-topic-phid-birth-message": birth_first,
    "tck-id-host-topic-phid-birth-sub-required": subscribed_first,
    "tck-id-host-topic-phid-birth-required": birth_first,
    "tck-id-host-topic-phid-birth-topic": birth_topic,
    "tck-id-host-topic-phid-birth-qos": birth_qos,
    "tck-id-host-topic-phid-birth-retain": birth_retain,
    "tck-id-host-topic-phid-birth-payload": birth_payload,
    "tck-id-host-topic-phid-birth-payload-timestamp": birth_timestamp,
    "tck-id-message-flow-phid-sparkplug-clean-session-311": clean_session,
    "tck-id-message-flow-phid-sparkplug-subscription": subscribed_first,
    "tck-id-message-flow-phid-sparkplug-state-publish": birth_first,
    "tck-id-message-flow-phid-sparkplug-state-publish-payload": birth_timestamp,
    "tck-id-message-flow-phid-sparkplug-state-publish-payload-timestamp": birth_timestamp,
    "tck-id-message-flow-hid-sparkplug-state-message-delivered": born_anew,
    "tck-id-operational-behavior-host-application-connect-will": will_there,
    "tck-id-operational-behavior-host-application-connect-will-topic": will_topic,
    "tck-id-operational-behavior-host-application-connect-will-payload": will_payload,
    "tck-id-operational-behavior-host-application-connect-will-qos": will_qos,
    "tck-id-operational-behavior-host-application-connect-will-retained": will_retain,
    "tck-id-operational-behavior-host-application-connect-birth": birth_first,
    "tck-id-operational-behavior-host-application-connect-birth-topic": birth_topic,
    "tck-id-operational-behavior-host-application-connect-birth-payload": birth_timestamp,
    "tck-id-operational-behavior-host-application-connect-birth-qos": birth_qos,
    "tck-id-operational-behavior-host-application-connect-birth-retained": birth_retain,
    "tck-id-operational-behavior-host-application-termination": death_said,
    "tck-id-operational-behavior-host-application-death-topic": death_topic,
    "tck-id-operational-behavior-host-application-death-payload": will_payload,
    "tck-id-operational-behavior-host-application-death-qos": death_qos,
    "tck-id-operational-behavior-host-application-death-retained": death_retain,
    "tck-id-operational-behavior-host-application-disconnect-intentional": left_properly,
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-verb": command_topic,
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-name": command_metric,
    "tck-id-operational-behavior-data-commands-ncmd-rebirth-value": command_metric,
    "tck-id-operational-behavior-data-commands-ncmd-verb": command_topic,
    "tck-id-operational-behavior-data-commands-ncmd-metric-name": command_metric,
    "tck-id-operational-behavior-data-commands-ncmd-metric-value": command_metric,
    "tck-id-payloads-metric-datatype-not-req": command_type,
    "tck-id-topics-ncmd-topic": command_topic,
    "tck-id-topics-ncmd-mqtt": command_mqtt,
    "tck-id-topics-ncmd-timestamp": command_time,
    "tck-id-topics-ncmd-payload": command_metric,
    "tck-id-payloads-ncmd-qos": command_mqtt,
    "tck-id-payloads-ncmd-retain": command_mqtt,
    "tck-id-payloads-ncmd-seq": command_seq,
    "tck-id-payloads-ncmd-timestamp": command_time,
    "tck-id-payloads-name-requirement": command_metric,
    "tck-id-payloads-name-cmd-requirement": command_metric,
    "tck-id-payloads-timestamp-in-UTC": command_time,
    "tck-id-payloads-metric-timestamp-in-UTC": command_time,
    "tck-id-payloads-state-subscribe": subscribed_first,
    "tck-id-payloads-state-birth": birth_first,
    "tck-id-payloads-state-birth-payload": birth_timestamp,
    "tck-id-payloads-state-will-message": will_topic,
    "tck-id-payloads-state-will-message-qos": will_qos,
    "tck-id-payloads-state-will-message-retain": will_retain,
    "tck-id-payloads-state-will-message-payload": will_payload,
}


@pytest.mark.parametrize("assertion", ON_THE_WIRE)
def test_on_the_wire(session: Session, assertion: str) -> None:
    ON_THE_WIRE[assertion](session)


@dataclass
class Two:
    """The host on two servers, one after the other by 30 ms, the first cut once and found again."""

    first: RecordingBroker
    second: RecordingBroker


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    both = Two(RecordingBroker(), RecordingBroker())
    one = SparkplugLink(Broker(both.first.url), "tck", HOST, stamp)
    assert drive([one], lambda: len(both.first.published()) == 1)
    time.sleep(0.03)
    other = SparkplugLink(Broker(both.second.url, name="hall-2"), "tck", HOST, stamp)
    assert drive([one, other], lambda: len(both.second.published()) == 1)
    both.first.drop()
    assert drive([one, other], lambda: len(both.first.published()) == 2)
    yield both
    for link in (one, other):
        link.close()
    for server in (both.first, both.second):
        server.close()


def born_on_each(both: Two) -> None:
    for server in (both.first, both.second):
        assert state_of(server.published()[0])[0]
        assert server.published()[0].topic == STATE


def opened_by_birth(both: Two) -> None:
    """Also the session after the cut: connect, subscribe, birth."""
    assert [packet.kind for packet in both.first.sent] == [CONNECT, SUBSCRIBE, PUBLISH] * 2
    assert [packet.kind for packet in both.second.sent] == [CONNECT, SUBSCRIBE, PUBLISH]


def a_timestamp_each(both: Two) -> None:
    def times(server: RecordingBroker) -> list[tuple[int, int]]:
        wills = [state_of(packet)[1] for packet in server.sent if packet.kind == CONNECT]
        return list(zip(wills, [state_of(packet)[1] for packet in server.published()], strict=True))

    (first, again), (second,) = times(both.first), times(both.second)
    assert all(will == birth for will, birth in (first, again, second))
    assert first[0] < second[0] < again[0]


ON_TWO_SERVERS: dict[str, Callable[[Two], None]] = {
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state": opened_by_birth,
    "tck-id-operational-behavior-primary-application-state-with-multiple-servers-state-subs": born_on_each,
    "tck-id-operational-behavior-host-application-multi-server-timestamp": a_timestamp_each,
}


@pytest.mark.parametrize("assertion", ON_TWO_SERVERS)
def test_on_two_servers(two: Two, assertion: str) -> None:
    ON_TWO_SERVERS[assertion](two)


def test_a_cut_is_told_to_ingest_before_the_next_session() -> None:
    """Else the values of the nodes behind that server would go on to look fresh."""
    server = RecordingBroker()
    link = SparkplugLink(Broker(server.url, name="hall-2"), "tck", HOST, stamp)
    assert drive([link], lambda: len(server.published()) == 1)
    server.drop()
    assert drive([link], lambda: len(server.published()) == 2)
    told = [(r.topic, r.broker) for r in link.inbox]
    assert told == [
        ("$session/started", "hall-2"),
        ("$session/ended", "hall-2"),
        ("$session/started", "hall-2"),
    ]
    assert link.inbox[0].wall_us <= link.inbox[1].wall_us + SECOND
    link.close()
    server.close()


def test_tck_id_operational_behavior_host_application_host_id() -> None:
    """A name cannot be kept unique on brokers that others use too: a second host is noticed, by both."""
    broker = RecordingBroker()
    link = SparkplugLink(Broker(broker.url), "tck", HOST, stamp)
    assert drive([link], lambda: len(broker.published()) == 1)
    own = broker.published()[0].payload
    broker.publish(STATE, own)
    broker.publish(STATE, b'{"online": true, "timestamp": 5}', retain=True)  # of a session of long ago
    assert not drive([link], lambda: link.twin, 0.5)
    for _ in range(2):
        broker.publish(STATE, b'{"online": true, "timestamp": 5}')
    assert drive([link], lambda: link.twin)
    drive([link], lambda: False, 0.3)
    assert [sent.payload for sent in broker.published()] == [own, own], "said once, for the other to hear"
    link.close()
    broker.close()
