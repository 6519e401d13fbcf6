"""What machines did, from the classified intervals: the one place that says whether a machine executed.

Intervals carry a state whoever told it (PackML, OPC 40001-1, one bit, or parts alone), and none in a silence.
They reach as far as `kpi_progress` says; nothing is known of what lies behind that.
"""

import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store.energy_facts import each_unit
from data.store.statements import Row, Statement
from domain.time_model import EXECUTING, Cause, Leaf, Span

Ints = NDArray[np.int64]
SILENT = -1  # the state of a stretch in which nothing was heard
_RUNS = sorted(int(state) for state in EXECUTING)
# Nobody asks what a machine does that is out of the plant.
_STATE = f"CASE WHEN i.cause = '{Cause.REMOVED}' THEN NULL ELSE i.state END"
_DID = each_unit(
    f"SELECT u.place, i.from_us, i.to_us, {_STATE} FROM {{units}} JOIN intervals i"  # noqa: S608
    " ON i.equipment_id = u.unit AND i.from_us >= :from_us AND i.from_us < :to_us"
)
_DID_AT = each_unit(
    f"SELECT u.place, i.from_us, i.to_us, {_STATE} FROM {{units}} JOIN intervals i"  # noqa: S608
    " ON i.equipment_id = u.unit AND i.from_us = (SELECT MAX(from_us) FROM intervals"
    " WHERE equipment_id = u.unit AND from_us < :from_us) AND i.to_us > :from_us"
)
_RAN = Statement(
    "SELECT from_us, to_us FROM intervals WHERE equipment_id = :unit AND from_us >= COALESCE("  # noqa: S608
    "(SELECT MAX(from_us) FROM intervals WHERE equipment_id = :unit AND from_us <= :from_us), :from_us)"
    f" AND from_us <= :to_us AND to_us > :from_us AND state IN ({', '.join(map(str, _RUNS))})"
    f" AND cause <> '{Cause.REMOVED}' AND leaf <> '{Leaf.SETUP}' ORDER BY from_us"
)
_UPTO = Statement("SELECT upto_us FROM kpi_progress WHERE equipment_id = :unit")


def did(tx: Connection, units: Sequence[str], from_us: int, to_us: int) -> tuple[Ints, Ints, Ints, Ints]:
    """(place, from, to, state or SILENT) of the intervals that touch [from, to), by machine and time."""
    values = {"units": json.dumps(list(units)), "from_us": from_us, "to_us": to_us}
    rows = [row for each in (_DID_AT, _DID) for row in each[tx.dialect.name].rows(tx, values)]
    place, begin, end = (np.fromiter((row[k] for row in rows), np.int64, len(rows)) for k in range(3))
    state = np.fromiter((SILENT if row[3] is None else row[3] for row in rows), np.int64, len(rows))
    order = np.lexsort((begin, place))
    return place[order], begin[order], end[order], state[order]


def executed(state: Ints) -> NDArray[np.bool_]:
    """Which of the states are those of a machine that works."""
    return np.isin(state, _RUNS)


def ran(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Span]:
    """The stretches in which a machine worked, setup aside, whole as far as they touch [from, to]. What lies
    before `from` is read only with the interval that reaches over it."""
    values = {"unit": unit, "from_us": from_us, "to_us": to_us}
    found: list[Span] = []
    for begin, end in _RAN.rows(tx, values):
        if found and found[-1].to_us == begin:
            found[-1] = Span(found[-1].from_us, end)
        else:
            found.append(Span(begin, end))
    return found


def upto(tx: Connection, unit: str) -> int | None:
    """How far what a machine did is known; None for one that was never heard."""
    rows = _UPTO.rows(tx, {"unit": unit})
    return rows[0][0] if rows else None


def moved(old: Sequence[Row], new: Sequence[Row]) -> Span | None:
    """Where rows (_, from, to, leaf, cause, state, ...) of `intervals`, by start, came to say something else
    on whether the machine works or is set up; at least as long as that. None where they agree. What lies
    before or behind the old ones is news, and no change."""
    if not old or not new:
        return None
    both = Span(max(old[0][1], new[0][1]), min(old[-1][2], new[-1][2]))
    before, after = _steps(old, both), _steps(new, both)
    if before == after:
        return None
    differs = set(before) ^ set(after)
    last = max(at for at, _ in differs)
    behind = [at for at, _ in set(before) & set(after) if at > last]
    return Span(min(at for at, _ in differs), min(behind, default=both.to_us))


def _steps(rows: Iterable[Row], within: Span) -> list[tuple[int, tuple[bool | None, bool]]]:
    """(time, (whether it works from then on; None: nothing was heard, whether it is set up)) in a stretch."""
    found: list[tuple[int, tuple[bool | None, bool]]] = []
    for row in rows:
        works = None if row[5] is None or row[4] == Cause.REMOVED else row[5] in _RUNS
        does = (works, row[3] == Leaf.SETUP)
        if row[2] > within.from_us and row[1] < within.to_us and (not found or found[-1][1] != does):
            found.append((max(row[1], within.from_us), does))
    return found
