"""The shift roster from a file, whole or not at all; and the dates of duties and delegations."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import approvals as store
from data.store import tables as t
from data.store.database import Database
from domain import roster
from domain.clock import DAY
from domain.csv_file import Wrong, told
from domain.equipment import within
from domain.errors import Conflict, InvalidInput, NotFound
from domain.evidence import canonical
from domain.ids import new_id
from domain.roster import Line
from services import audit
from services.actors import actor_of, fresh
from services.rows.roster import Checked, Entry
from services.situation import Site, site_at

LONGEST_DELEGATION_US = 92 * DAY


class RosterCommands:
    """Each act is one transaction with its audit entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def check(self, actor: Actor, site_id: str, content: bytes, *, replace: bool = False) -> Checked:
        """What would happen; nothing is entered."""
        with self._database.read() as tx:
            return _checked(tx, _who(tx, actor, site_id), site_at(tx, site_id), content, replace=replace)

    def take_in(
        self, actor: Actor, site_id: str, content: bytes, *, replace: bool = False, read: str | None = None
    ) -> str:
        """Enter every line of the file, or nothing: InvalidInput names what is wrong, line by line.

        `replace`: duties at the file's places that begin within its days and are not in it end. What is
        entered already stays as it is. `read`: the digest of what `check` showed; Conflict when something
        else would happen now. The audit names every row that was entered or ended.
        """
        with self._database.write() as tx:
            person, site = _who(tx, actor, site_id), site_at(tx, site_id)
            found = _checked(tx, person, site, content, replace=replace)
            if found.wrong:
                raise InvalidInput("; ".join(str(one) for one in found.wrong))
            if read is not None and read != found.digest:
                raise Conflict("the roster was changed since you looked; look at it again")
            fresh_ones = [_row(one, person) for one in found.entries if not one.known]
            ended = [row for row in (store.duty(tx, duty_id) for duty_id in found.ends) if row]
            for row in fresh_ones:
                store.add_duty(tx, row)
            for duty_id in found.ends:
                store.end_duty(tx, duty_id, site.now_us)
            told = {
                "lines": len(found.entries),
                "entered": fresh_ones,
                "ended": ended,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            _note(tx, person, "took a roster in", "roster", site_id, site, told)
        also = f", {len(found.ends)} ended" if found.ends else ""
        known = len(found.entries) - len(fresh_ones)
        return f"{len(fresh_ones)} entered, {known} were there already{also}."

    def move_duty(self, actor: Actor, duty_id: str, position: int, from_us: int, until_us: int) -> None:
        """Another place in the on-call chain, or other times."""
        with self._database.write() as tx:
            row = store.duty(tx, duty_id)
            if row is None:
                raise NotFound("no such duty")
            person, site = fresh(tx, actor), site_at(tx, row["equipment_id"].split("/")[0])
            person.require(Permission.MANAGE_DUTY)
            if not person.may(Permission.MANAGE_DUTY, row["equipment_id"]):
                raise NotFound("no such duty")
            if row["until_us"] <= site.now_us:
                raise InvalidInput("this duty has ended; enter a new one")
            if not 0 <= position <= roster.LAST_ON_CALL:
                raise InvalidInput("the on-call chain has at most nine people")
            _check_span(from_us, until_us, site.now_us, roster.LONGEST_US)
            values = {"position": position, "from_us": from_us, "until_us": until_us}
            store.change_duty(tx, duty_id, values)
            before = {name: row[name] for name in values}
            _note(tx, person, "changed a duty", "duty", duty_id, site, values | {"before": before})

    def move_delegation(self, actor: Actor, delegation_id: str, from_us: int, until_us: int) -> None:
        """Other dates for a delegation; only whoever lent the rights."""
        with self._database.write() as tx:
            person, row = fresh(tx, actor), store.delegation(tx, delegation_id)
            if row is None or person.account_id != row["from_account"]:
                raise NotFound("no such delegation of yours")
            site = site_at(tx, row["equipment_id"].split("/")[0])
            if row["ended_us"] is not None or row["until_us"] <= site.now_us:
                raise InvalidInput("this delegation has ended; lend the rights anew")
            _check_span(from_us, until_us, site.now_us, LONGEST_DELEGATION_US)
            values = {"from_us": from_us, "until_us": until_us}
            store.change_delegation(tx, delegation_id, values)
            before = {name: row[name] for name in values}
            told = values | {"before": before}
            _note(tx, person, "changed a delegation", "delegation", delegation_id, site, told)


def _who(tx: Connection, actor: Actor, equipment_id: str) -> Actor:
    person = fresh(tx, actor)
    person.require(Permission.MANAGE_DUTY)
    near = any(within(scope, equipment_id) or within(equipment_id, scope) for scope in person.scopes)
    if not near:
        raise NotFound(f"no place {equipment_id!r}")
    return person


def _checked(tx: Connection, person: Actor, site: Site, content: bytes, *, replace: bool) -> Checked:
    read = roster.read(content, site.zone)
    names = _Names(tx, person, site)
    entries: list[Entry] = []
    wrong = list(read.wrong)
    for line in read.lines:
        found = names.entry(line)
        if isinstance(found, Wrong):
            wrong.append(found)
        else:
            entries.append(found)
    ends = _ends(tx, entries, site.now_us) if replace and not wrong else ()
    return Checked(tuple(entries), told(wrong), ends, _digest(content, entries, ends))


def _digest(content: bytes, entries: Sequence[Entry], ends: Sequence[str]) -> str:
    """The same for the same file and the same effect."""
    effect = canonical([[one.known for one in entries], sorted(ends)])
    return hashlib.sha256(content + effect.encode()).hexdigest()


class _Names:
    """People, places and duties of a site, read once."""

    def __init__(self, tx: Connection, person: Actor, site: Site) -> None:
        a, e = t.accounts, t.equipment.c
        rows = tx.execute(select(a).where(a.c.active)).mappings().all()
        self._people = {row["username"].lower(): actor_of(row) for row in rows}
        places = tx.execute(select(e.equipment_id, e.name).where(e.level != "unit")).all()
        self._places: dict[str, set[str]] = {}
        for place, name in places:
            if within(place, site.site_id) and person.may(Permission.MANAGE_DUTY, place):
                for key in (place.lower(), name.lower()):
                    self._places.setdefault(key, set()).add(place)
        self._known = {_key(row) for row in store.duties(tx, site.now_us)}
        self._now_us = site.now_us

    def entry(self, line: Line) -> Entry | Wrong:
        """The line with ids, or what is wrong with it."""
        who, places = self._people.get(line.person.lower()), self._places.get(line.place.lower(), set())
        if who is None:
            return Wrong(line.number, f"nobody has the user name {line.person!r}")
        if len(places) != 1:
            why = "is no place that you manage" if not places else "names several places; write its id"
            return Wrong(line.number, f"{line.place!r} {why}")
        place = next(iter(places))
        if not any(within(place, scope) or within(scope, place) for scope in who.scopes):
            return Wrong(line.number, f"{who.name} does not see {line.place}")
        if line.until_us <= self._now_us:
            return Wrong(line.number, "this duty has passed")
        row = {"account_id": who.account_id, "equipment_id": place, "position": line.position}
        row |= {"from_us": line.from_us, "until_us": line.until_us}
        return Entry(line, who.account_id, who.name, place, _key(row) in self._known)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("account_id", "equipment_id", "position", "from_us", "until_us"))


