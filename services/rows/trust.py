"""How far people can trust the advice, and how they do. Behaviour only of FEWEST people or more."""

from dataclasses import dataclass

from services.rows.reviews import ReviewRow
from services.rows.set_points import MovedRow

FEWEST = 5


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How FEWEST people or more decided. Shares 0..1; None where nothing was decided or judged."""

    people: int
    decided: int
    overridden: float
    overrides_right: float | None
    overrides_judged: int
    minutes_to_decide: float | None
    under_10_s: float | None


@dataclass(frozen=True, slots=True)
class TrustRow:
    """One group: a model, a machine or a role. `behaviour` is None when too few people decided in it."""

    kind: str
    name: str
    cases: int
    judged: int
    right: int
    behaviour: Behaviour | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Advice with a stated risk in [low, high): how many were judged, stated on average, found true."""

    low: float
    high: float
    judged: int
    stated: float
    found: float


@dataclass(frozen=True, slots=True)
class Trust:
    """The whole screen. `missed` are the unplanned failures of the same days, `moves` the set points
    that were moved on advice and judged."""

    rows: tuple[TrustRow, ...]
    bins: tuple[Bin, ...]
    missed: tuple[ReviewRow, ...]
    moves: tuple[MovedRow, ...] = ()
