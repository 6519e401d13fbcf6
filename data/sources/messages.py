"""What passes from the sources to ingest: raw messages in, samples and events out."""

from dataclasses import dataclass, field
from typing import NamedTuple

from domain.telemetry import Gap, Rejected, SourceKey

JSON = "json"
SPARKPLUG = "sparkplug"
SESSION_STARTED = "$session/started"  # topic of the marker that a Sparkplug connection was made anew


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as it came. `source` is 'json' or 'sparkplug'.

    `receive_us` is the receipt in plant time, `wall_us` in wall time; both microseconds.
    """

    source: str
    topic: str
    payload: bytes
    receive_us: int
    wall_us: int


class Sample(NamedTuple):
    """Values of one device in one message: (metric name, source time in microseconds, value as sent)."""

    device: SourceKey
    values: list[tuple[str, int, object]]
    message: RawMessage


@dataclass(slots=True)
class Findings:
    """What a batch of messages came to. `stale` holds device names that went offline.

    `gaps` are to be stored and `withdrawn` to be taken back: a gap shrinks when history is resent.
    """

    samples: list[Sample] = field(default_factory=list)
    rejected: list[tuple[Rejected, RawMessage]] = field(default_factory=list)
    gaps: dict[Gap, None] = field(default_factory=dict)
    withdrawn: dict[Gap, None] = field(default_factory=dict)
    rebirths: dict[str, None] = field(default_factory=dict)
    stale: dict[str, None] = field(default_factory=dict)
    nodes: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    repeated: int = 0

    def add_gap(self, gap: Gap) -> None:
        """Store a gap, unless the same batch only took it back."""
        if gap in self.withdrawn:
            del self.withdrawn[gap]
        else:
            self.gaps[gap] = None

    def withdraw(self, gap: Gap) -> None:
        """Take a gap back, stored already or found in this batch."""
        if gap in self.gaps:
            del self.gaps[gap]
        else:
            self.withdrawn[gap] = None

    def reject(self, message: RawMessage, reason: str, detail: str = "") -> None:
        """Keep a message for the quarantine."""
        found = Rejected(message.source, message.topic, message.payload, reason, detail)
        self.rejected.append((found, message))
