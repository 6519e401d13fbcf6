"""Stops as people work on them: found from the time model, cut into pieces, each with a reason.

A stop is a stretch of planned time in which a machine with an order did not run. Its pieces cover it
once, in order: acts (name, split, merge, revert) change the pieces, never the sum of their time.
Times are microseconds.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from domain.clock import SECOND
from domain.errors import InvalidInput
from domain.telemetry import MachineState
from domain.time_model import Cause, Leaf, Segment

HIDDEN_SHARE = 0.05
SHORTEST_PIECE_US = 10 * SECOND
_SEED = "taktwise-blind-1"
_STANDING = frozenset({Leaf.DOWN, Leaf.DELAY})


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of one machine. `open`: it goes on. `state` is the one that lasted longest."""

    equipment_id: str
    from_us: int
    to_us: int
    state: MachineState | None
    external: bool
    open: bool = False

    @property
    def key(self) -> str:
        """What names the stop for ever: the machine and when it began to stand."""
        return f"{self.equipment_id}|{self.from_us}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a stop. `reason` is a code of the reason tree, "" while nobody has named it."""

    from_us: int
    to_us: int
    reason: str = ""

    def __post_init__(self) -> None:
        if self.to_us <= self.from_us:
            raise InvalidInput("a part of a stop has a length")


Pieces = tuple[Piece, ...]


def stops(equipment_id: str, parts: Sequence[Segment], now_us: int) -> list[Stop]:
    """The stops in a strip, in order. Time without an order, in setup or without data is none."""
    found: list[Stop] = []
    run: list[Segment] = []
    for part in [*parts, None]:
        if part is not None and part.leaf in _STANDING and part.cause is not Cause.NO_ORDER:
            run.append(part)
            continue
        if run:
            found.append(_stop(equipment_id, run, now_us))
        run = []
    return found


def _stop(equipment_id: str, run: Sequence[Segment], now_us: int) -> Stop:
    longest = max(run, key=lambda part: part.to_us - part.from_us)
    external = longest.leaf is Leaf.DELAY
    begin, end = run[0].from_us, run[-1].to_us
    return Stop(equipment_id, begin, end, longest.state, external, open=end >= now_us)


def is_hidden(key: str) -> bool:
    """True for the 5 % of stops whose proposal nobody is shown; the same answer for ever."""
    drawn = int.from_bytes(hashlib.sha256(f"{_SEED}|{key}".encode()).digest()[:8], "big")
    return drawn < HIDDEN_SHARE * 2**64


def fitted(pieces: Iterable[Piece], from_us: int, to_us: int) -> Pieces:
    """Pieces that cover [from_us, to_us) once: what was said stays where it was said.

    A stop that turned out longer or shorter keeps its pieces; what nobody spoke of joins the piece
    before it (an open stop goes on for the same reason), or is unnamed at the beginning.
    """
    result: list[Piece] = []
    for piece in sorted(pieces, key=lambda p: p.from_us):
        begin, end = max(piece.from_us, from_us), min(piece.to_us, to_us)
        if result:
            begin = max(begin, result[-1].to_us)
        if begin >= end:
            continue
        if result and result[-1].to_us < begin:
            result[-1] = replace(result[-1], to_us=begin)
        if not result and begin > from_us:
            result.append(Piece(from_us, begin))
        result.append(Piece(begin, end, piece.reason))
    if not result:
        return (Piece(from_us, to_us),)
    result[-1] = replace(result[-1], to_us=to_us)
    return tuple(result)


def name(pieces: Pieces, from_us: int, reason: str) -> Pieces:
    """Give the piece that begins at `from_us` a reason."""
    index = _index(pieces, from_us)
    return (*pieces[:index], replace(pieces[index], reason=reason), *pieces[index + 1 :])


def split(pieces: Pieces, at_us: int) -> Pieces:
    """Cut the piece that holds the moment in two; both keep its reason."""
    for index, piece in enumerate(pieces):
        if piece.from_us <= at_us < piece.to_us:
            if min(at_us - piece.from_us, piece.to_us - at_us) < SHORTEST_PIECE_US:
                raise InvalidInput("each part of a stop lasts at least 10 seconds")
            halves = Piece(piece.from_us, at_us, piece.reason), Piece(at_us, piece.to_us, piece.reason)
            return (*pieces[:index], *halves, *pieces[index + 1 :])
    raise InvalidInput("this moment lies outside the stop")


def merge(pieces: Pieces, from_us: int) -> Pieces:
    """Join the piece that begins at `from_us` with the one after it; its own reason stays, if it has one."""
    index = _index(pieces, from_us)
    if index + 1 >= len(pieces):
        raise InvalidInput("there is no part after this one")
    first, second = pieces[index], pieces[index + 1]
    joined = Piece(first.from_us, second.to_us, first.reason or second.reason)
    return (*pieces[:index], joined, *pieces[index + 2 :])


def _index(pieces: Pieces, from_us: int) -> int:
    found = next((k for k, piece in enumerate(pieces) if piece.from_us == from_us), None)
    if found is None:
        raise InvalidInput("this part of the stop is not there any more; look again")
    return found


def covers(pieces: Sequence[Piece], from_us: int, to_us: int) -> bool:
    """True when the pieces cover the stretch once, in order."""
    joined = all(one.to_us == other.from_us for one, other in pairwise(pieces))
    return bool(pieces) and pieces[0].from_us == from_us and pieces[-1].to_us == to_us and joined
