"""What was odd behind the figures (`services.kpi.flags` writes it), for the screen and for a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from data.store import tables as t
from data.store.statements import Among
from services.kpi.flags import OVER_A_CHANGE
from services.rows.kpi import FLAGS_BACK_US, Ask, FlagRow

MOST = 5_000
_OVER = Among(
    "SELECT from_us, equipment_id, words FROM kpi_flags WHERE equipment_id {among} AND code = :code"
    " AND from_us {among:edges} ORDER BY at_us, equipment_id"
)

_SAID = Among(
    "SELECT code, equipment_id, record, words FROM kpi_flags WHERE equipment_id {among} AND code <> :code"
    " AND from_us >= :from_us AND from_us < :to_us ORDER BY at_us DESC, equipment_id, code, record"
)


def newest(
    tx: Connection, units: Sequence[str], ask: Ask, names: dict[str, str]
) -> tuple[tuple[FlagRow, ...], int]:
    """The newest oddity of each kind in the shifts that began in the last FLAGS_BACK_US of the stretch, with
    the number of machines that it was found on, and how many oddities there are in all."""
    f = t.kpi_flags.c
    since = max(ask.from_us, ask.to_us - FLAGS_BACK_US)
    here = (f.equipment_id.in_(list(units)), f.from_us >= since, f.from_us < ask.to_us)
    last = func.max(f.from_us)
    query = select(f.equipment_id, f.code, last, func.count()).where(*here).group_by(f.equipment_id, f.code)
    kinds: dict[str, list[Any]] = {}
    for kind in tx.execute(query.order_by(last.desc(), f.equipment_id)):
        kinds.setdefault(kind.code, []).append(kind)
    first = {code: (of[0][0], of[0][2]) for code, of in kinds.items()}
    units_of, cells_of = ({pair[k] for pair in first.values()} for k in (0, 1))
    which = f.equipment_id.in_(units_of) & f.from_us.in_(cells_of)
    rows = {(r.equipment_id, r.from_us, r.code): r for r in tx.execute(
        select(t.kpi_flags).where(which).order_by(f.at_us, f.record))}  # fmt: skip
    found = tuple(
        FlagRow(
            unit, names.get(unit) or unit, code, row.record, row.at_us, row.words,
            sum(int(kind[3]) for kind in kinds[code]), len(kinds[code]),
        )
        for code, (unit, cell) in first.items()
        for row in (rows[unit, cell, code],)
    )  # fmt: skip
    return tuple(sorted(found, key=lambda row: -row.at_us)), sum(row.times for row in found)


def every(tx: Connection, units: dict[str, str], ask: Ask) -> list[FlagRow]:
    """Each remark of machines (name by id) in the shifts that began in the stretch, newest first; at most
    MOST."""
    f = t.kpi_flags.c
    query = select(t.kpi_flags).where(
        f.equipment_id.in_(list(units)), f.from_us >= ask.from_us, f.from_us < ask.to_us
    )
    rows = tx.execute(query.order_by(f.at_us.desc(), f.equipment_id, f.code, f.record).limit(MOST))
    return [
        FlagRow(r.equipment_id, units[r.equipment_id], r.code, r.record, r.at_us, r.words, 1) for r in rows
    ]


def said(tx: Connection, units: Mapping[str, str], span: tuple[int, int]) -> tuple[str, ...]:
    """The remarks of machines (name by id) in the shifts that began in a stretch, a sentence a kind: its
    newest with the record, and how many more there are. What `unsure` says is left out."""
    kinds: dict[str, list[Any]] = {}
    for row in _SAID.rows(tx, list(units), {"from_us": span[0], "to_us": span[1], "code": OVER_A_CHANGE}):
        kinds.setdefault(row[0], []).append(row)
    found = []
    for rows in kinds.values():
        _, unit, record, words = rows[0]
        more = len(rows) - 1
        tail = f" ({more:,} more like this, on {len({row[1] for row in rows})} machines)" if more else ""
        found.append(f"{units[unit]}: {words}{f' Record: {record}.' if record else ''}{tail}")
    return tuple(found)


def unsure(tx: Connection, units: Mapping[str, str], spans: Iterable[tuple[int, int]]) -> list[list[str]]:
    """For each [from, to) what came at once after a gap over its beginning or its end, a sentence a machine
    (name by id): counted in it, or in what follows, and nobody knows where it belongs."""
    spans = list(spans)
    edges = {edge for span in spans for edge in span}
    values = {"code": OVER_A_CHANGE, "edges": sorted(edges)}
    found: dict[int, list[str]] = {}
    for at, unit, words in _OVER.rows(tx, list(units), values):
        found.setdefault(at, []).append(f"{units[unit]}: {words}")
    behind = "Counted in what follows. "
    return [[*found.get(begin, []), *(behind + one for one in found.get(end, []))] for begin, end in spans]
