"""What passes from the sources to ingest: raw messages in, samples and events out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from data.wire.sparkplug_types import Reporting
from domain.telemetry import Gap, Quality, Rejected, SourceKey

JSON = "json"
SPARKPLUG = "sparkplug"
SESSION_STARTED = "$session/started"  # topic of the marker that a Sparkplug connection was made anew
SESSION_ENDED = "$session/ended"  # and of the one that it broke
_ALL_GOOD: Mapping[tuple[str, int], Quality] = MappingProxyType({})


class RawMessage(msgspec.Struct, frozen=True, gc=False):  # 0.1 us, as a named tuple 0.2
    """One message as it came. `source` is 'json' or 'sparkplug'.

    `receive_us` is the receipt in plant time, `wall_us` in wall time; both microseconds. `broker` names
    the connection that it came by, empty for the first. `mid` and `session` are what is needed to
    acknowledge it; `mid` 0 needs no acknowledgement. `retained`: the broker had kept it, and gave it because
    we subscribed.
    """

    source: str
    topic: str
    payload: bytes
    receive_us: int
    wall_us: int
    broker: str = ""
    mid: int = 0
    session: int = 0
    retained: bool = False


class Sample(NamedTuple):
    """Values of one device in one message: (metric name, source time in microseconds, value as sent).

    `marked`: the qualities that the source itself gave, by name and source time, where they are not good.
    """

    device: SourceKey
    values: list[tuple[str, int, object]]
    message: RawMessage
    marked: Mapping[tuple[str, int], Quality] = _ALL_GOOD


@dataclass(slots=True)
class Findings:
    """What a batch of messages came to. `stale` holds
    device names that went offline, `rebirths` the edge nodes to be asked, with the broker over which.
    `once_more` are those of them that did not answer.

    `at_least_once` counts messages without time and sequence; `retained` says where in `samples` those of
    them stand that a broker had kept.
    `reporting` is what births say of how a metric is sent (device, metric, how).
    `gaps` are to be stored and `withdrawn` to be taken back: a gap shrinks when history is resent.
    """

    samples: list[Sample] = field(default_factory=list)
    rejected: list[tuple[Rejected, RawMessage]] = field(default_factory=list)
    gaps: dict[Gap, None] = field(default_factory=dict)
    withdrawn: dict[Gap, None] = field(default_factory=dict)
    rebirths: dict[str, str] = field(default_factory=dict)
    once_more: set[str] = field(default_factory=set)
    stale: dict[str, None] = field(default_factory=dict)
    reporting: list[tuple[SourceKey, str, Reporting]] = field(default_factory=list)
    nodes: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)
    repeated: int = 0
    at_least_once: int = 0
    retained: set[int] = field(default_factory=set)

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
