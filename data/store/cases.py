"""Rows of cases, commands, acts, signatures, receipts and outcomes. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from data.store import tables as t
from data.store.audit import LOCK
from data.store.upsert import insert_ignore, upsert
from domain.cases import ABOUT_SETTINGS

Row = Mapping[str, Any]
FIRST_NUMBER = 1_001
NUMBER_LOCK = LOCK  # one lock with the audit: two, taken in either order, would block each other for ever
_C = t.cases.c


def get(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """The case's row, or None."""
    return _one(tx.execute(select(t.cases).where(_C.case_id == case_id)))


def hold(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """The case's row, locked until this transaction ends (SQLite holds the whole database)."""
    return _one(tx.execute(select(t.cases).where(_C.case_id == case_id).with_for_update()))


def open_for(tx: Connection, equipment_id: str) -> list[dict[str, Any]]:
    """Open cases about faults of a machine, oldest first; `all_open_for` knows those about settings too."""
    return [case for case in all_open_for(tx, equipment_id) if case["kind"] not in ABOUT_SETTINGS]


def all_open_for(tx: Connection, equipment_id: str) -> list[dict[str, Any]]:
    """Open cases of a machine, whatever they are about, oldest first."""
    query = select(t.cases).where(_C.equipment_id == equipment_id, _C.open_key.is_not(None))
    return _all(tx.execute(query.order_by(_C.number)))


def newest_about(tx: Connection, equipment_id: str, kind: str, cause: str) -> dict[str, Any] | None:
    """The newest case of a kind about one thing of a machine, open or closed."""
    mine = (_C.equipment_id == equipment_id) & (_C.kind == kind) & (_C.cause == cause)
    return _one(tx.execute(select(t.cases).where(mine).order_by(_C.number.desc()).limit(1)))


def newest_closed(tx: Connection, equipment_id: str) -> dict[str, Any] | None:
    """The machine's case about a fault that ended last, with its finding ('' without one)."""
    query = (
        select(t.cases, func.coalesce(t.outcomes.c.finding, "").label("finding"))
        .join_from(t.cases, t.outcomes, t.outcomes.c.case_id == _C.case_id, isouter=True)
        .where(_C.equipment_id == equipment_id, _C.closed_us.is_not(None), _C.kind.not_in(ABOUT_SETTINGS))
        .order_by(_C.closed_us.desc())
        .limit(1)
    )
    return _one(tx.execute(query))


def overdue(tx: Connection, site_id: str, now_us: int, states: Sequence[str]) -> list[dict[str, Any]]:
    """Cases of a site in one of the states whose deadline has passed."""
    query = select(t.cases).where(_C.site_id == site_id, _C.state.in_(states), _C.deadline_us <= now_us)
    return _all(tx.execute(query.order_by(_C.deadline_us)))


def next_number(tx: Connection) -> int:
    """The next short number. On PostgreSQL others wait until this transaction ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": NUMBER_LOCK})
    newest = tx.execute(select(func.max(_C.number))).scalar()
    return FIRST_NUMBER if newest is None else int(newest) + 1


def add(tx: Connection, row: Row) -> None:
    """Store a new case."""
    tx.execute(insert(t.cases).values(dict(row)))


def change(tx: Connection, case_id: str, version: int, values: Row) -> bool:
    """Change a case that still has this version. False: somebody else was first."""
    statement = update(t.cases).where(_C.case_id == case_id, _C.version == version).values(dict(values))
    return tx.execute(statement).rowcount == 1


def commands_of(tx: Connection, case_id: str) -> list[dict[str, Any]]:
    """The case's commands in their order."""
    c = t.commands.c
    query = select(t.commands).where(c.case_id == case_id).order_by(c.position, c.command_id)
    return _all(tx.execute(query))


def command(tx: Connection, command_id: str) -> dict[str, Any] | None:
    """One command's row, or None."""
    return _one(tx.execute(select(t.commands).where(t.commands.c.command_id == command_id)))


def add_commands(tx: Connection, rows: Sequence[Row]) -> None:
    """Store new commands."""
    if rows:
        tx.execute(insert(t.commands), [dict(row) for row in rows])


def drop_proposed(tx: Connection, case_id: str) -> None:
    """Forget commands that were only proposed: a new proposal takes their place."""
    c = t.commands.c
    tx.execute(delete(t.commands).where(c.case_id == case_id, c.state == "proposed"))


def cancel_proposed(tx: Connection, case_id: str, wall_us: int) -> None:
    """Commands that will never be sent, because the case ended without an approval."""
    c = t.commands.c
    statement = update(t.commands).where(c.case_id == case_id, c.state == "proposed")
    tx.execute(statement.values(state="cancelled", changed_wall_us=wall_us, detail="never sent"))


def set_payload(tx: Connection, command_id: str, payload: str) -> None:
    """Replace the payload of a command that was only proposed."""
    c = t.commands.c
    statement = update(t.commands).where(c.command_id == command_id, c.state == "proposed")
    tx.execute(statement.values(payload=payload))


def set_command(tx: Connection, command_id: str, state: str, wall_us: int, detail: str | None = None) -> None:
    """Set a command's state; the detail stays when None."""
    values: dict[str, Any] = {"state": state, "changed_wall_us": wall_us}
    if detail is not None:
        values["detail"] = detail
    tx.execute(update(t.commands).where(t.commands.c.command_id == command_id).values(values))


def begin_act(tx: Connection, act_id: str, account_id: str, kind: str, wall_us: int) -> dict[str, Any] | None:
    """None when this act is new; else the row of the act that had this id first."""
    row = {"act_id": act_id, "account_id": account_id, "kind": kind, "result": "", "done_wall_us": wall_us}
    if insert_ignore(tx, t.acts, [row]):
        return None
    return _one(tx.execute(select(t.acts).where(t.acts.c.act_id == act_id)))


def finish_act(tx: Connection, act_id: str, result: str) -> None:
    """Keep what the act returned."""
    tx.execute(update(t.acts).where(t.acts.c.act_id == act_id).values(result=result))


def add_signature(tx: Connection, row: Row) -> None:
    """Store a signature."""
    tx.execute(insert(t.signatures).values(dict(row)))


def add_receipt(tx: Connection, row: Row) -> bool:
    """Store a receipt. False when it was here before."""
    return insert_ignore(tx, t.receipts, [row]) == 1


def receipts_of(tx: Connection, command_id: str) -> list[dict[str, Any]]:
    """All receipts of a command."""
    return _all(tx.execute(select(t.receipts).where(t.receipts.c.command_id == command_id)))


def set_outcome(tx: Connection, row: Row) -> None:
    """Store or correct what came of a case."""
    upsert(tx, t.outcomes, [row], ("case_id",))


def outcome(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """What came of a case, or None."""
    return _one(tx.execute(select(t.outcomes).where(t.outcomes.c.case_id == case_id)))


def similar(tx: Connection, cause: str, machine_type: str, site_id: str, limit: int) -> list[dict[str, Any]]:
    """Ended cases of a cause on machines of a type, newest first, with their finding ('' without)."""
    e, o = t.equipment.c, t.outcomes.c
    query = (
        select(
            _C.case_id,
            _C.number,
            _C.equipment_id,
            _C.opened_us,
            _C.state,
            func.coalesce(o.finding, "").label("finding"),
        )
        .join_from(t.cases, t.equipment, e.equipment_id == _C.equipment_id)
        .join(t.outcomes, o.case_id == _C.case_id, isouter=True)
        .where(_C.cause == cause, e.machine_type == machine_type, _C.site_id == site_id)
        .where(_C.open_key.is_(None))
        .order_by(_C.opened_us.desc())
        .limit(limit)
    )
    return _all(tx.execute(query))


def _one(result: Any) -> dict[str, Any] | None:
    row = result.mappings().one_or_none()
    return None if row is None else dict(row)


def _all(result: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in result.mappings()]
