"""What the Sparkplug host knows of an edge node and of its devices."""

from dataclasses import dataclass, field, replace

from data.sources.messages import SPARKPLUG, Findings, RawMessage
from data.wire.sparkplug import Payload
from data.wire.sparkplug_topics import Topic
from domain.telemetry import Gap, SourceKey

Held = tuple[Topic, Payload, RawMessage]


@dataclass(slots=True)
class DeviceState:
    """One device (or a node's own metrics, then the name is group/node).

    `complete_us`: everything up to this source time is stored, apart from the stored gaps. `lost`
    says why data was missed since; the next birth turns it into a gap. `open_gap` is that gap while
    a resent history may still shrink it. `offline_us`: since when its values are stale by a death.
    """

    name: str
    aliases: dict[int, tuple[str, int]] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    born: bool = False
    lost: str = ""
    complete_us: int | None = None
    open_gap: Gap | None = None
    resending: bool = False
    offline_us: int | None = None

    @property
    def is_node(self) -> bool:
        """True for a node's own metrics."""
        return self.name.count("/") == 1

    def missed(self, cause: str) -> None:
        """Data of this device may have been missed from now on; the first cause is kept."""
        self.born = False
        self.lost = self.lost or cause

    def begin(self, at_us: int, found: Findings) -> None:
        """The device is known again at `at_us`; what it said since `complete_us` is a gap."""
        dropped = self.lost == "no_birth"
        if self.lost and self.complete_us is not None and (dropped or self.complete_us < at_us):
            self._open(self.complete_us, at_us, self.lost, found)
        elif self.open_gap is None:
            self.complete_us = max(self.complete_us or at_us, at_us)
        self.born, self.lost = True, ""

    def advance(self, at_us: int, *, historical: bool, found: Findings) -> None:
        """Data of source time `at_us` arrived. History shrinks the open gap, live data closes it."""
        gap = self.open_gap
        if gap is not None:
            if not historical:
                self._close(gap, found)
            elif at_us <= gap.to_us:
                self._shrink(gap, at_us, found)
        if self.complete_us is None or at_us > self.complete_us:
            self.complete_us = at_us

    def _open(self, from_us: int, to_us: int, cause: str, found: Findings) -> None:
        if self.open_gap is not None:
            found.withdraw(self.open_gap)
            from_us = min(from_us, self.open_gap.from_us)
        self.open_gap = self._gap(min(from_us, to_us), max(from_us, to_us), cause)
        self.resending = False
        found.add_gap(self.open_gap)

    def _close(self, gap: Gap, found: Findings) -> None:
        if self.resending:
            found.withdraw(gap)
        self.open_gap, self.resending = None, False

    def _shrink(self, gap: Gap, at_us: int, found: Findings) -> None:
        if at_us > gap.from_us:
            found.withdraw(gap)
            if not self.resending:
                found.add_gap(self._gap(gap.from_us, at_us, gap.cause))
            self.open_gap = self._gap(at_us, gap.to_us, gap.cause)
            found.add_gap(self.open_gap)
        self.resending = True

    def _gap(self, from_us: int, to_us: int, cause: str) -> Gap:
        return Gap(SourceKey(SPARKPLUG, self.name), from_us, to_us, -1, cause)


@dataclass(slots=True)
class NodeState:
    """One edge node. `next_seq` is the sequence number that its next message must carry.

    `held` are messages that came before their turn (by sequence number); `late` are numbers that were
    given up, with the wall time until which one of them is still taken. `broker` is where it was born
    last. `ask_wall_us`: when to ask it for its births if they have not come then, 0 for never.
    `unanswered`: how often it was asked since its last birth.
    """

    name: str
    online: bool = False
    broker: str = ""
    offline_us: int | None = None
    ask_wall_us: int = 0
    born: bool = False
    bd_seq: int | None = None
    born_us: int | None = None
    seen_us: int = 0
    next_seq: int = 0
    last_us: int = 0
    rebirths: int = 0
    unanswered: int = 0
    asked_wall_us: int = 0
    held: dict[int, Held] = field(default_factory=dict)
    held_wall_us: int = 0
    late: dict[int, int] = field(default_factory=dict)
    devices: dict[str, DeviceState] = field(default_factory=dict)

    def device(self, name: str) -> DeviceState:
        """The device of that name (empty: the node itself), made when new."""
        found = self.devices.get(name)
        if found is None:
            full = f"{self.name}/{name}" if name else self.name
            found = self.devices[name] = DeviceState(full)
        return found

    def away(self, cause: str) -> None:
        """Nothing that was agreed holds any more: neither aliases nor sequence numbers."""
        self.born = False
        self.held, self.late = {}, {}
        for device in self.devices.values():
            device.missed(cause)

    def copy(self) -> "NodeState":
        """A copy to go back to. Birth tables are replaced, never changed, so they are shared."""
        return replace(
            self,
            held=dict(self.held),
            late=dict(self.late),
            devices={name: replace(device) for name, device in self.devices.items()},
        )
