"""Channels to people, against real receivers on this machine."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from data.sinks.port import Ack, Retry, Terminal
from data.sinks.posts import Mail, MqttPost, WebhookPost
from domain.errors import SettingsError

MAIL = Mail("id-1", "case-1", "", "Case 1: D\u00e4mpfer", "Decide within 5 min.")


class Receiver(BaseHTTPRequestHandler):
    answers: list[int] = []  # noqa: RUF012
    got: list[tuple[dict, bytes]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    Receiver.answers, Receiver.got = [], []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_the_id_and_the_signature(hook: str) -> None:
    assert WebhookPost(hook, "s3cret").deliver(MAIL) == Ack()
    ((headers, body),) = Receiver.got
    assert headers["Idempotency-Key"] == "id-1" and json.loads(body)["subject"] == MAIL.subject
    mac = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Taktwise-Signature"] == f"sha256={mac}"


@pytest.mark.parametrize(("status", "kind"), [(500, Retry), (429, Retry), (404, Terminal), (302, Terminal)])
def test_what_a_webhook_answers(hook: str, status: int, kind: type) -> None:
    Receiver.answers[:] = [status]
    assert isinstance(WebhookPost(hook).deliver(MAIL), kind)


def test_a_webhook_that_is_away_is_tried_again() -> None:
    assert isinstance(WebhookPost("http://127.0.0.1:9/hook").deliver(MAIL), Retry)
    with pytest.raises(SettingsError):
        WebhookPost("file:///etc/passwd")


@pytest.mark.services
def test_mqtt_is_acknowledged_and_carries_the_id(mosquitto_url: str) -> None:
    host, _, port = mosquitto_url.removeprefix("mqtt://").partition(":")
    got: list[bytes] = []
    ready, came = threading.Event(), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _c, _u, message: (got.append(message.payload), came.set())
    client.connect(host, int(port))
    client.subscribe("taktwise/test/notices", qos=1)
    client.loop_start()
    assert ready.wait(60)
    post = MqttPost(mosquitto_url, "taktwise/test/notices")
    assert post.deliver(MAIL) == Ack() and came.wait(60)
    post.close()
    client.disconnect()
    client.loop_stop()
    assert json.loads(got[0])["id"] == "id-1"


def test_a_broker_that_is_away_is_tried_again() -> None:
    assert isinstance(MqttPost("mqtt://127.0.0.1:9", "taktwise/t").deliver(MAIL), Retry)


@pytest.mark.parametrize("topic", ["spBv1.0/north/NCMD/line-1", "uns/north/x", "taktwise/#", "", "$SYS/x"])
def test_messages_to_people_never_reach_a_topic_of_machines(topic: str) -> None:
    with pytest.raises(SettingsError):
        MqttPost("mqtt://127.0.0.1:9", topic)
