"""What people see of the model registry: versions, gates, what happened to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate of a challenger; state is passed, failed or open."""

    name: str
    state: str
    words: str
    ours: float | None
    theirs: float | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One model version. `figures` are those of its card: (name, value) on data that it never saw.
    `explanations` says how far its explanations were found to be right, a sentence each.
    """

    name: str
    version: str
    capability: str
    stage: str
    registered_wall_us: int
    sha256: str
    feature_version: str
    licence: str
    data: str
    command: str
    intended_use: str
    limits: tuple[str, ...]
    figures: tuple[tuple[str, float], ...]
    predictions: int
    explanations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRow:
    """What happened to a version, and who signed it ("" for the command line)."""

    name: str
    version: str
    kind: str
    other_version: str
    by: str
    meaning: str
    record_hash: str
    reason: str
    at_wall_us: int


@dataclass(frozen=True, slots=True)
class ChallengerRow:
    """A challenger beside its champion. `gates` is empty until they were judged; `asked` while somebody
    waits for it; `ready` when a promotion would be taken now, else `why_not` says why it would not."""

    version: VersionRow
    champion: str
    gates: tuple[GateRow, ...]
    checked_wall_us: int | None
    asked: bool
    ready: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class RegistryView:
    """The whole screen. `back` is (name, champion, version to go back to) where there is one."""

    versions: tuple[VersionRow, ...]
    challengers: tuple[ChallengerRow, ...]
    back: tuple[tuple[str, str, str], ...]
    events: tuple[EventRow, ...]
    may_manage: bool
