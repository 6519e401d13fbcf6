"""The acts on one stop: each keeps what was before and after, none is ever taken away.

A revert is an act of its own: it brings back what was before the newest act that still stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import InvalidInput
from domain.stops import Piece, Pieces, fitted, merge, name, split


class ActKind(StrEnum):
    """What a person does to a stop."""

    NAME = "name"
    SPLIT = "split"
    MERGE = "merge"
    REVERT = "revert"


@dataclass(frozen=True, slots=True)
class Ask:
    """One act as asked for. `piece_from_us` names the part, `at_us` the cut, `reason` the new reason."""

    kind: ActKind
    piece_from_us: int = 0
    at_us: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One act as it was done. Numbers count from 1 without holes."""

    number: int
    kind: ActKind
    before: Pieces
    after: Pieces


def standing(acts: Sequence[Act]) -> list[Act]:
    """The acts that no revert took back, oldest first."""
    found: list[Act] = []
    for act in acts:
        if act.kind is ActKind.REVERT:
            found.pop()
        else:
            found.append(act)
    return found


def current(acts: Sequence[Act], from_us: int, to_us: int, base: Pieces = ()) -> Pieces:
    """The pieces of a stop now, for its length as it is known now. `base`: what held before the acts."""
    return fitted(acts[-1].after if acts else base, from_us, to_us)


def perform(acts: Sequence[Act], ask: Ask, from_us: int, to_us: int, base: Pieces = ()) -> Act:
    """The next act on a stop that lasts [from_us, to_us). InvalidInput when it cannot be done."""
    before = current(acts, from_us, to_us, base)
    after = _after(acts, before, ask, (from_us, to_us))
    if after == before:
        raise InvalidInput("this changes nothing")
    return Act(len(acts) + 1, ask.kind, before, after)


def _after(acts: Sequence[Act], before: Pieces, ask: Ask, span: tuple[int, int]) -> Pieces:
    match ask.kind:
        case ActKind.NAME:
            return name(before, ask.piece_from_us, ask.reason)
        case ActKind.SPLIT:
            return split(before, ask.at_us)
        case ActKind.MERGE:
            return merge(before, ask.piece_from_us)
        case ActKind.REVERT:
            undone = standing(acts)
            if not undone:
                raise InvalidInput("there is nothing to take back")
            return fitted(undone[-1].before, *span)


def to_json(pieces: Pieces) -> list[list[int | str]]:
    """Plain lists for storing."""
    return [[p.from_us, p.to_us, p.reason] for p in pieces]


def from_json(value: Sequence[Sequence[int | str]]) -> Pieces:
    """The inverse of `to_json`."""
    return tuple(Piece(int(begin), int(end), str(reason)) for begin, end, reason in value)
