"""What the screens *Sources and topics* and *Flow* read."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.rows.admin import QuarantineRow


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """One minute of wall time of one source: messages, values, and the longest from receipt to commit."""

    at_wall_us: int
    source: str
    received: int
    stored: int
    quarantined: int
    lag_us: int
    backlog: int


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Messages in quarantine for one reason. `asked`: to be read again; `tried`: read again in vain.

    `may_again`: reading them again makes sense; `whole` of them are kept whole.
    """

    source: str
    reason: str
    messages: int
    times: int
    newest_us: int
    asked: int
    tried: int
    whole: int
    may_again: bool


@dataclass(frozen=True, slots=True)
class FlowView:
    """The last hour by minute, oldest first, and the quarantine. `now_wall_us` is when it was read."""

    now_wall_us: int
    minutes: tuple[MinuteRow, ...]
    reasons: tuple[ReasonRow, ...]
    messages: tuple[QuarantineRow, ...]
    count: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device as its source calls it, and the machine that it is. `stale` counts its stale values,
    `by_change` those that are sent only when they change."""

    source: str
    external_id: str
    equipment_id: str
    name: str
    assigned: bool
    metrics: int
    stale: int
    heard_us: int | None
    offline_us: int | None
    broker: str
    by_change: int = 0


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic that nothing fits: how often it came, when last, and the beginning of what it said."""

    topic: str
    times: int
    newest_us: int
    preview: str


@dataclass(frozen=True, slots=True)
class SourcesView:
    """Connections by name (`json`, `sparkplug`, with a broker's name), devices, topics without a meaning."""

    connections: Mapping[str, str]
    mapping: str
    devices: tuple[DeviceRow, ...]
    topics: tuple[TopicRow, ...]
