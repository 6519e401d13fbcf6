"""What a booked stop is called: the words of the site's reason tree, a person's word before the MES's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from domain.equipment import site_of
from domain.reasons import OTHER, Tree, from_mes
from domain.stops import Piece
from domain.time_model import Span
from services.stops import log
from services.stops.reasons import tree


@dataclass(frozen=True, slots=True)
class Sayer:
    """Names stops of some machines: `named` are the parts to which people gave a reason."""

    tree: Tree
    named: Mapping[str, Sequence[Piece]]
    _booked: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, tx: Connection, scope: str, units: Iterable[str], window: Span) -> "Sayer":
        """For the stops of these machines that touch a window."""
        mine = sorted(set(units))
        if not mine:
            return cls(Tree(()), {})
        return cls(tree(tx, site_of(scope)), log.named(tx, mine, window.from_us, window.to_us))

    def reason(self, unit: str, booked: str, span: Span) -> str:
        """The reason that a person gave to most of the stop, else the MES's; empty where nobody gave one.

        Words of a MES that the tree does not know stand behind its "another reason".
        """
        said: dict[str, int] = {}
        for piece in self.named.get(unit, ()):
            overlap = min(piece.to_us, span.to_us) - max(piece.from_us, span.from_us)
            if overlap > 0:
                said[piece.reason] = said.get(piece.reason, 0) + overlap
        if said:
            return self.tree.name(max(said, key=lambda code: said[code]))
        if booked not in self._booked:
            self._booked[booked] = self._words(booked)
        return self._booked[booked]

    def _words(self, booked: str) -> str:
        code, words = from_mes(booked), booked.strip()
        if code != OTHER or words.lower() == OTHER:
            return self.tree.name(code) if code else ""
        return f"{self.tree.name(OTHER)}: {words}"
