"""What integration health and users read. Heartbeats, queues and reads are in wall time."""

from collections.abc import Mapping
from dataclasses import dataclass

from auth.permissions import Role


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A process of the desk. `late`: its heartbeat is older than it may be."""

    name: str
    state: str
    restarts: int
    started_wall_us: int
    heartbeat_wall_us: int
    late: bool
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source of messages and its counters since the beginning."""

    source: str
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A Sparkplug edge node."""

    node: str
    online: bool
    born_us: int | None
    seen_us: int
    rebirths: int


@dataclass(frozen=True, slots=True)
class GapRow:
    """A stretch that is known to be missing; `missing` is -1 when it cannot be counted."""

    source: str
    name: str
    from_us: int
    to_us: int
    missing: int
    cause: str


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A message that could not be used. `preview` is its beginning as text, not escaped."""

    quarantine_id: int
    receive_us: int
    source: str
    topic: str
    reason: str
    detail: str
    size: int
    times: int
    preview: str


@dataclass(frozen=True, slots=True)
class WatermarkRow:
    """How far a MES or ERP table has been read. `state` is ok or what is wrong; `late`: not read lately."""

    instance: str
    entity: str
    updated_us: int
    read_wall_us: int
    state: str
    late: bool


@dataclass(frozen=True, slots=True)
class QueueRow:
    """The outbox of one receiver queue, and the answers that came back."""

    queue: str
    waiting: int
    sent: int
    failed: int
    oldest_wall_us: int | None
    last_error: str
    accepted: int
    refused: int
    done: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Health:
    """Everything on the health screen. `trouble` is empty when all is well."""

    wall_us: int
    trouble: tuple[str, ...]
    workers: tuple[WorkerRow, ...]
    sources: tuple[SourceRow, ...]
    nodes: tuple[NodeRow, ...]
    gaps: tuple[GapRow, ...]
    gap_count: int
    quarantine: tuple[QuarantineRow, ...]
    quarantine_count: int
    watermarks: tuple[WatermarkRow, ...]
    queues: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account. `seen_wall_us` is the last use of any of its sessions."""

    account_id: str
    username: str
    name: str
    roles: tuple[Role, ...]
    scopes: tuple[str, ...]
    active: bool
    created_wall_us: int
    seen_wall_us: int | None


@dataclass(frozen=True, slots=True)
class Users:
    """All accounts, and the (id, name) of what an account may be scoped to."""

    rows: tuple[UserRow, ...]
    places: tuple[tuple[str, str], ...]
