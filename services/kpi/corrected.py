"""Why figures are not as reported: which records say something else now, and what came late."""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.statements import Among
from services.rows.kpi import CorrectionRow

MOST = 200


def _late(table: str, at: str, learned: str) -> Among:
    return Among(
        f"SELECT COUNT(*) FROM {table} WHERE equipment_id {{among}} AND {at} >= :from_us"  # noqa: S608
        f" AND {at} <= :to_us AND {learned} > :since_us"
    )


_LATE = {
    "": ("machine states that arrived late", _late("states", "source_us", "receive_us")),
    "quality_results": ("inspections entered or changed later",
                        _late("quality_results", "at_us", "updated_us")),
    "operations": ("operations booked or changed later", _late("operations", "start_us", "updated_us")),
    "downtimes": ("downtimes entered or changed later", _late("downtimes", "start_us", "updated_us")),
}  # fmt: skip
Closed = tuple[int, int, int]  # from, to, wall time of the close


def changes_of(tx: Connection, line_id: str, closed: Sequence[Closed]) -> list[Mapping[str, Any]]:
    """What was learned after the first of these closes about records that speak of the time of any of the
    shifts, oldest first."""
    if not closed:
        return []
    c = t.mes_changes.c
    query = select(t.mes_changes).where(
        c.line_id == line_id, c.learned_wall_us > min(wall for _, _, wall in closed),
        c.from_us < max(end for _, end, _ in closed), c.to_us > min(begin for begin, _, _ in closed),
    )  # fmt: skip
    return [dict(row) for row in tx.execute(query.order_by(c.change_id)).mappings()]


def corrections(
    changes: Sequence[Mapping[str, Any]], names: Mapping[str, str], span: tuple[int, int],
    since_wall_us: int, products: Collection[str],
) -> tuple[CorrectionRow, ...]:  # fmt: skip
    """Of those what was learned after a wall time about records that speak of a shift, oldest first, MOST
    at most. `names` are those of the line's machines; planned cycles count of the products that were made."""
    mine = (
        r for r in changes
        if r["learned_wall_us"] > since_wall_us and r["from_us"] < span[1] and r["to_us"] > span[0]
        and (not r["product_id"] or r["product_id"] in products)
    )  # fmt: skip
    return tuple(
        CorrectionRow(
            r["entity"], r["record"], names.get(r["equipment_id"], r["equipment_id"]), r["field"],
            json.loads(r["old"] or "null"), json.loads(r["new"] or "null"), r["learned_us"], r["instance"],
        )
        for r in islice(mine, MOST)
    )  # fmt: skip


def others(
    tx: Connection,
    units: Sequence[str],
    span: tuple[int, int],
    closing: Mapping[str, Any],
    known: Collection[str],
    moved: bool = False,
) -> tuple[str, ...]:
    """Facts that came after a shift was closed and are not named one by one: states, and records of kinds
    (entities) that are not among the `known` corrections. `moved`: another cause is known."""
    found = []
    values = {"from_us": span[0], "to_us": span[1], "since_us": closing["closed_us"]}
    for entity, (words, late) in _LATE.items():
        count = 0 if entity in known else late.rows(tx, units, values)[0][0]
        if count:
            found.append(f"{count} {words}")
    if not found and not known and not moved:
        return ("counters that arrived late, or a changed policy",)
    return tuple(found)
