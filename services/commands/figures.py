"""What people do with figures: close a shift, reopen it, set a target, set how stops are read.

Each act is one transaction with its audit entry. A closed shift keeps its figures as reported; what
facts say later is shown beside it as corrected, with the difference.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from auth.permissions import Actor, Permission
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.clock import FOR_EVER_US, MINUTE, wall_us
from domain.equipment import line_of, site_of
from domain.errors import Conflict, InvalidInput, NotFound, NotNow
from domain.kpi import MinorModel
from domain.measures import NAMES
from domain.shift_calendar import at_minute, local_day
from services import audit, clocks
from services.actors import fresh
from services.commands.acting import checked_text, reason_of
from services.kpi import dirty, valid
from services.kpi.closing import provisional_units
from services.kpi.planned import units_of, zone_of
from services.kpi.reading import lines_of
from services.queries.common import people

LONGEST_MINOR_S = 1_800
WHILE_TYPING_US = 10 * MINUTE  # a form says "from now on" with the time at which it was drawn
TARGETED = ("oee", "availability", "effectiveness", "quality")


class FigureCommands:
    """Acts on figures on behalf of an actor whose rights are read anew each time.

    Errors: NotSignedIn, Forbidden, NotFound, NotNow (the shift still runs, is closed, is open),
    InvalidInput.
    """

    def __init__(self, database: Database, now_wall: Callable[[], int] = wall_us) -> None:
        self._database = database
        self._now_wall = now_wall

    def close_shift(self, actor: Actor, line_id: str, from_us: int, note: str = "") -> int:
        """Report the shift of a line as it stands now; returns the version, 1 at the first close."""
        words = checked_text(note, optional=True)
        with self._database.write() as tx:
            person = self._allowed(tx, actor, Permission.CLOSE_SHIFT, line_id)
            to_us, shift = _shift(tx, line_id, from_us)
            now = clocks.read(tx, site_of(line_id)).plant_us()
            if now < to_us:
                raise NotNow("this shift still runs; close it when it has ended")
            version = _newest(tx, line_id, from_us)
            if version is not None and version["reopened_us"] is None:
                raise _closed_already(tx, version["closed_by"])
            number = 1 if version is None else version["version"] + 1
            row = {
                "line_id": line_id, "from_us": from_us, "version": number, "to_us": to_us, "shift": shift,
                "closed_by": person.account_id, "closed_us": now, "closed_wall_us": self._now_wall(),
                "note": words, "reopen_reason": "",
                "constraint_unit": _constraint(tx, line_id),
            }  # fmt: skip
            if not insert_ignore(tx, t.shift_closings, [row]):  # somebody else, in this very moment
                raise Conflict("somebody else has just closed this shift")
            _keep(tx, line_id, from_us, to_us, number)
            dirty.mark(tx, [(line_id, from_us, to_us)])
            detail = {"shift": shift, "from_us": from_us, "version": number, "note": words}
            _note(tx, person, "closed a shift", line_id, now, detail)
        return number

    def reopen_shift(self, actor: Actor, line_id: str, from_us: int, reason: str) -> None:
        """Open a closed shift again; the reason is kept with it."""
        words = checked_text(reason)
        with self._database.write() as tx:
            person = self._allowed(tx, actor, Permission.CLOSE_SHIFT, line_id)
            newest = _newest(tx, line_id, from_us)
            if newest is None or newest["reopened_us"] is not None:
                raise NotNow("this shift is not closed")
            now = clocks.read(tx, site_of(line_id)).plant_us()
            c = t.shift_closings.c
            here = (c.line_id == line_id) & (c.from_us == from_us) & (c.version == newest["version"])
            here &= c.reopened_us.is_(None)
            values = {
                "reopened_by": person.account_id, "reopened_us": now, "reopen_reason": words,
                "reopened_wall_us": self._now_wall(),
            }  # fmt: skip
            if not tx.execute(update(t.shift_closings).where(here).values(**values)).rowcount:
                raise Conflict("somebody else has just reopened this shift")
            dirty.mark(tx, [(line_id, from_us, newest["to_us"])])
            detail = {"from_us": from_us, "version": newest["version"], "reason": words}
            _note(tx, person, "reopened a shift", line_id, now, detail)

    def set_target(
        self, actor: Actor, scope: str, kpi: str, value: float, valid_from_us: int, reason: str = ""
    ) -> None:
        """A target as a fraction, from a moment on; earlier ones stay for the time before. Only the first of
        its kind may begin before today.

        Conflict where one holds from that moment on already: it must be taken back first.
        """
        if kpi not in TARGETED or not 0 < value <= 1:
            raise InvalidInput("a target is a share between 0 and 100 % of a ratio", "value")
        with self._database.write() as tx:
            person = self._allowed(tx, actor, Permission.SET_TARGETS, scope)
            _known(tx, scope)
            before = _target(tx, scope, kpi, valid_from_us)
            at_us = clocks.read(tx, site_of(scope)).plant_us()
            zone = zone_of(tx, scope)
            if valid_from_us < at_minute(local_day(at_us, zone), 0, zone) and _held(tx, scope, kpi, at_us):
                words = "a target begins today or later: the days before keep the one that held then"
                raise InvalidInput(words, "valid_from")
            row = {
                "scope": scope, "kpi": kpi, "valid_from_us": valid_from_us, "value": value,
                "set_by": person.account_id, "set_wall_us": self._now_wall(),
            }  # fmt: skip
            if not insert_ignore(tx, t.targets, [row]):
                raise Conflict("a target holds from that day on already; take it back first")
            detail = {
                "kpi": kpi, "value": value, "valid_from_us": valid_from_us, "before": share_words(before),
                "after": f"{kpi} {share_words(value)}", "reason": checked_text(reason, optional=True),
            }  # fmt: skip
            _note(tx, person, "set a target", scope, at_us, detail, "target")

    def take_back_target(self, actor: Actor, scope: str, kpi: str, valid_from_us: int, reason: str) -> None:
        """Undo a target that does not hold yet; one that holds is followed by another, never removed."""
        with self._database.write() as tx:
            person = self._allowed(tx, actor, Permission.SET_TARGETS, scope)
            words = reason_of(reason)
            now = clocks.read(tx, site_of(scope)).plant_us()
            if valid_from_us <= now:
                raise NotNow("this target holds already; set another from a day to come on")
            g = t.targets.c
            here = (g.scope == scope) & (g.kpi == kpi) & (g.valid_from_us == valid_from_us)
            value = tx.execute(select(g.value).where(here)).scalar()
            if value is None:
                raise NotFound("there is no such target")
            tx.execute(delete(t.targets).where(here))
            detail = {"before": f"{kpi} {share_words(value)}", "after": "taken back", "reason": words}
            _note(tx, person, "took back a target", scope, now, detail, "target")

    def set_stop_policy(
        self, actor: Actor, scope: str, minor_stop_s: int, model: MinorModel, valid_from_us: int, reason: str
    ) -> None:
        """How long a minor stop is, on a line or a site, from a moment on; earlier figures stay."""
        words = reason_of(reason)
        if not 0 < minor_stop_s <= LONGEST_MINOR_S:
            raise InvalidInput("a minor stop lasts between 1 s and 30 min", "seconds")
        with self._database.write() as tx:
            person = self._allowed(tx, actor, Permission.SET_TARGETS, scope)
            _known(tx, scope)
            if valid_from_us < clocks.read(tx, site_of(scope)).plant_us() - WHILE_TYPING_US:
                raise InvalidInput("this holds from now on: earlier stops keep the limit of their time", "")
            row = {
                "scope": scope, "valid_from_us": valid_from_us, "minor_stop_s": minor_stop_s,
                "minor_model": model.value, "set_by": person.account_id, "set_wall_us": self._now_wall(),
                "reason": words,
            }  # fmt: skip
            if not insert_ignore(tx, t.stop_policies, [row]):
                raise Conflict("somebody else has just set this; look at it again")
            dirty.mark(tx, [(line, valid_from_us, FOR_EVER_US) for line in _lines(tx, scope)])
            detail = {"minor_stop_s": minor_stop_s, "model": model.value, "reason": words}
            _note(tx, person, "set how stops are read", scope, valid_from_us, detail)

    def _allowed(self, tx: Connection, actor: Actor, permission: Permission, scope: str) -> Actor:
        person = fresh(tx, actor)
        person.require(permission, scope)
        return person


def _shift(tx: Connection, line_id: str, from_us: int) -> tuple[int, str]:
    c = t.kpi_cells.c
    query = select(func.max(c.to_us), func.max(c.shift)).where(
        c.equipment_id.in_(units_of(tx, line_id)), c.from_us == from_us, c.shift != ""
    )
    found = tx.execute(query).one()
    if found[0] is None:
        raise NotFound("there is no shift of this line that begins then")
    return int(found[0]), str(found[1])


def _constraint(tx: Connection, line_id: str) -> str | None:
    """The machine at which a line is measured; None for a line without machines."""
    return next((line.constraint.equipment_id for line in lines_of(tx, line_id)), None)


def _newest(tx: Connection, line_id: str, from_us: int) -> dict[str, Any] | None:
    c = t.shift_closings.c
    query = select(t.shift_closings).where(c.line_id == line_id, c.from_us == from_us)
    row = tx.execute(query.order_by(c.version.desc()).limit(1)).mappings().first()
    return dict(row) if row else None


def _closed_already(tx: Connection, account_id: str) -> NotNow:
    name = people(tx, [account_id]).get(account_id, "somebody")
    return NotNow(f"this shift was closed already by {name}")


def _keep(tx: Connection, line_id: str, from_us: int, to_us: int, version: int) -> None:
    """Copy what the roll-ups say now: these are the figures as reported."""
    c = t.kpi_cells.c
    units = units_of(tx, line_id)
    if tx.execute(
        select(t.kpi_dirty.c.dirty_id).where(_waits(units, line_id, from_us, to_us)).limit(1)
    ).first():
        raise Conflict("new data of this shift is being added up; try again in a few seconds")
    upto = valid.upto(tx, units)
    if upto is not None and upto < to_us:
        raise Conflict("the figures of this shift do not reach its end yet; try again in a minute")
    rows = tx.execute(
        select(c.equipment_id, c.product_id, *(func.sum(c[name]).label(name) for name in NAMES))
        .where(c.equipment_id.in_(units), c.from_us == from_us)
        .group_by(c.equipment_id, c.product_id)
    ).mappings()
    open_quality = provisional_units(tx, units, from_us, to_us)
    kept = [
        {**row, "line_id": line_id, "from_us": from_us, "version": version,
         "provisional": row["equipment_id"] in open_quality}
        for row in rows
    ]  # fmt: skip
    if kept:
        tx.execute(insert(t.shift_figures), kept)


def _waits(units: tuple[str, ...], line_id: str, from_us: int, to_us: int) -> Any:
    d = t.kpi_dirty.c
    return d.equipment_id.in_([*units, line_id]) & (d.from_us < to_us) & (d.to_us > from_us)


def _held(tx: Connection, scope: str, kpi: str, at_us: int) -> bool:
    g = t.targets.c
    query = select(g.value).where(g.scope == scope, g.kpi == kpi, g.valid_from_us < at_us)
    return tx.execute(query.limit(1)).first() is not None


def _known(tx: Connection, scope: str) -> None:
    if (
        tx.execute(select(t.equipment.c.equipment_id).where(t.equipment.c.equipment_id == scope)).first()
        is None
    ):
        raise NotFound("there is no such part of the plant")


def _lines(tx: Connection, scope: str) -> list[str]:
    e = t.equipment.c
    line = line_of(scope)
    inside = (e.equipment_id == line) | e.equipment_id.startswith(scope + "/", autoescape=True)
    return list(tx.execute(select(e.equipment_id).where(e.level == "line", inside)).scalars())


def _target(tx: Connection, scope: str, kpi: str, at_us: int) -> float | None:
    """The target that held until then."""
    g = t.targets.c
    held = select(g.value).where(g.scope == scope, g.kpi == kpi, g.valid_from_us < at_us)
    found: float | None = tx.execute(held.order_by(g.valid_from_us.desc()).limit(1)).scalar()
    return found


def share_words(value: float | None) -> str:
    """`81 %`, or nothing where there is none."""
    return "" if value is None else f"{100 * value:g} %"


def _note(
    tx: Connection,
    actor: Actor,
    action: str,
    scope: str,
    at_us: int,
    detail: dict[str, Any],
    kind: str = "equipment",
) -> None:
    audit.append(
        tx,
        actor=actor.account_id,
        action=action,
        subject_kind=kind,
        subject_id=scope,
        plant_us=at_us,
        detail=detail,
    )
