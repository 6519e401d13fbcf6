"""The stored acts on stops."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.clock import DAY
from domain.stop_history import Act, ActKind, current, from_json
from domain.stops import Piece, Pieces, Stop

Row = dict[str, Any]


def acts_on(tx: Connection, equipment_ids: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Row]]:
    """Rows by stop key, in order, of the stops that may touch the span."""
    a = t.stop_acts.c
    rows = tx.execute(
        select(t.stop_acts)
        .where(
            a.equipment_id.in_(list(equipment_ids)),
            a.stop_from_us >= from_us - 8 * DAY,
            a.stop_from_us < to_us,
        )
        .order_by(a.stop_key, a.number)
    ).mappings()
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["stop_key"], []).append(dict(row))
    return found


def by_machine(acts: Mapping[str, list[Row]]) -> dict[str, dict[str, list[Row]]]:
    """Acts (by stop key) of each machine."""
    found: dict[str, dict[str, list[Row]]] = {}
    for key, rows in acts.items():
        found.setdefault(rows[-1]["equipment_id"], {})[key] = rows
    return found


def named(tx: Connection, equipment_ids: Sequence[str], from_us: int, to_us: int) -> dict[str, list[Piece]]:
    """The parts of stops that people gave a reason, by machine, as they stand now."""
    found: dict[str, list[Piece]] = {unit: [] for unit in equipment_ids}
    for rows in acts_on(tx, equipment_ids, from_us, to_us).values():
        found[rows[-1]["equipment_id"]] += [p for p in from_json(json.loads(rows[-1]["after"])) if p.reason]
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one stop: `own` under its key, `older` of a stop that was there before late data."""

    own: list[Row]
    older: list[Row]

    @property
    def rows(self) -> list[Row]:
        """All of it, the older first."""
        return [*self.older, *self.own]

    @property
    def base(self) -> Pieces:
        """The pieces before the stop's own acts."""
        return from_json(json.loads(self.older[-1]["after"])) if self.older else ()

    @property
    def acts(self) -> list[Act]:
        """The stop's own acts as the rules see them."""
        return [
            Act(
                row["number"], ActKind(row["kind"]), from_json(json.loads(row["before"])),
                from_json(json.loads(row["after"])),
            )
            for row in self.own
        ]  # fmt: skip

    def pieces(self, stop: Stop) -> Pieces:
        """The stop's parts now."""
        return current(self.acts, stop.from_us, stop.to_us, self.base)


def said_of(stop: Stop, by_key: Mapping[str, list[Row]]) -> Said:
    """What was said of a stop: under its key, and under another one whose time it shares.

    Late data may move the beginning of a stop; what people said stays with the time they said it of.
    """
    older: list[Row] = []
    longest = 0
    for key, rows in by_key.items():
        last = rows[-1]
        if last["equipment_id"] != stop.equipment_id or key == stop.key:
            continue
        overlap = min(last["stop_to_us"], stop.to_us) - max(last["stop_from_us"], stop.from_us)
        if overlap > longest:
            older, longest = rows, overlap
    return Said(by_key.get(stop.key, []), older)
