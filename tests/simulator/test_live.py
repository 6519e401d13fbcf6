"""The live plant on a real broker: its primary host goes and comes, the broker is killed and comes back."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from data.wire import json_topics, sparkplug, sparkplug_topics
from domain.clock import SECOND, Clock, wall_us
from domain.errors import SettingsError
from simulator.ledger import Ledger
from simulator.publish import Broker
from simulator.run import PlantSettings, run
from tests.kits.broker import PASSWORD, NatsBroker

pytestmark = pytest.mark.loopback
SPEED = 100.0


class Listener:
    """A host application and a reader of JSON topics, that only remember what they heard."""

    def __init__(self, broker: NatsBroker) -> None:
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.historical: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.jumps = 0
        self._seq: dict[str, int] = {}
        self.json = self._client("reader", clean=False, topic="uns/#", hear=self._json)
        self.host = self._client("host", clean=True, topic="spBv1.0/#", hear=self._sparkplug)
        for client in (self.json, self.host):
            client.connect("127.0.0.1", broker.mqtt_port, keepalive=60)
            client.loop_start()

    def _client(self, name: str, *, clean: bool, topic: str, hear: Callable[[Any], None]) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        client.username_pw_set("taktwise", PASSWORD)
        client.reconnect_delay_set(1, 1)

        def connected(*_: Any) -> None:
            client.subscribe(topic, 1)

        client.on_connect = connected
        client.on_message = lambda _client, _data, found: hear(found)
        return client

    def say(self, online: bool, at_ms: int) -> None:
        state = sparkplug_topics.encode_state(sparkplug_topics.State(online, at_ms))
        self.host.publish(sparkplug_topics.state_topic("taktwise"), state, 1, True).wait_for_publish(60)

    def _json(self, found: Any) -> None:
        told = json_topics.decode(found.payload)
        self.seen[json_topics.parse_topic(found.topic)].add(told.ts_ms or 0)

    def _sparkplug(self, found: Any) -> None:
        topic = sparkplug_topics.parse_topic(found.topic)
        self.kinds[topic.kind.value] += 1
        if topic.kind.value not in ("NBIRTH", "DBIRTH", "DDATA"):
            return
        payload = sparkplug.decode(found.payload)
        if topic.kind.value != "NBIRTH" and payload.seq != (self._seq[topic.node_key] + 1) % 256:
            self.jumps += 1
        self._seq[topic.node_key] = payload.seq or 0
        if topic.kind.value == "DDATA":
            name = f"{topic.node_key}/{topic.device}"
            self.seen[name].add(payload.metrics[0].timestamp_ms or 0)
            self.historical[name] += payload.metrics[0].is_historical

    def close(self) -> None:
        for client in (self.json, self.host):
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsBroker]:
    server = NatsBroker(tmp_path / "nats")
    server.start()
    yield server
    server.kill()


class Running:
    """The plant in a thread of its own."""

    def __init__(self, settings: PlantSettings) -> None:
        now = wall_us()
        self.clock = Clock(now, now, SPEED)
        self.error: list[BaseException] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(settings,))
        self._thread.start()

    def _run(self, settings: PlantSettings) -> None:
        try:
            run(settings, lambda: self.clock, self.stop)
        except BaseException as error:  # noqa: BLE001  (shown by `end`)
            self.error.append(error)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()
        assert self.error == []


def settings(folder: Path, broker: NatsBroker) -> PlantSettings:
    queue = f"nats://taktwise:{PASSWORD}@127.0.0.1:{broker.client_port}"
    access = Broker(broker.url, "taktwise", PASSWORD)
    return PlantSettings(folder, access, queue, interval_s=20.0)


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def totals(folder: Path) -> tuple[int, int, int]:
    accounts = Ledger.read(folder / "ledger.json").devices.values()
    return sum(a.made for a in accounts), sum(a.sent for a in accounts), sum(a.historical for a in accounts)


def test_what_the_host_missed_is_resent_and_the_ledger_agrees(broker: NatsBroker, tmp_path: Path) -> None:
    listener = Listener(broker)
    wait_for(lambda: listener.json.is_connected() and listener.host.is_connected())
    plant = Running(settings(tmp_path / "plant", broker))
    try:
        wait_for(lambda: len(listener.seen) == 25)
        assert listener.kinds["DDATA"] == 0
        listener.say(True, 1_000)
        wait_for(lambda: len(listener.seen) == 50)
        listener.say(False, 2_000)
        wait_for(lambda: listener.kinds["NDEATH"] >= 5)
        silent = listener.kinds["DDATA"]
        time.sleep(1.0)
        assert listener.kinds["DDATA"] == silent
        listener.say(True, 3_000)
        wait_for(lambda: listener.kinds["NBIRTH"] == 10 and listener.kinds["DDATA"] > silent + 50)
        listener.host.publish("spBv1.0/north/NCMD/line-2", sparkplug.rebirth_request(1)).wait_for_publish(60)
        wait_for(lambda: listener.kinds["NBIRTH"] == 11)
        time.sleep(0.5)
        plant.end()
        made, sent, historical = totals(tmp_path / "plant")
        wait_for(lambda: sum(map(len, listener.seen.values())) >= sent)
    finally:
        plant.stop.set()
        listener.close()
    assert sent == made
    assert sum(map(len, listener.seen.values())) == sent
    assert sum(listener.historical.values()) == historical > 0
    assert listener.jumps == 0


def test_json_loses_nothing_when_the_broker_is_killed(broker: NatsBroker, tmp_path: Path) -> None:
    listener = Listener(broker)
    wait_for(listener.json.is_connected)
    plant = Running(settings(tmp_path / "plant", broker))
    try:
        wait_for(lambda: len(listener.seen) == 25)
        for _ in range(2):
            broker.kill()
            time.sleep(1.0)
            broker.start()
            time.sleep(2.0)
        plant.end()
        accounts = Ledger.read(tmp_path / "plant" / "ledger.json").devices
        names = [name for name in accounts if name.count("/") == 3]
        wait_for(lambda: all(len(listener.seen[name]) >= accounts[name].sent for name in names))
    finally:
        plant.stop.set()
        listener.close()
    assert len(names) == 25
    for name in names:
        account = accounts[name]
        assert account.made == account.seq + 1
        assert account.dropped == 0
        waiting = account.made - account.sent
        assert len(listener.seen[name]) >= account.sent
        assert waiting * 25 <= 500


def test_a_stopped_plant_goes_on_where_its_clock_is(broker: NatsBroker, tmp_path: Path) -> None:
    folder = tmp_path / "plant"
    first = Running(settings(folder, broker))
    wait_for(lambda: (folder / "world.npz").exists() and totals(folder)[0] > 50)
    first.end()
    before = totals(folder)[0]
    second = Running(settings(folder, broker))
    wait_for(lambda: totals(folder)[0] > before)
    second.end()

    assert totals(folder)[0] > before


def test_the_message_rate_sets_the_interval(tmp_path: Path) -> None:
    access = Broker("mqtt://127.0.0.1:1883")
    wanted = PlantSettings(tmp_path, access, "nats://127.0.0.1", messages_per_hour=10_000)

    assert wanted.step_us(50) == 18 * SECOND
    assert PlantSettings(tmp_path, access, "nats://127.0.0.1").step_us(50) == 5 * SECOND
    with pytest.raises(SettingsError, match="interval"):
        PlantSettings(tmp_path, access, "nats://127.0.0.1", interval_s=0.01).step_us(50)
    with pytest.raises(SettingsError, match="mqtt://"):
        Broker("http://127.0.0.1")
