"""Polls the MES and ERP databases, in a thread of the ingest process."""

import logging
import threading

from data.sources import mapping
from data.sources.mes import ForeignDatabase
from data.store.database import Database
from domain.errors import NotFound, Retryable
from runtime.settings import Settings
from services import clocks
from services.ingest.mes import MesIntake

EVERY_S = 2.0
log = logging.getLogger("taktwise.mes")


def open_all(settings: Settings) -> dict[str, ForeignDatabase]:
    """The databases by instance name. Raises SettingsError for a wrong URL or mapping."""
    kinds = ((settings.mes_urls, "virtual_mes.yaml"), (settings.erp_urls, "virtual_erp.yaml"))
    return {
        name: ForeignDatabase(url, mapping.load(mapping.FOLDER / file))
        for urls, file in kinds
        for name, url in urls.items()
    }


def run(settings: Settings, foreign: dict[str, ForeignDatabase], stop: threading.Event) -> None:
    """Poll until `stop` is set. A database that is away, ours or theirs, is tried again."""
    database = Database(settings.store_url, pool_size=2)
    intake = MesIntake(database)
    said: dict[str, str] = {}
    while not stop.is_set():
        for name, source in foreign.items():
            if stop.is_set():
                break
            trouble = _poll(database, intake, settings.site, name, source)
            if trouble != said.get(name, ""):
                log.warning("%s: %s", name, trouble or "reads again")
                said[name] = trouble
        stop.wait(EVERY_S)
    for source in foreign.values():
        source.close()
    database.close()


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
