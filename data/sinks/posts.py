"""Channels to people outside the desk: e-mail by SMTP, a webhook by HTTP, a topic by MQTT.

Each delivery carries the message's id, so that a receiver can drop a second copy.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from data.sinks.outlet import Outlet, Parcel
from data.sinks.port import Ack, Outcome, Retry, Terminal
from domain.errors import SettingsError

TIMEOUT_S = 10.0
OWN_TOPICS = "taktwise/"
BUSY = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one address ('' where the channel has only one)."""

    message_id: str
    case_id: str
    address: str
    subject: str
    body: str

    def to_json(self) -> bytes:
        """What systems read."""
        told = {"id": self.message_id, "case_id": self.case_id, "subject": self.subject, "body": self.body}
        return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


class Post(Protocol):
    """One channel. `deliver` never raises for trouble on the way."""

    def deliver(self, mail: Mail) -> Outcome:
        """Hand one message over and wait until it is taken."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class MailPost:
    """E-mail, over the outlet that carries reports too."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def deliver(self, mail: Mail) -> Outcome:
        """One mail to one address; its Message-ID is made from the message's id."""
        return self._outlet.deliver(Parcel(mail.message_id, mail.subject, mail.body, ()), [mail.address])

    def close(self) -> None:
        """Nothing is held."""


class WebhookPost:
    """POSTs JSON. With a secret, `X-Taktwise-Signature: sha256=...` is the HMAC of the body."""

    def __init__(self, url: str, secret: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise SettingsError("a webhook needs an http:// or https:// URL")
        self._url, self._secret = url, secret

    def deliver(self, mail: Mail) -> Outcome:
        """2xx is taken; 408, 409, 425, 429 and 5xx are tried again; the rest is refused for good."""
        body = mail.to_json()
        headers = {"Content-Type": "application/json", "Idempotency-Key": mail.message_id}
        if self._secret:
            mac = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Taktwise-Signature"] = f"sha256={mac}"
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                return Ack()
        except urllib.error.HTTPError as error:
            error.close()
            why = f"the webhook answers {error.code}"
            return Retry(why) if error.code >= 500 or error.code in BUSY else Terminal(why)
        except OSError as error:
            return Retry(f"the webhook does not answer: {error}")

    def close(self) -> None:
        """Nothing is held."""


class MqttPost:
    """Publishes JSON at QoS 1 to one topic, and waits for the broker's acknowledgement.

    The topic lies below `taktwise/`, where no device listens: the desk never commands a machine.
    SettingsError for any other.
    """

    def __init__(self, url: str, topic: str, username: str = "", password: str = "") -> None:
        if not topic.startswith(OWN_TOPICS) or set(topic) & set("+#"):
            raise SettingsError(f"the topic of messages must begin with {OWN_TOPICS} and name one topic")
        parts = urlsplit(url)
        self._host, self._port = (
            parts.hostname or "",
            parts.port or (8883 if parts.scheme == "mqtts" else 1883),
        )
        self._topic = topic
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="")
        if username:
            self._client.username_pw_set(username, password)
        if parts.scheme == "mqtts":
            self._client.tls_set()
        self._started = False

    def deliver(self, mail: Mail) -> Outcome:
        """Taken once the broker has acknowledged."""
        try:
            if not self._started:
                self._client.connect(self._host, self._port)
                self._client.loop_start()
                self._started = True
            info = self._client.publish(self._topic, mail.to_json(), qos=1)
            info.wait_for_publish(TIMEOUT_S)
            return Ack() if info.is_published() else Retry("the broker does not acknowledge")
        except (OSError, ValueError, RuntimeError) as error:
            return Retry(f"the broker does not answer: {error}")

    def close(self) -> None:
        """End the connection."""
        if self._started:
            self._client.disconnect()
            self._client.loop_stop()
            self._started = False
