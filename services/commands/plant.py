"""What people do with machines as a whole: take one out of the plant, and put it back.

The time in between is in no figure, and what comes from the machine in it is flagged. Nobody is advised on
a machine that is out: its undecided cases are withdrawn; work that was ordered goes on, and is named.
"""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from auth.permissions import Actor, Permission
from data.store import cases
from data.store import tables as t
from data.store.database import Database
from domain.cases import UNDECIDED, CaseState
from domain.clock import FOR_EVER_US, wall_us
from domain.equipment import line_of, site_of
from domain.errors import InvalidInput, NotFound, NotNow
from services import audit, clocks
from services.actors import fresh
from services.commands.acting import reason_of
from services.ending import end
from services.kpi import dirty
from services.rows.plant import TakenOut


class PlantCommands:
    """Acts on behalf of an actor whose rights are read anew each time.

    Errors: NotSignedIn, Forbidden, NotFound, InvalidInput (the moment, the reason), NotNow (it is out, or in,
    already).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take_out(self, actor: Actor, equipment_id: str, at_us: int, reason: str) -> TakenOut:
        """Take a machine out of the plant from a moment on."""
        words = reason_of(reason)
        with self._database.write() as tx:
            person, now = _begin(tx, actor, equipment_id, at_us)
            if _out_since(tx, equipment_id) is not None:
                raise NotNow("this machine is out of the plant already")
            a = t.absences.c
            last = select(func.max(a.to_us)).where(a.equipment_id == equipment_id)
            if (back_us := tx.execute(last).scalar()) is not None and at_us < back_us:
                raise InvalidInput("it was put back later than that; choose a later moment", "at")
            row = {
                "equipment_id": equipment_id, "from_us": at_us, "out_by": person.account_id,
                "out_wall_us": wall_us(), "out_reason": words, "back_reason": "",
            }  # fmt: skip
            tx.execute(insert(t.absences).values(**row))
            _mark(tx, equipment_id, at_us, removed_us=at_us)
            done = _end_cases(tx, equipment_id, f"the machine was taken out of the plant: {words}", now)
            detail = {"at_us": at_us, "withdrawn": done.withdrawn, "under_way": done.under_way}
            _note(tx, person, "took a machine out of the plant", equipment_id, now, words, detail)
        return done

    def put_back(self, actor: Actor, equipment_id: str, at_us: int, reason: str) -> None:
        """Put a machine back into the plant from a moment on."""
        words = reason_of(reason)
        with self._database.write() as tx:
            person, now = _begin(tx, actor, equipment_id, at_us)
            out_us = _out_since(tx, equipment_id)
            if out_us is None:
                raise NotNow("this machine is in the plant")
            if at_us <= out_us:
                raise InvalidInput("it was taken out later than that; choose a later moment", "at")
            a = t.absences.c
            values = {
                "to_us": at_us, "back_by": person.account_id, "back_wall_us": wall_us(), "back_reason": words,
            }  # fmt: skip
            here = (a.equipment_id == equipment_id) & (a.from_us == out_us)
            tx.execute(update(t.absences).where(here).values(**values))
            _mark(tx, equipment_id, at_us, removed_us=None)
            _judge_from(tx, equipment_id, at_us)
            _note(tx, person, "put a machine back into the plant", equipment_id, now, words, {"at_us": at_us})


def _begin(tx: Connection, actor: Actor, equipment_id: str, at_us: int) -> tuple[Actor, int]:
    """The person, and plant time now. The machine's row stays ours until the end of the transaction."""
    person, e = fresh(tx, actor), t.equipment.c
    person.require(Permission.CHANGE_PLANT, equipment_id)
    here = select(e.equipment_id).where(
        e.equipment_id == equipment_id, e.level == "unit", e.assigned.is_(True)
    )
    if tx.execute(here.with_for_update()).first() is None:
        raise NotFound("there is no such machine in the plant")
    now = clocks.read(tx, site_of(equipment_id)).plant_us()
    if at_us > now:
        raise InvalidInput("that is in the future: say it when it has happened", "at")
    closed = _closed(tx, equipment_id, at_us)
    if closed is not None:
        said = f"the shift {closed} is closed; let the supervisor reopen it first, or choose a later moment"
        raise InvalidInput(said, "at")
    return person, now


def _out_since(tx: Connection, equipment_id: str) -> int | None:
    a = t.absences.c
    found: int | None = tx.execute(
        select(a.from_us).where(a.equipment_id == equipment_id, a.to_us.is_(None))
    ).scalar()
    return found


def _closed(tx: Connection, equipment_id: str, at_us: int) -> str | None:
    """The name of the newest closed shift that a change from a moment on would alter."""
    s = t.shift_closings.c
    query = select(s.shift).where(
        s.line_id == line_of(equipment_id), s.to_us > at_us, s.reopened_us.is_(None)
    )
    found: str | None = tx.execute(query.order_by(s.to_us.desc()).limit(1)).scalar()
    return found


def _mark(tx: Connection, equipment_id: str, at_us: int, *, removed_us: int | None) -> None:
    e = t.equipment.c
    tx.execute(update(t.equipment).where(e.equipment_id == equipment_id).values(removed_us=removed_us))
    dirty.mark(tx, [(equipment_id, at_us, FOR_EVER_US)])


def _end_cases(tx: Connection, equipment_id: str, why: str, now_us: int) -> TakenOut:
    undecided = {state.value for state in UNDECIDED}
    withdrawn, under_way = [], []
    for case in cases.all_open_for(tx, equipment_id):
        if case["state"] in undecided:
            end(tx, case, CaseState.WITHDRAWN, why, now_us, "withdrawn")
            withdrawn.append(int(case["number"]))
        else:
            under_way.append(int(case["number"]))
    return TakenOut(tuple(withdrawn), tuple(under_way))


def _judge_from(tx: Connection, equipment_id: str, at_us: int) -> None:
    """Alarms are judged again from the moment at which the machine is back; nothing of before is told."""
    s, d = t.alarm_states.c, t.alarm_definitions.c
    mine = select(d.alarm_id).where(d.equipment_id == equipment_id)
    later = {"upto_us": at_us, "judged_us": at_us, "pending_us": None}
    tx.execute(update(t.alarm_states).where(s.alarm_id.in_(mine), s.upto_us < at_us).values(**later))


def _note(
    tx: Connection, person: Actor, action: str, equipment_id: str, now_us: int, reason: str,
    detail: dict[str, Any],
) -> None:  # fmt: skip
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind="machine", subject_id=equipment_id,
        plant_us=now_us, detail=detail | {"reason": reason},
    )  # fmt: skip
