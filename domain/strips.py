"""What a machine did in time order, as columns: a week of a line is ten thousand stretches."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any, overload

from domain.telemetry import MachineState
from domain.time_model import Cause, Leaf, Segment

_LEAF, _CAUSE = {leaf.value: leaf for leaf in Leaf}, {cause.value: cause for cause in Cause}


@dataclass(frozen=True, slots=True)
class Strip(Sequence[Segment]):
    """Stretches [from, to) in time order and apart, a tuple a column. As a sequence it holds Segments, made
    when they are asked for, without their operations.

    `leaf` and `cause` hold values of `Leaf` and `Cause`, `state` PackML codes (None: nothing is known).
    """

    from_us: tuple[int, ...] = ()
    to_us: tuple[int, ...] = ()
    leaf: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    state: tuple[int | None, ...] = ()
    off_plan: tuple[bool, ...] = ()
    charged_to: tuple[str, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["Strip"]) -> "Strip":
        """Strips of one machine that do not overlap as one."""
        known = sorted((part for part in parts if part.from_us), key=lambda part: part.from_us[0])
        if len(known) == 1:
            return known[0]
        columns = zip(*(part._columns() for part in known), strict=True)
        return cls(*(tuple(chain.from_iterable(column)) for column in columns))

    def edges(self, leaves: Iterable[Leaf]) -> tuple[list[int], list[int]]:
        """Where the stretches in some leaves begin and where they end."""
        wanted = frozenset(leaves)
        chosen = [leaf in wanted for leaf in self.leaf]
        return list(compress(self.from_us, chosen)), list(compress(self.to_us, chosen))

    def lasted_us(self, cause: Cause) -> int:
        """How long it was for one cause."""
        rows = zip(self.from_us, self.to_us, self.cause, strict=True)
        return sum(end - begin for begin, end, its in rows if its == cause)

    def __len__(self) -> int:
        return len(self.from_us)

    @overload
    def __getitem__(self, place: int) -> Segment: ...
    @overload
    def __getitem__(self, place: slice) -> "Strip": ...
    def __getitem__(self, place: int | slice) -> "Segment | Strip":
        columns = self._columns()
        if isinstance(place, slice):
            return Strip(*(column[place] for column in columns))
        return _segment(*(column[place] for column in columns))

    def __iter__(self) -> Iterator[Segment]:
        return map(_segment, *self._columns())

    def _columns(self) -> tuple[tuple[Any, ...], ...]:
        return (
            self.from_us, self.to_us, self.leaf, self.cause, self.state, self.off_plan, self.charged_to
        )  # fmt: skip


def _segment(
    from_us: int, to_us: int, leaf: str, cause: str, state: int | None, off_plan: bool, charged_to: str
) -> Segment:
    known = None if state is None else MachineState(state)
    return Segment(from_us, to_us, _LEAF[leaf], known, _CAUSE[cause], None, bool(off_plan), charged_to)
