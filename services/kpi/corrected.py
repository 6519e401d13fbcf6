"""Why figures are not as reported: which records say something else now, and what came late."""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Among, Statement
from services.rows.kpi import CorrectionRow

MOST = 200


_LATE = {
    "": ("machine states that arrived late", "states", "source_us", "receive_us"),
    "quality_results": ("inspections entered or changed later", "quality_results", "at_us", "updated_us"),
    "operations": ("operations booked or changed later", "operations", "start_us", "updated_us"),
    "downtimes": ("downtimes entered or changed later", "downtimes", "start_us", "updated_us"),
}
_COUNTS = ", ".join(
    f"SUM((SELECT COUNT(*) FROM {table} r WHERE r.equipment_id = a.unit AND r.{at} >= a.from_us"  # noqa: S608
    f" AND r.{at} <= a.to_us AND r.{learned} > a.since_us))"
    for _, table, at, learned in _LATE.values()
)
_ASKED = {
    "sqlite": "(SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') AS unit,"
    " json_extract(value, '$[2]') AS from_us, json_extract(value, '$[3]') AS to_us,"
    " json_extract(value, '$[4]') AS since_us FROM json_each(:asked)) a",
    "postgresql": "(SELECT CAST(value ->> 0 AS INT) AS place, value ->> 1 AS unit,"
    " CAST(value ->> 2 AS BIGINT) AS from_us, CAST(value ->> 3 AS BIGINT) AS to_us,"
    " CAST(value ->> 4 AS BIGINT) AS since_us FROM json_array_elements(CAST(:asked AS JSON))) a",
}
_LATER = {
    dialect: Statement(f"SELECT a.place, {_COUNTS} FROM {asked} GROUP BY a.place")  # noqa: S608
    for dialect, asked in _ASKED.items()
}
Closed = tuple[int, int, int]  # from, to, wall time of the close
_CHANGE = (
    "line_id", "learned_wall_us", "from_us", "to_us", "entity", "record", "equipment_id", "product_id",
    "field", "old", "new", "learned_us", "instance",
)  # fmt: skip
_LEARNED = Among(
    f"SELECT {', '.join(_CHANGE)} FROM mes_changes WHERE line_id {{among}} AND learned_wall_us > :since_us"  # noqa: S608
    " AND from_us < :to_us AND to_us > :from_us ORDER BY change_id"
)


def changes_of(tx: Connection, closed: Mapping[str, Sequence[Closed]]) -> dict[str, list[Mapping[str, Any]]]:
    """By line what was learned after the first of all these closes about records that speak of the time from
    the first to the last of the shifts, oldest first."""
    every = [one for closes in closed.values() for one in closes]
    found: dict[str, list[Mapping[str, Any]]] = {line: [] for line in closed}
    if every:
        begins, ends, walls = zip(*every, strict=True)
        where = {"since_us": min(walls), "from_us": min(begins), "to_us": max(ends)}
        for row in _LEARNED.rows(tx, list(closed), where):
            found[row[0]].append(dict(zip(_CHANGE, row, strict=True)))
    return found


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


Later = Mapping[str, int]  # facts that came after a close, by entity ("" for states)


def later(tx: Connection, closes: Sequence[tuple[Sequence[str], int, int, int]]) -> list[Later]:
    """How many facts of each kind came after each of these closes, which are the machines of a line, the
    beginning and the end of a shift, and when it was closed. One statement for all."""
    asked = [(place, unit, *close) for place, (units, *close) in enumerate(closes) for unit in units]
    rows = _LATER[tx.dialect.name].rows(tx, {"asked": json.dumps(asked)}) if asked else ()
    found = {place: dict(zip(_LATE, map(int, counts), strict=True)) for place, *counts in rows}
    return [found.get(place, {}) for place in range(len(closes))]


def others(came: Later, known: Collection[str], moved: bool = False) -> tuple[str, ...]:
    """Facts that came after a shift was closed and are not named one by one: states, and records of kinds
    (entities) that are not among the `known` corrections. `moved`: another cause is known."""
    found = tuple(
        f"{count} {_LATE[entity][0]}" for entity, count in came.items() if count and entity not in known
    )
    if not found and not known and not moved:
        return ("counters that arrived late, or a changed policy",)
    return found
