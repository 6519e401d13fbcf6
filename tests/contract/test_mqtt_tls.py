"""Our MQTT over TLS, against a real broker: whom we trust, and who we say that we are."""

import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from data.sources.mqtt import Broker, JsonLink, TlsFiles
from data.sources.mqtt_listener import listen
from data.wire.json_topics import telemetry_topic
from domain.errors import SettingsError
from runtime.brokers import brokers
from runtime.settings import Settings
from tests.contract.test_mqtt import bodies, drive, stamp
from tests.kits.edge import T0_MS
from tests.kits.tls import MOSQUITTO, Authority, TlsMosquitto

TOPIC = telemetry_topic("north/machining/line-1/cnc-12")
HERE = "127.0.0.1"
pytestmark = [pytest.mark.services, pytest.mark.skipif(not MOSQUITTO, reason="Mosquitto is not installed")]


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


def served(folder: Path, authority: Authority, *, address: str = HERE, days: int = 10) -> TlsMosquitto:
    return TlsMosquitto(folder / "broker", authority.sign("broker", address=address, days=days))


def link_to(port: int, files: TlsFiles, host: str = HERE, tail: str = "") -> JsonLink:
    return JsonLink(Broker(f"mqtts://{host}:{port}{tail}", tls=files), "tls-test", stamp)


def send(port: int, authority: Authority, count: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="sender")
    client.tls_set_context(ssl.create_default_context(cafile=str(authority.pem)))
    client.connect(HERE, port)
    client.loop_start()
    for number in range(count):
        body = json.dumps({"ts": T0_MS, "seq": number, "values": {}})
        client.publish(TOPIC, body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def trusted(tmp_path: Path, ours: Authority) -> Iterator[TlsMosquitto]:
    with served(tmp_path, ours) as broker:
        yield broker


@pytest.mark.parametrize("tail", ["", "?version=5"])
def test_messages_are_read_and_acknowledged_over_tls(
    trusted: TlsMosquitto, ours: Authority, tail: str
) -> None:
    files = TlsFiles(str(ours.pem))
    first = link_to(trusted.port, files, tail=tail)
    assert drive([first], lambda: first.connected)
    send(trusted.port, ours, 300)
    assert drive([first], lambda: len(first.inbox) == 300)
    assert bodies(first.inbox) == list(range(300))
    first.acknowledge(first.inbox[:200])
    first.close()
    second = link_to(trusted.port, files, tail=tail)
    assert drive([second], lambda: len(second.inbox) == 100)  # what was not acknowledged comes again
    assert bodies(second.inbox) == list(range(200, 300))
    second.close()


def test_a_message_longer_than_a_record_of_tls_comes_whole(trusted: TlsMosquitto, ours: Authority) -> None:
    link = link_to(trusted.port, TlsFiles(str(ours.pem)))
    assert drive([link], lambda: link.connected)
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="sender")
    client.tls_set_context(ssl.create_default_context(cafile=str(ours.pem)))
    client.connect(HERE, trusted.port)
    client.loop_start()
    client.publish(TOPIC, b"x" * 700_000, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    assert drive([link], lambda: bool(link.inbox))
    assert link.inbox[0].payload == b"x" * 700_000
    link.close()


def trouble(link: JsonLink) -> str:
    """Why there is no connection after the first attempt."""
    link.keep_open(10**18)
    assert not link.connected
    assert link.socket() is None
    return link.trouble


def test_a_broker_signed_by_somebody_else_is_refused(trusted: TlsMosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "Somebody else")
    assert "certificate verify failed" in trouble(link_to(trusted.port, TlsFiles(str(other.pem))))
    assert "certificate verify failed" in trouble(link_to(trusted.port, TlsFiles()))


def test_a_broker_of_another_name_is_refused(trusted: TlsMosquitto, ours: Authority) -> None:
    said = trouble(link_to(trusted.port, TlsFiles(str(ours.pem)), "localhost"))
    assert "certificate is not valid for 'localhost'" in said


def test_a_certificate_that_has_run_out_is_refused(tmp_path: Path, ours: Authority) -> None:
    with served(tmp_path, ours, days=-1) as broker:
        assert "certificate has expired" in trouble(link_to(broker.port, TlsFiles(str(ours.pem))))


def test_a_broker_without_tls_is_refused(mosquitto_url: str, ours: Authority) -> None:
    port = int(mosquitto_url.rpartition(":")[2])
    assert "the broker does not answer" in trouble(link_to(port, TlsFiles(str(ours.pem))))


def test_our_own_certificate_lets_us_in(tmp_path: Path, ours: Authority) -> None:
    clients = Authority(tmp_path / "clients", "Clients")
    mine, stranger = clients.sign("taktwise"), ours.sign("stranger")
    certificate = ours.sign("broker", address=HERE)
    with TlsMosquitto(tmp_path / "broker", certificate, clients) as broker:
        link = link_to(broker.port, TlsFiles(str(ours.pem), *map(str, mine)))
        assert drive([link], lambda: link.connected)
        link.close()
        for files in (TlsFiles(str(ours.pem)), TlsFiles(str(ours.pem), *map(str, stranger))):
            outside = link_to(broker.port, files)
            assert not drive([outside], lambda one=outside: one.connected, 1.5)
            outside.close()


def test_files_of_no_use_are_said(tmp_path: Path, ours: Authority) -> None:
    nothing = tmp_path / "nothing.pem"
    with pytest.raises(SettingsError, match="TLS files cannot be used"):
        link_to(1, TlsFiles(str(nothing)))
    nothing.write_text("no certificate")
    with pytest.raises(SettingsError, match="TLS files cannot be used"):
        link_to(1, TlsFiles(str(ours.pem), str(nothing)))


def test_the_settings_reach_every_broker(tmp_path: Path) -> None:
    found = brokers(
        Settings(
            broker_url="mqtts://one", more_brokers={"two": "mqtts://two"}, broker_ca=tmp_path / "ca.pem",
            broker_certificate=tmp_path / "us.pem", broker_key=tmp_path / "us.key",
        )
    )  # fmt: skip
    wanted = TlsFiles(*(str(tmp_path / name) for name in ("ca.pem", "us.pem", "us.key")))
    assert [one.tls for one in found] == [wanted, wanted]


def test_watching_topics_trusts_the_same(trusted: TlsMosquitto, ours: Authority) -> None:
    stop, heard = threading.Event(), list[bytes]()

    def hear(_topic: str, payload: bytes) -> None:
        heard.append(payload)
        stop.set()

    timer = threading.Timer(1, send, (trusted.port, ours, 1))
    ender = threading.Timer(20, stop.set)
    timer.start()
    ender.start()
    broker = Broker(f"mqtts://{HERE}:{trusted.port}", tls=TlsFiles(str(ours.pem)))
    listen(broker, "uns/#", "watch", hear, stop)
    ender.cancel()
    timer.join()
    assert len(heard) == 1
