"""Our MQTT connections against real brokers: the embedded NATS server, and Mosquitto."""

import json
import select
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from data.sources.messages import SESSION_STARTED, RawMessage
from data.sources.mqtt import Broker, JsonLink, Link, SparkplugLink
from data.wire.json_topics import telemetry_topic
from data.wire.sparkplug import REBIRTH, decode
from data.wire.sparkplug_topics import State, decode_state, encode_state, state_topic
from domain.clock import wall_us
from domain.errors import SettingsError
from tests.kits.broker import PASSWORD, NatsBroker
from tests.kits.edge import T0_MS, EdgeNode
from tests.kits.live_edge import connect

TOPIC = telemetry_topic("north/machining/line-1/cnc-12")


@pytest.fixture
def name() -> str:
    return "t" + uuid.uuid4().hex[:12]


def stamp(_topic: str) -> tuple[int, int]:
    return wall_us(), wall_us()


def drive(links: list[Link], until: Callable[[], bool], seconds: float = 60) -> bool:
    """Turn the connections over until something is true; False when it never was."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for link in links:
            link.keep_open(wall_us())
        sockets = [found for link in links if (found := link.socket()) is not None]
        if sockets:
            select.select(sockets, [], [], 0.02)
        for link in links:
            link.pump(10_000)
        if until():
            return True
    return False


def publish(broker: Broker, *messages: tuple[str, bytes], qos: int = 1, retain: bool = False) -> None:
    client = connect(broker.url, "p" + uuid.uuid4().hex[:8], broker.username, broker.password)
    client.loop_start()
    for topic, payload in messages:
        client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def listen(broker: Broker, topic: str, heard: list[paho.MQTTMessage]) -> paho.Client:
    client = connect(broker.url, "l" + uuid.uuid4().hex[:8], broker.username, broker.password)
    ready: list[int] = []
    client.on_message = lambda _c, _d, message: heard.append(message)
    client.on_subscribe = lambda *_: ready.append(1)
    client.subscribe(topic, 1)
    client.loop_start()
    while not ready:
        time.sleep(0.02)
    return client


def test_filters_that_were_taken_out_while_nobody_was_there_are_given_up(broker: Broker, name: str) -> None:
    old, new, stays = f"{name}/old/#", f"{name}/new/#", f"{name}/both/#"
    first = JsonLink(broker, name, stamp, (old, stays))
    assert drive([first], lambda: first.connected)
    first.close()
    second = JsonLink(broker, name, stamp, (new, stays), asked=first.asked)
    assert old in second.asked
    assert drive([second], lambda: old not in second.asked)
    publish(broker, (f"{name}/old/a", b"1"), (f"{name}/both/a", b"2"), (f"{name}/new/a", b"3"))
    assert drive([second], lambda: said(second) >= {b"2", b"3"})
    second.acknowledge(second.inbox)
    second.close()
    third = JsonLink(broker, name, stamp, (stays,), asked=second.asked)
    assert drive([third], lambda: third.asked == second.asked - {new})
    publish(broker, (f"{name}/old/a", b"4"), (f"{name}/new/a", b"5"), (f"{name}/both/a", b"6"))
    assert drive([third], lambda: b"6" in said(third))
    assert not {b"1", b"4", b"5"} & (said(second) | said(third))
    third.close()


def said(link: JsonLink) -> set[bytes]:
    """What came; a broker may send again what was not acknowledged in time."""
    return {found.payload for found in link.inbox}


def test_a_filter_that_comes_back_before_it_was_given_up_stays(broker: Broker, name: str) -> None:
    one, other = f"{name}/one/#", f"{name}/other/#"
    link = JsonLink(broker, name, stamp, (one,))
    assert drive([link], lambda: link.connected)
    for filters in ((other,), (one,), (other,), (one,)):
        link.listen_to(filters)
    assert drive([link], lambda: other not in link.asked)
    assert one in link.asked
    publish(broker, (f"{name}/other/a", b"1"))

    def heard() -> bool:
        publish(broker, (f"{name}/one/a", b"2"))  # its subscription may still be on its way
        return b"2" in said(link)

    assert drive([link], heard)
    assert b"1" not in said(link)
    link.close()


def bodies(inbox: list[RawMessage]) -> list[int]:
    return [json.loads(receipt.payload)["seq"] for receipt in inbox]


def numbered(first: int, last: int) -> list[tuple[str, bytes]]:
    return [(TOPIC, json.dumps({"ts": T0_MS, "seq": n, "values": {}}).encode()) for n in range(first, last)]


def test_what_was_not_acknowledged_comes_again_in_the_next_session(broker: Broker, name: str) -> None:
    first = JsonLink(broker, name, stamp)
    assert drive([first], lambda: first.connected)
    publish(broker, *numbered(0, 20))
    assert drive([first], lambda: len(first.inbox) == 20)
    first.acknowledge(first.inbox[:15])
    drive([first], lambda: False, 0.3)
    first.close()
    publish(broker, *numbered(20, 25))
    second = JsonLink(broker, name, stamp)
    assert drive([second], lambda: len(second.inbox) >= 10)
    drive([second], lambda: False, 0.5)
    assert sorted(set(bodies(second.inbox))) == list(range(15, 25))
    second.acknowledge(second.inbox)
    drive([second], lambda: False, 0.3)
    second.close()
    third = JsonLink(broker, name, stamp)
    drive([third], lambda: bool(third.inbox), 1.5)
    assert not third.inbox
    third.close()


def test_a_thousand_messages_may_wait_for_one_acknowledgement(broker: Broker, name: str) -> None:
    if "mosquitto" in broker.url or not broker.username:
        pytest.skip("Mosquitto's own limit of 20 in flight is a setting of that broker")
    link = JsonLink(broker, name, stamp)
    assert drive([link], lambda: link.connected)
    publish(broker, *numbered(0, 1_500))
    assert drive([link], lambda: len(set(bodies(link.inbox))) == 1_500)
    link.close()


def test_version_five_keeps_its_session_too(mosquitto_url: str, name: str) -> None:
    broker = Broker(f"{mosquitto_url}?version=5")
    plain = Broker(mosquitto_url)
    first = JsonLink(broker, name, stamp)
    assert drive([first], lambda: first.connected)
    publish(plain, *numbered(0, 10))
    assert drive([first], lambda: len(first.inbox) == 10)
    first.acknowledge(first.inbox[:4])
    drive([first], lambda: False, 0.3)
    first.close()
    second, host = JsonLink(broker, name, stamp), SparkplugLink(broker, name + "s", name, stamp)
    assert drive([second, host], lambda: len(second.inbox) == 6 and host.connected)
    assert bodies(second.inbox) == list(range(4, 10))
    second.acknowledge(second.inbox)
    for link in (second, host):
        link.close()


def test_the_host_says_that_it_is_there_and_that_it_left(broker: Broker, name: str) -> None:
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, state_topic(name), heard)
    link = SparkplugLink(broker, name, name, stamp)
    assert drive([link], lambda: bool(heard))
    birth = decode_state(bytes(heard[0].payload))
    assert birth.online
    link.close()
    assert _wait(lambda: len(heard) == 2)
    death = decode_state(bytes(heard[1].payload))
    assert not death.online
    assert death.timestamp_ms >= birth.timestamp_ms
    listener.disconnect()
    listener.loop_stop()


def test_the_will_is_published_when_the_host_vanishes(broker: Broker, name: str) -> None:
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, state_topic(name), heard)
    link = SparkplugLink(broker, name, name, stamp)
    assert drive([link], lambda: bool(heard))
    found = link.socket()
    assert found is not None
    found.close()  # as a kill would
    assert _wait(lambda: len(heard) == 2)
    assert decode_state(bytes(heard[1].payload)) == State(
        False, decode_state(bytes(heard[0].payload)).timestamp_ms
    )
    listener.disconnect()
    listener.loop_stop()


def test_the_host_contradicts_a_false_death(broker: Broker, name: str) -> None:
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, state_topic(name), heard)
    link = SparkplugLink(broker, name, name, stamp)
    assert drive([link], lambda: bool(heard))
    publish(broker, (state_topic(name), encode_state(State(False, 1))), retain=True)
    assert drive([link], lambda: len(heard) >= 3)
    assert [decode_state(bytes(message.payload)).online for message in heard[:3]] == [True, False, True]
    link.close()
    listener.disconnect()
    listener.loop_stop()


def test_a_retained_birth_does_not_fool_the_host(broker: Broker, name: str) -> None:
    edge = EdgeNode(group=name, devices=("d",))
    birth = edge.births(T0_MS)[0]
    publish(broker, (birth.topic, birth.payload), retain=True)
    link = SparkplugLink(broker, name, name, stamp)
    if broker.username:  # NATS keeps no births; Mosquitto does
        assert drive([link], lambda: link.connected)
    else:
        assert drive([link], lambda: link.retained_ignored > 0)
    live = edge.data("d", T0_MS)
    publish(broker, (live.topic, live.payload), qos=0)
    assert drive([link], lambda: any(receipt.topic == live.topic for receipt in link.inbox))
    assert birth.topic not in [receipt.topic for receipt in link.inbox]
    assert link.inbox[0].topic == SESSION_STARTED
    link.close()
    publish(broker, (birth.topic, b""), retain=True)


def test_the_only_message_to_a_device_is_the_rebirth_request(broker: Broker, name: str) -> None:
    heard: list[paho.MQTTMessage] = []
    listener = listen(broker, "spBv1.0/#", heard)
    sparkplug, plain = SparkplugLink(broker, name, name, stamp), JsonLink(broker, name + "j", stamp)
    assert drive([sparkplug, plain], lambda: sparkplug.connected and plain.connected)
    sparkplug.ask_rebirth(f"{name}/line-1", wall_us())
    assert drive([sparkplug, plain], lambda: any("NCMD" in message.topic for message in heard))
    sparkplug.close()
    plain.close()
    assert _wait(lambda: len([m for m in heard if m.topic == state_topic(name)]) >= 2)
    ours = [m for m in heard if m.topic == state_topic(name) or f"/{name}/" in m.topic]
    commands = [m for m in ours if m.topic != state_topic(name)]
    assert [m.topic for m in commands] == [f"spBv1.0/{name}/NCMD/line-1"]
    request = decode(bytes(commands[0].payload))
    assert [(metric.name, metric.value) for metric in request.metrics] == [(REBIRTH, True)]
    assert request.seq is None
    assert not commands[0].retain
    listener.disconnect()
    listener.loop_stop()


def test_a_broker_that_restarts_is_found_again(tmp_path: Path, name: str) -> None:
    server = NatsBroker(tmp_path / "nats")
    server.start()
    broker = Broker(server.url, "taktwise", PASSWORD)
    plain, sparkplug = JsonLink(broker, name, stamp), SparkplugLink(broker, name + "s", name, stamp)
    links: list[Link] = [plain, sparkplug]
    assert drive(links, lambda: plain.connected and sparkplug.connected)
    publish(broker, *numbered(0, 10))
    assert drive(links, lambda: len(plain.inbox) == 10)
    server.kill()
    assert drive(links, lambda: not plain.connected and not sparkplug.connected)
    assert "broke" in plain.trouble or "answer" in plain.trouble
    server.start()
    assert drive(links, lambda: plain.connected and sparkplug.connected)
    assert drive(links, lambda: len(plain.inbox) >= 20)
    assert set(bodies(plain.inbox)) == set(range(10))
    assert [r.topic for r in sparkplug.inbox].count(SESSION_STARTED) == 2
    for link in links:
        link.close()
    server.kill()


def test_a_wrong_password_is_said(tmp_path: Path, name: str) -> None:
    server = NatsBroker(tmp_path / "nats")
    server.start()
    link = JsonLink(Broker(server.url, "taktwise", "wrong"), name, stamp)
    assert drive([link], lambda: link.trouble != "not connected yet")
    assert not link.connected
    link.close()
    server.kill()


def test_users_of_the_embedded_broker_may_publish_what_they_must(tmp_path: Path, name: str) -> None:
    server = NatsBroker(tmp_path / "nats", plant_password="plant-only")
    server.start()
    plant = Broker(server.url, "plant", "plant-only")
    heard: list[paho.MQTTMessage] = []
    listener = listen(plant, "#", heard)
    link = SparkplugLink(Broker(server.url, "taktwise", PASSWORD), name, name, stamp)
    assert drive([link], lambda: link.connected)
    link.ask_rebirth("north/line-1", wall_us())
    assert drive([link], lambda: any("NCMD" in message.topic for message in heard))
    link._client.publish("spBv1.0/north/DCMD/line-1/cnc-11", b"forbidden")
    link._client.publish(TOPIC, b"forbidden")
    drive([link], lambda: False, 0.5)
    assert not [message for message in heard if message.payload == b"forbidden"]
    listener.disconnect()
    listener.loop_stop()
    link.close()
    server.kill()


@pytest.mark.parametrize("url", ["http://x", "mqtt://", "nonsense"])
def test_a_url_that_is_no_broker_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError):
        JsonLink(Broker(url), "x", stamp)


def test_nothing_else_in_the_code_publishes_to_devices() -> None:
    """The calls of `publish` outside tests and the virtual plant: two to devices (the host's state and the
    rebirth request), and one to people, whose topic is held below `taktwise/` (tests/contract/test_posts.py).
    The gateway is an edge node itself: it speaks for its machines, and its link refuses every command
    (tests/data/edge/test_link.py).
    """
    root = Path(__file__).parents[2]
    rooms = ("api", "auth", "components", "data", "domain", "models", "pages", "runtime", "services")
    found = [
        path.relative_to(root).as_posix()
        for room in rooms
        for path in sorted((root / room).rglob("*.py"))
        for line in path.read_text().splitlines()
        if "_client.publish(" in line and path.name != "replay_edge.py"  # that one plays the devices
    ]
    assert found == ["data/edge/link.py", "data/sinks/posts.py", *["data/sources/mqtt.py"] * 2]


def _wait(happened: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return False
