"""What others say of this host on its STATE topic, and what is to be done about it."""

from data.wire.sparkplug_topics import MessageType, State, decode_state, parse_topic
from domain.errors import Malformed


def must_say_online(topic: str, payload: bytes, host_id: str) -> bool:
    """True when somebody said of this host that it is offline: it then repeats its birth at once."""
    try:
        parsed = parse_topic(topic)
        state: State = decode_state(payload)
    except Malformed:
        return False
    return parsed.kind is MessageType.STATE and parsed.node == host_id and not state.online


def is_of_another(payload: bytes, born_ms: int) -> bool:
    """True for a STATE birth that is not the one that we published: another host has our name."""
    try:
        state = decode_state(payload)
    except Malformed:
        return False
    return state.online and state.timestamp_ms != born_ms
