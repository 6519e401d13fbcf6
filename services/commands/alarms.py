"""What people do with alarms: acknowledge, shelve, take out of service, define. All of it is audited."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from auth.permissions import Actor, Permission
from data.store import alarms as store
from data.store.database import Database
from domain.alarms import life
from domain.alarms.life import Alarm, Priority, Step
from domain.clock import wall_us
from domain.equipment import site_of
from domain.errors import Conflict, InvalidInput, NotFound
from domain.ids import new_id
from services import audit
from services.actors import fresh
from services.alarms.definition import Definition, definition_of
from services.alarms.keeping import Told, keep
from services.commands.acting import checked_text, reason_of
from services.queries.common import names_of
from services.situation import Site, site_at


class AlarmCommands:
    """Acts on alarms. Each is one transaction, and checks permission and scope itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acknowledge(self, actor: Actor, alarm_ids: Sequence[str], note: str) -> int:
        """Say that they were seen, with a note and the person's name shown. InvalidInput without a note;
        NotNow when one does not wait: then none is acknowledged. Returns how many."""
        words = checked_text(note)
        with self._database.write() as tx:
            for alarm_id in dict.fromkeys(alarm_ids):
                _act(
                    tx, actor, alarm_id, Permission.ACKNOWLEDGE_ALARM, lambda a, _: life.acknowledge(a), words
                )
        return len(set(alarm_ids))

    def shelve(self, actor: Actor, alarm_id: str, until_us: int, reason: str) -> None:
        """Put aside until a moment of plant time (24 hours at most), with a reason. One of high priority
        only by those who manage alarms."""
        words = checked_text(reason)
        with self._database.write() as tx:
            row = store.definition(tx, alarm_id)
            high = row is not None and row["priority"] == Priority.HIGH
            needed = Permission.MANAGE_ALARMS if high else Permission.SHELVE_ALARM
            _act(tx, actor, alarm_id, needed, lambda a, now: life.shelve(a, until_us, now), words, until_us)

    def unshelve(self, actor: Actor, alarm_id: str) -> None:
        """Take it back from the shelf."""
        with self._database.write() as tx:
            _act(tx, actor, alarm_id, Permission.SHELVE_ALARM, lambda a, _: life.unshelve(a), "")

    def remove(self, actor: Actor, alarm_id: str, reason: str) -> None:
        """Take it out of service, with a reason; it stays so until somebody puts it back."""
        words = checked_text(reason)
        with self._database.write() as tx:
            _act(tx, actor, alarm_id, Permission.MANAGE_ALARMS, lambda a, _: life.remove(a), words)

    def put_back(self, actor: Actor, alarm_id: str, reason: str) -> None:
        """Put it back into service."""
        words = checked_text(reason)
        with self._database.write() as tx:
            _act(tx, actor, alarm_id, Permission.MANAGE_ALARMS, lambda a, _: life.put_back(a), words)

    def define(self, actor: Actor, wanted: Definition, reason: str, from_us: int | None = None) -> str:
        """Add an alarm (empty `alarm_id`) or a new version of one; returns its id.

        A new one is judged from now on, or from `from_us`. Conflict when it was changed meanwhile.
        """
        words = reason_of(reason)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.MANAGE_ALARMS, wanted.equipment_id)
            site = site_at(tx, site_of(wanted.equipment_id))
            if wanted.equipment_id not in names_of(tx, [wanted.equipment_id]):
                raise NotFound("no such machine")
            saved = _version(tx, wanted)
            who = {"changed_by": person.account_id, "changed_us": site.now_us, "changed_wall_us": wall_us()}
            store.add_definition(tx, {**saved.columns(), **who, "reason": words})
            if saved.version == 1:
                store.begin(tx, saved.alarm_id, site.now_us if from_us is None else from_us)
            detail = {**saved.columns(), "reason": words}
            _note(tx, person, site, "defined an alarm", saved.alarm_id, detail)
            return saved.alarm_id

    def set_position(self, actor: Actor, equipment_id: str, name: str, reason: str) -> None:
        """Name the operator position of a line, an area or the plant; alarms are counted by position."""
        with self._database.write() as tx:
            person = fresh(tx, actor)
            person.require(Permission.MANAGE_ALARMS, equipment_id)
            site, words = site_at(tx, site_of(equipment_id)), reason_of(reason)
            if equipment_id not in names_of(tx, [equipment_id]):
                raise NotFound("there is no such part of the plant")
            if not name.strip():
                raise InvalidInput("a position has a name", "name")
            before = dict(store.positions(tx)).get(equipment_id, "")
            store.set_position(tx, equipment_id, name.strip())
            detail = {"before": before, "after": name.strip(), "reason": words}
            _note(tx, person, site, "named an operator position", equipment_id, detail)


def _version(tx: Connection, wanted: Definition) -> Definition:
    if not wanted.alarm_id and wanted.from_gateway:
        raise InvalidInput("a gateway's file sets what the gateway watches", "metric")
    if not wanted.alarm_id:
        return replace(wanted, alarm_id=new_id(), version=1)
    row = store.definition(tx, wanted.alarm_id)
    if row is None or row["equipment_id"] != wanted.equipment_id:
        raise NotFound("no such alarm of this machine")
    if row["version"] != wanted.version:
        raise Conflict("the alarm has changed since you read it")
    before = definition_of(row)
    if before.from_gateway or wanted.from_gateway:  # words, priority and position are the desk's
        kept = {name: getattr(before, name) for name in ("metric", "high", "limit_value")}
        wanted = replace(wanted, **kept)
    return replace(wanted, version=wanted.version + 1)


def _act(
    tx: Connection,
    actor: Actor,
    alarm_id: str,
    needed: Permission,
    does: Callable[[Alarm, int], Step],
    words: str,
    until_us: int | None = None,
) -> None:
    row, state = store.definition(tx, alarm_id), store.hold(tx, alarm_id)
    if row is None or state is None or not actor.may(Permission.SEE_FLOOR, row["equipment_id"]):
        raise NotFound("there is no such alarm within your area")
    person = fresh(tx, actor)
    person.require(needed, row["equipment_id"])
    definition, site = definition_of(row), site_at(tx, site_of(row["equipment_id"]))
    alarm = store.alarm_of(state)
    done = does(alarm, site.now_us)
    told = Told(person.account_id, words, person.name, until_us)
    keep(tx, definition, alarm, done, site.now_us, state["value"], told)
    event = done[1].value.replace("_", " ") if done[1] else ""
    detail = {"alarm": definition.name, "note": words, "until_us": until_us}
    _note(tx, person, site, f"alarm {event}", alarm_id, detail)


def _note(
    tx: Connection, person: Actor, site: Site, action: str, alarm_id: str, detail: Mapping[str, Any]
) -> None:
    audit.append(
        tx,
        actor=person.account_id,
        action=action,
        subject_kind="alarm",
        subject_id=alarm_id,
        plant_us=site.now_us,
        detail=detail,
    )
