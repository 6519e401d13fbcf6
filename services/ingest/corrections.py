"""Keeps what records of a MES said before: the second time axis of the figures.

Each field of a record that changed is one row with both values, the time that the record speaks of, when we
learned it and from which database. A record that is new is a correction only where a shift that it touches
was closed already. Rows are only added; those older than KEPT_US go, a few at a time.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from data.store import inspected
from data.store import tables as t
from data.store.upsert import insert_ignore
from domain.clock import DAY, FOR_EVER_US
from domain.equipment import line_of, site_of
from services import clocks
from services.kpi.taken import taken_since

KEPT_US = 400 * DAY
FORGOTTEN_AT_ONCE = 500
TRACKED = frozenset(
    {"orders", "operations", "shifts", "downtimes", "quality_results", "maintenance", "product_rates"}
)
_NAMING = frozenset(
    {
        "order_id",
        "operation_id",
        "shift_id",
        "downtime_id",
        "result_id",
        "maintenance_id",
        "product_id",
        "tool",
    }
)
# Grow hour by hour while the work goes on, and are in no figure of a shift.
BOOKED = {"operations": frozenset({"good", "scrap"})}
Row = Mapping[str, Any]


def keep(
    tx: Connection, instance: str, entity: str, keys: Sequence[str], before: Sequence[Row],
    after: Sequence[Row], wall_us: int,
) -> None:  # fmt: skip
    """Note what these rows change: call it with the rows before and after, before they are stored."""
    if entity not in TRACKED:
        return
    spoken = _speaking(tx, entity, [*before, *after])
    pairs = _pairs(keys, before, after)
    closed = _closed(tx, {_line(row) for old, row in pairs if old is None})
    found = [
        (row, old, change)
        for old, row in pairs
        for change in (
            _fields(entity, keys, old, row) if old is not None else _new(closed, spoken, keys, row)
        )
    ]
    if not found:
        return
    now = clocks.plant_times(tx, wall_us)
    rows = [
        _row(instance, entity, keys, row, old, change, spoken)
        | {"learned_us": now.get(site_of(_line(row)), wall_us), "learned_wall_us": wall_us}
        for row, old, change in found
    ]
    tx.execute(insert(t.mes_changes), rows)
    _keep_ends(tx, instance, [(old, row) for old, row in pairs if old is not None], now, wall_us)
    _forget(tx, wall_us - KEPT_US)


def telling(entity: str, keys: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    """These rows, before and after, without those of which only what was booked has changed: figures need not
    follow."""
    if entity not in BOOKED:
        return [*before, *after]
    moved = [
        (old, row)
        for old, row in _pairs(keys, before, after)
        if old is None or any(_fields(entity, keys, old, row))
    ]
    return [*(old for old, _ in moved if old is not None), *(row for _, row in moved)]


def _pairs(keys: Sequence[str], before: Iterable[Row], after: Iterable[Row]) -> list[tuple[Row | None, Row]]:
    """Each row as it is now, with the one of the same keys before; None where there was none."""
    known = {tuple(row[key] for key in keys): row for row in before}
    return [(known.get(tuple(row[key] for key in keys)), row) for row in after]


def _keep_ends(
    tx: Connection, instance: str, pairs: Iterable[tuple[Row, Row]], now: Mapping[str, int], wall_us: int
) -> None:
    """Keep the ends that planned stops had: not forgotten, since figures of any age rest on them."""
    rows = [
        {"instance": instance, "downtime_id": old["downtime_id"], "end_us": old["end_us"],
         "until_us": now.get(site_of(old["equipment_id"]), wall_us)}
        for old, new in pairs
        if (old.get("planned") or new.get("planned")) and old["end_us"] != new["end_us"]
    ]  # fmt: skip
    insert_ignore(tx, t.stop_ends, rows)


Change = tuple[str, str | None, str | None]
Spoken = Callable[[Row], tuple[int, int]]  # the time that a record speaks of


def _fields(entity: str, keys: Sequence[str], old: Row, new: Row) -> Iterator[Change]:
    left_out = {*keys, "updated_us", *BOOKED.get(entity, ())}
    for name, value in new.items():
        if name not in left_out and old[name] != value:
            yield name, json.dumps(old[name]), json.dumps(value)


def _new(
    closed: Mapping[str, list[tuple[int, int]]], spoken: Spoken, keys: Sequence[str], row: Row
) -> Iterator[Change]:
    shifts = closed.get(_line(row), ())
    begin, end = spoken(row) if shifts else (0, 0)
    if any(begin < to_us and end > from_us for from_us, to_us in shifts):
        whole = {name: value for name, value in row.items() if name not in (*keys, "updated_us")}
        yield "", None, json.dumps(whole)


def _closed(tx: Connection, lines: set[str]) -> dict[str, list[tuple[int, int]]]:
    """The shifts that were closed at least once, by line."""
    c, found = t.shift_closings.c, dict[str, list[tuple[int, int]]]()
    if lines:
        query = select(c.line_id, c.from_us, c.to_us).where(c.line_id.in_(lines), c.version == 1)
        for line, from_us, to_us in tx.execute(query):
            found.setdefault(line, []).append((from_us, to_us))
    return found


def _line(row: Row) -> str:
    return str(row["line_id"]) if "line_id" in row else line_of(row["equipment_id"])


def _speaking(tx: Connection, entity: str, rows: Sequence[Row]) -> Spoken:
    """What says of which time these records speak: an inspection of the work that it followed, and of the
    parts made before that it may make scrap."""
    if entity != "quality_results":
        return partial(_spoken, entity)
    worked, parts = inspected.worked_of(tx, rows), Counter[tuple[str, str]]()
    for row in rows:
        parts[row["equipment_id"], row.get("order_id") or ""] += max(0, row["scrap"])

    def spoken(row: Row) -> tuple[int, int]:
        unit, order, at = row["equipment_id"], row.get("order_id") or "", row["at_us"]
        mine = worked.get((unit, order), ())
        end = inspected.spoken_of(at, mine)
        if not mine or row["scrap"] <= 0:
            return end - 1, end
        return min(end - 1, taken_since(tx, unit, order, mine, at, parts[unit, order])), end

    return spoken


def _spoken(entity: str, row: Row) -> tuple[int, int]:
    """The time that a record speaks of."""
    if entity == "product_rates":
        return row["valid_from_us"], FOR_EVER_US
    begin, end = row.get("start_us"), row.get("end_us")
    if begin is None:  # not begun: what is planned
        begin, end = row.get("planned_start_us", row.get("planned_us")) or 0, row.get("planned_end_us")
        end = begin + 1 if end is None else end
    return begin, FOR_EVER_US if end is None else max(end, begin + 1)


def _row(
    instance: str, entity: str, keys: Sequence[str], row: Row, old: Row | None, change: Change, spoken: Spoken
) -> dict[str, Any]:
    times = [spoken(each) for each in (row, old) if each is not None]
    name, before, after = change
    return {
        "instance": instance, "entity": entity,
        "record": " ".join(str(row[key]) for key in keys if key in _NAMING and row[key]),
        "line_id": _line(row), "equipment_id": row.get("equipment_id", ""),
        "product_id": row["product_id"] if entity == "product_rates" else "",
        "from_us": min(s[0] for s in times), "to_us": max(s[1] for s in times),
        "field": name, "old": before, "new": after,
    }  # fmt: skip


def _forget(tx: Connection, before_wall_us: int) -> None:
    c = t.mes_changes.c
    old = select(c.change_id).where(c.learned_wall_us < before_wall_us).order_by(c.change_id)
    tx.execute(delete(t.mes_changes).where(c.change_id.in_(old.limit(FORGOTTEN_AT_ONCE))))
