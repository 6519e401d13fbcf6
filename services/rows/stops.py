"""What the stop screens read. Times in microseconds of plant time, entry times in milliseconds."""

from dataclasses import dataclass

from domain.reasons import Tree
from domain.stop_causes import Proposal


@dataclass(frozen=True, slots=True)
class PieceRow:
    """A part of a stop. `source`: person, mes, or "" while there is no reason."""

    from_us: int
    to_us: int
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act of somebody on a stop."""

    number: int
    kind: str
    reason: str
    earlier: str
    note: str
    who: str
    at_us: int
    taken_back: bool


@dataclass(frozen=True, slots=True)
class StopItem:
    """A stop to work on. `waited`: for another machine, which is charged with it.

    `proposal` is None where there is none, or where none is shown.

    `may_change` is "" when the actor may act on it now, else it says why not.
    """

    key: str
    version: int
    equipment_id: str
    machine: str
    from_us: int
    to_us: int
    open: bool
    short: bool
    waited: bool
    pieces: tuple[PieceRow, ...]
    proposal: Proposal | None
    booked: str
    acts: tuple[ActRow, ...]
    may_change: str

    @property
    def unnamed(self) -> bool:
        """True while a part has no reason."""
        return any(not piece.reason for piece in self.pieces)

    @property
    def overridden(self) -> bool:
        """True when a person changed what was there before."""
        return any(act.kind == "name" and act.earlier and not act.taken_back for act in self.acts)


@dataclass(frozen=True, slots=True)
class StopList:
    """The stops of a line that want a reason, of which `stops` are those of a page: those without one first,
    then those that waited for another machine. `count` is all of them, `unnamed` and `waited` what of them
    has no reason (machines that stood themselves, and that waited). Short stops are summed."""

    line_id: str
    line_name: str
    from_us: int
    to_us: int
    stops: tuple[StopItem, ...]
    count: int
    unnamed: int
    waited: int
    short_count: int
    short_us: int
    limit_us: int
    tree: Tree


@dataclass(frozen=True, slots=True)
class Share:
    """How often people and proposals agreed, with a 95 % interval (Wilson)."""

    agreed: int
    total: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LineReasons:
    """How well the reasons of a line are known, by count and by time; and what the entry took."""

    line_id: str
    line_name: str
    stops: int
    stop_us: int
    unnamed: int
    unnamed_us: int
    other: int
    other_us: int
    entries: int
    entry_ms: int
    shift_us: int


@dataclass(frozen=True, slots=True)
class ReasonQuality:
    """The figures of the screen on reasons. `shown` and `hidden` are by whether the proposal was seen."""

    lines: tuple[LineReasons, ...]
    shown: Share
    hidden: Share
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One version of a line's limit for short stops."""

    scope: str
    name: str
    seconds: int
    valid_from_us: int
    set_by: str
    reason: str
    model: str = ""  # where short stops count; of the site's own versions only
