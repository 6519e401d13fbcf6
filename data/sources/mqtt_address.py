"""Where a broker is, as whom to connect, and which version of MQTT to speak: `mqtts://user:word@host?version=5`."""

import ssl
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from data.wire.mqtt import V3, V5, Hello, Will
from domain.errors import SettingsError

KEEPALIVE_S = 30
_VERSIONS = {"": V3, "version=3.1.1": V3, "version=5": V5}
_REFUSALS = {
    1: "another version of MQTT", 2: "the client's name", 3: "not available", 4: "user name or password",
    5: "not authorised", 0x86: "user name or password", 0x87: "not authorised",
}  # fmt: skip


class TlsFiles(NamedTuple):
    """PEM files for `mqtts://`; empty is none. `ca`: who may have signed the broker's certificate, instead of
    the machine's own list. `certificate` and `key`: who we are, where the broker wants to know."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    def context(self) -> ssl.SSLContext:
        """Checks the broker's certificate and its host name. Raises SettingsError for files of no use."""
        try:
            found = ssl.create_default_context(cafile=self.ca or None)
            if self.certificate:
                found.load_cert_chain(self.certificate, self.key or None)
        except (OSError, ValueError) as error:
            raise SettingsError(f"the broker's TLS files cannot be used: {error}") from error
        return found


NO_FILES = TlsFiles()


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and as whom to connect; a user in the URL goes before `username`.

    `name` tells several brokers apart in messages and on screens; the first has none.
    """

    url: str
    username: str = ""
    password: str = ""
    name: str = ""
    tls: TlsFiles = NO_FILES


class Address(NamedTuple):
    """Where and as whom, read from a URL."""

    host: str
    port: int
    username: str
    password: str
    version: int
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, broker: Broker) -> "Address":
        """Raises SettingsError for what is no broker."""
        parts = urlsplit(broker.url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.query not in _VERSIONS:
            shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            raise SettingsError(f"{shown!r} is no mqtt:// or mqtts:// URL")
        secure = parts.scheme == "mqtts"
        own = bool(parts.username)
        return cls(
            parts.hostname,
            parts.port or (8883 if secure else 1883),
            unquote(parts.username or "") if own else broker.username,
            unquote(parts.password or "") if own else broker.password,
            _VERSIONS[parts.query],
            broker.tls.context() if secure else None,
        )

    def hello(self, client_id: str, clean: bool, will: Will | None, most: int) -> Hello:
        """CONNECT."""
        user, password, version = self.username, self.password, self.version
        return Hello(client_id, KEEPALIVE_S, clean, user, password, will, version, most)


def refusal(code: int) -> str:
    """What a CONNACK says, in words."""
    return _REFUSALS.get(code, f"code {code}")
