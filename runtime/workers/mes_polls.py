"""Polls the MES and ERP databases, in a thread of the ingest process.

Each is read every `EVERY_S`; one that calls (NOTIFY) is read at once. Others join and leave by a file
(runtime/workers/mes_members.py).
"""

import logging
import threading
import time

from data.sources.mes import ForeignDatabase
from data.sources.mes_wake import Doorbell
from data.store.database import Database
from domain.errors import NotFound, Retryable, SettingsError
from runtime.settings import Settings
from runtime.workers.mes_members import LOOK_S, Members, member_of, open_member
from services import clocks
from services.ingest.mes import MesIntake

EVERY_S = 2.0
LEAST_S = 0.1  # between two polls, however often a database calls
NOT_ENFORCED = "this database takes no word that we only read: give the account SELECT and nothing else"
log = logging.getLogger("taktwise.mes")


def open_all(settings: Settings) -> dict[str, ForeignDatabase]:
    """The databases by instance name. Raises SettingsError for a wrong URL or mapping."""
    for urls, mappings in (
        (settings.mes_urls, settings.mes_mappings),
        (settings.erp_urls, settings.erp_mappings),
    ):
        if stray := sorted(set(mappings) - set(urls)):
            raise SettingsError(f"a mapping is given for {stray[0]}, but no database URL")
    return {name: open_one(settings, name) for name in [*settings.mes_urls, *settings.erp_urls]}


def open_one(settings: Settings, name: str) -> ForeignDatabase:
    """One of them. Raises SettingsError for a wrong URL or mapping, and for a driver that is missing."""
    try:
        return open_member(member_of(settings, name))
    except SettingsError as error:
        raise SettingsError(f"{name}: {error}") from error


def run(
    settings: Settings, foreign: dict[str, ForeignDatabase], stop: threading.Event, every_s: float = EVERY_S
) -> None:
    """Poll until `stop` is set. A database that is away, ours or theirs, is tried again."""
    database, bell = Database(settings.store_url, pool_size=2), Doorbell()
    members = Members(settings, foreign, bell)
    intake, said, due = MesIntake(database), dict[str, str](), set(foreign)
    unguarded = set[str]()
    all_due = time.monotonic() + every_s
    while not stop.is_set():
        due |= members.follow()
        for name in sorted(due.intersection(members.foreign)):
            if stop.is_set():
                break
            trouble = _poll(database, intake, settings.site, name, members.foreign[name])
            if trouble != said.get(name, ""):
                log.warning("%s: %s", name, trouble or "reads again")
                said[name] = trouble
            if not members.foreign[name].read_only and name not in unguarded:
                log.warning("%s: %s", name, NOT_ENFORCED)
                unguarded.add(name)
        stop.wait(LEAST_S)
        due = _called(bell, stop, min(all_due, time.monotonic() + LOOK_S))
        if not due and time.monotonic() >= all_due:
            due, all_due = set(members.foreign), time.monotonic() + every_s
    members.close()
    database.close()


def _called(bell: Doorbell, stop: threading.Event, until: float) -> set[str]:
    """Who rings until then (monotonic seconds), as soon as one does; nobody when all are due."""
    while not stop.is_set() and (left := until - time.monotonic()) > 0:
        if rung := bell.wait(min(left, 0.5)):
            return rung
    return set()


def _poll(database: Database, intake: MesIntake, site: str, name: str, source: ForeignDatabase) -> str:
    try:
        with database.read() as tx:
            speed = clocks.read(tx, site).speed
    except NotFound:
        speed = 1.0
    except Retryable as error:
        return str(error)
    try:
        return intake.read(name, source, speed).trouble
    except Retryable as error:
        return str(error)
