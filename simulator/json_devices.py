"""The devices that speak plain JSON: numbered messages at QoS 1 through one persistent session.

Messages wait in a bounded buffer while the broker is away; what falls out is counted. At most `WINDOW`
messages are unacknowledged at a time, so that the network library holds no unbounded queue.
"""

from collections import deque
from typing import NamedTuple

from data.wire import json_topics
from data.wire.json_topics import Telemetry
from simulator.edge import Message
from simulator.ledger import Ledger
from simulator.readout import METRICS, Reading

BUFFER = 100_000
WINDOW = 500


class Waiting(NamedTuple):
    """One message that the broker has not acknowledged."""

    device: str
    at_ms: int
    payload: bytes


class JsonDevices:
    """All JSON devices of a plant, by equipment id. Not thread-safe."""

    def __init__(self, ledger: Ledger, *, buffer: int = BUFFER) -> None:
        self.buffer: deque[Waiting] = deque()
        self.seq: dict[str, int] = {}
        self._limit = buffer
        self._ledger = ledger

    def take(self, device: str, reading: Reading) -> None:
        """A new reading: numbered, encoded, put in the buffer."""
        seq = self.seq.get(device, -1) + 1
        self.seq[device] = seq
        account = self._ledger.account(device)
        account.made += 1
        account.seq = seq
        values: dict[str, object] = {
            column.name: value
            for column, value in zip(METRICS, reading.values, strict=True)
            if value is not None
        }
        self.buffer.append(
            Waiting(device, reading.at_ms, json_topics.encode(Telemetry(reading.at_ms, seq, values)))
        )
        if len(self.buffer) > self._limit:
            self._ledger.account(self.buffer.popleft().device).dropped += 1

    def next(self) -> Waiting | None:
        """The oldest waiting message, taken out of the buffer."""
        return self.buffer.popleft() if self.buffer else None

    def sent(self, waiting: Waiting) -> None:
        """The broker acknowledged a message (or a history carried it)."""
        self._ledger.sent(waiting.device, waiting.at_ms)


def message(waiting: Waiting) -> Message:
    """As it goes to the broker."""
    return Message(json_topics.telemetry_topic(waiting.device), waiting.payload, 1)
