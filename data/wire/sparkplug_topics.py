"""Sparkplug B 3.0: topics, message types and the host's STATE message."""

import json
from enum import StrEnum
from typing import NamedTuple

from domain.errors import Malformed

NAMESPACE = "spBv1.0"
SUBSCRIPTION = f"{NAMESPACE}/#"


class MessageType(StrEnum):
    """The message types of the namespace; STATE is the host's own."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    NDATA = "NDATA"
    DDATA = "DDATA"
    NCMD = "NCMD"
    DCMD = "DCMD"
    STATE = "STATE"


_DEVICE_TYPES = {MessageType.DBIRTH, MessageType.DDEATH, MessageType.DDATA, MessageType.DCMD}
_TYPES = {kind.value: kind for kind in MessageType}


class Topic(NamedTuple):
    """`spBv1.0/{group}/{kind}/{node}[/{device}]`; for STATE `node` is the host id and `group` is empty."""

    kind: MessageType
    group: str
    node: str
    device: str = ""

    @property
    def node_key(self) -> str:
        """group/node."""
        return f"{self.group}/{self.node}"

    def __str__(self) -> str:
        if self.kind is MessageType.STATE:
            return f"{NAMESPACE}/STATE/{self.node}"
        tail = f"/{self.device}" if self.device else ""
        return f"{NAMESPACE}/{self.group}/{self.kind}/{self.node}{tail}"


class State(NamedTuple):
    """The host application's STATE message; `timestamp_ms` is the same in the birth and in its will."""

    online: bool
    timestamp_ms: int


def state_topic(host_id: str) -> str:
    """Where a host application says that it is there."""
    return f"{NAMESPACE}/STATE/{host_id}"


def parse_topic(topic: str) -> Topic:
    """Raises Malformed('topic') when it is no Sparkplug topic."""
    parts = topic.split("/")
    if len(parts) == 3 and parts[1] == "STATE" and parts[2] and parts[0] == NAMESPACE:
        return Topic(MessageType.STATE, "", parts[2])
    kind = _TYPES.get(parts[2]) if len(parts) in (4, 5) else None
    wanted = 5 if kind in _DEVICE_TYPES else 4
    if kind is None or kind is MessageType.STATE or len(parts) != wanted or parts[0] != NAMESPACE:
        raise Malformed("topic", topic[:200])
    if not all(parts):
        raise Malformed("topic", topic[:200])
    return Topic(kind, parts[1], parts[3], parts[4] if wanted == 5 else "")


def encode_state(state: State) -> bytes:
    """JSON with exactly the standard's two members."""
    return json.dumps({"online": state.online, "timestamp": state.timestamp_ms}).encode()


def decode_state(payload: bytes) -> State:
    """Raises Malformed('state')."""
    try:
        found = json.loads(payload)
        online, stamp = found["online"], found["timestamp"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Malformed("state", str(error)[:200]) from error
    if not isinstance(online, bool) or not isinstance(stamp, int) or isinstance(stamp, bool):
        raise Malformed("state", "online or timestamp has the wrong type")
    return State(online, stamp)