def _ends(tx: Connection, entries: Sequence[Entry], now_us: int) -> tuple[str, ...]:
    """Duties at the file's places that begin within its days and are not in it."""
    if not entries:
        return ()
    places = {one.equipment_id for one in entries}
    begin, end = min(one.line.from_us for one in entries), max(one.line.until_us for one in entries)
    kept = {
        (one.account_id, one.equipment_id, one.line.position, one.line.from_us, one.line.until_us)
        for one in entries
    }
    return tuple(
        row["duty_id"]
        for row in store.duties(tx, now_us)
        if row["equipment_id"] in places and begin <= row["from_us"] < end and _key(row) not in kept
    )


def _row(one: Entry, person: Actor) -> dict[str, Any]:
    return {
        "duty_id": new_id(),
        "equipment_id": one.equipment_id,
        "account_id": one.account_id,
        "position": one.line.position,
        "from_us": one.line.from_us,
        "until_us": one.line.until_us,
        "entered_by": person.account_id,
    }


def _check_span(from_us: int, until_us: int, now_us: int, longest_us: int) -> None:
    if until_us <= max(from_us, now_us):
        raise InvalidInput("the end lies before the beginning, or has passed")
    if until_us - from_us > longest_us:
        raise InvalidInput(f"at most {longest_us // DAY} days at a time")


def _note(
    tx: Connection, person: Actor, action: str, kind: str, subject: str, site: Site, detail: dict[str, Any]
) -> None:
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind=kind, subject_id=subject,
        plant_us=site.now_us, detail=detail,
    )  # fmt: skip
