"""The gateway's threads meet at the store: what one writes, another may read at that very moment."""

from pathlib import Path

import pytest

from data.edge.events import Contact, now_ms
from data.wire.sparkplug_topics import MessageType, State, encode_state, parse_topic
from runtime.workers.gateway import Gateway
from tests.kits.gateway import gateway_file


def test_a_lost_server_is_told_dead_however_soon_its_mark_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway(gateway_file(tmp_path, [{"node": "ns=2;s=load", "metric": "load"}]))
    told: list[MessageType] = []

    def forward() -> None:
        gateway.pass_contacts()
        for message in gateway.forwarder.turn(now_ms()):
            told.append(parse_topic(message.topic).kind)

    append = gateway.shelf.append

    def stored_and_read_at_once(*given) -> None:
        append(*given)
        forward()

    monkeypatch.setattr(gateway.shelf, "append", stored_and_read_at_once)
    gateway.forwarder.node.on_connected()
    gateway.forwarder.state(encode_state(State(True, now_ms())), now_ms())
    gateway.inbox.put(Contact("press", True, now_ms()))
    gateway.store_turn()
    forward()
    assert told[-1] is MessageType.DBIRTH
    gateway.inbox.put(Contact("press", False, now_ms()))
    gateway.store_turn()
    forward()
    assert told[-1] is MessageType.DDEATH
    gateway.shelf.close()
