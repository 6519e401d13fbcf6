"""Acts on stops: name, split, merge, take back; and the reason tree.

Nothing is overwritten: every act is a row with the earlier value, and an entry of the audit.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, wall_us
from domain.equipment import line_of, site_of
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from domain.reasons import Reason
from domain.stop_causes import Proposal
from domain.stop_history import Act, ActKind, Ask, perform, to_json
from domain.time_model import Span
from services import audit, clocks
from services.actors import fresh
from services.stops import draws, log
from services.stops.finding import Found, find
from services.stops.reasons import tree

LATEST_US = 12 * HOUR
LONGEST_NOTE = 500
SAID = {
    ActKind.NAME: "named a stop",
    ActKind.SPLIT: "split a stop",
    ActKind.MERGE: "merged parts of a stop",
    ActKind.REVERT: "took back an act on a stop",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One act on a stop. `act_id` makes a double tap harmless, `version` guards against others."""

    act_id: str
    stop_key: str
    version: int
    ask: Ask
    note: str = ""
    entry_ms: int = 0


class MachineStopCommands:
    """Each command reads the actor anew, checks permission and scope, and writes its audit entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def act(self, actor: Actor, order: Order) -> None:
        """Do it. Conflict when somebody was faster, NotNow when it is too late for this person."""
        unit, from_us = _parts(order.stop_key)
        if len(order.note) > LONGEST_NOTE:
            raise InvalidInput(f"at most {LONGEST_NOTE} characters, please")
        with self._database.read() as tx:
            person = fresh(tx, actor)
            person.require(Permission.NAME_STOPS, unit)
            now_us = clocks.read(tx, site_of(unit)).plant_us()
            found, proposal = _found(tx, unit, from_us, now_us)
            _check(tx, person, order.ask, found, now_us)
        try:
            with self._database.write() as tx:
                fresh(tx, actor).require(Permission.NAME_STOPS, unit)
                if not _again(tx, person, order):
                    _store(tx, person, order, (found, proposal), now_us)
        except IntegrityError as error:
            raise Conflict("somebody else has just changed this stop") from error

    def set_reason(self, actor: Actor, site_id: str, reason: Reason) -> None:
        """A new or changed node of the tree, from now on."""
        r = t.reason_nodes.c
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.EDIT_REASONS, site_id)
            now = tree(tx, site_id)
            before = now.find(reason.code)
            if before == reason:
                raise InvalidInput("this changes nothing")
            now.changed(reason)
            mine = (r.site_id == site_id) & (r.code == reason.code)
            version = 1 + len(tx.execute(select(r.version).where(mine)).all())
            values = {
                "name": reason.name.strip(), "parent": reason.parent, "position": reason.position,
                "active": reason.active,
            }  # fmt: skip
            tx.execute(
                insert(t.reason_nodes).values(
                    site_id=site_id, code=reason.code, version=version, **values,
                    set_by=person.account_id, set_wall_us=wall_us(),
                )
            )  # fmt: skip
            detail = {"version": version, "after": values, "before": before.name if before else None}
            plant_us = clocks.read(tx, site_id).plant_us()
            _note(tx, person, "changed a reason", ("reason", f"{site_id}/{reason.code}"), plant_us, detail)


def _parts(key: str) -> tuple[str, int]:
    unit, _, start = key.rpartition("|")
    if not unit or not start.isdigit():
        raise NotFound("there is no such stop")
    return unit, int(start)


def _found(tx: Connection, unit: str, from_us: int, now_us: int) -> tuple[Found, Proposal | None]:
    span = Span(from_us, min(from_us + DAY, now_us))
    while span.to_us > from_us:
        here = find(tx, line_of(unit), span, now_us)
        found = next(
            (f for f in here.found if (f.stop.equipment_id, f.stop.from_us) == (unit, from_us)), None
        )
        if found is None:
            break
        if found.stop.to_us < span.to_us or span.to_us == now_us:
            return found, here.proposals(tx, [found])[found.stop.key]
        span = Span(from_us, min(span.to_us + DAY, now_us))
    raise NotFound("this stop is not there any more: late data changed it; look again")


def _check(tx: Connection, person: Actor, ask: Ask, found: Found, now_us: int) -> None:
    if too_late(person, found, now_us):
        raise NotNow("this stop ended more than 12 hours ago; a supervisor can still correct it")
    if ask.kind is ActKind.NAME:
        tree(tx, site_of(found.stop.equipment_id)).check_leaf(ask.reason)


def too_late(person: Actor, found: Found, now_us: int) -> bool:
    """True when only those who may correct stops may still act on it."""
    late = now_us - found.stop.to_us > LATEST_US
    return late and not person.may(Permission.CORRECT_STOPS, found.stop.equipment_id)


def _again(tx: Connection, person: Actor, order: Order) -> bool:
    a = t.stop_acts.c
    row = tx.execute(select(a.account_id, a.stop_key).where(a.act_id == order.act_id)).first()
    if row and (row.account_id, row.stop_key) != (person.account_id, order.stop_key):
        raise Forbidden("this id belongs to another act")
    return row is not None


def _store(
    tx: Connection, person: Actor, order: Order, known: tuple[Found, Proposal | None], now_us: int
) -> None:
    (found, proposal), ask = known, order.ask
    stop = found.stop
    said = log.said_of(stop, log.acts_on(tx, [stop.equipment_id], stop.from_us, stop.to_us))
    if len(said.own) != order.version:
        raise Conflict("somebody else has changed this stop; look at it again")
    done = perform(said.acts, ask, stop.from_us, stop.to_us, said.base)
    row = {
        "stop_key": stop.key, "equipment_id": stop.equipment_id, "stop_from_us": stop.from_us,
        "stop_to_us": stop.to_us, "number": done.number, "kind": ask.kind.value, "reason": ask.reason,
        "earlier": _earlier(done, ask, found, fresh=not (said.own or said.older)), "note": order.note.strip(),
        "before": json.dumps(to_json(done.before)), "after": json.dumps(to_json(done.after)),
        "proposal": proposal.reason if proposal else "",
        "hidden": draws.draw(tx, [stop])[stop.key],
        "entry_ms": max(0, min(order.entry_ms, 3_600_000)),
    }  # fmt: skip
    tx.execute(
        insert(t.stop_acts).values(
            act_id=order.act_id, **row, account_id=person.account_id, plant_us=now_us, wall_us=wall_us()
        )
    )
    detail = {name: row[name] for name in ("number", "kind", "reason", "earlier", "before", "after")}
    _note(tx, person, SAID[ask.kind], ("stop", stop.key), now_us, detail)


def _earlier(done: Act, ask: Ask, found: Found, *, fresh: bool) -> str:
    """The value that the act takes the place of."""
    if ask.kind is not ActKind.NAME:
        return ""
    before = next(p.reason for p in done.before if p.from_us == ask.piece_from_us)
    return before or (found.booked if fresh else "")


def _note(
    tx: Connection,
    person: Actor,
    action: str,
    subject: tuple[str, str],
    plant_us: int,
    detail: dict[str, Any],
) -> None:
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind=subject[0], subject_id=subject[1],
        plant_us=plant_us, detail=detail,
    )  # fmt: skip
