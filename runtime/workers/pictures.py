"""Pictures in the scoring process: from the folder and the broker into the store, then judged.

A part of the scoring process' turns, never a thread of its own. It takes in only while there is room:
the broker keeps what is not acknowledged, the folder what is not read.
"""

import logging
import time
from typing import Any

from data.sources.messages import RawMessage
from data.sources.pictures import PictureLink, WatchedFolder
from data.store import inspections as store
from data.store.database import Database
from data.wire.picture_topics import unit_of
from domain.clock import DAY, wall_us
from domain.errors import NotFound, Unavailable
from models import opening
from models.vision.session import Inspector
from runtime.brokers import brokers
from runtime.settings import Settings
from services.ingest.site_clocks import SiteClocks
from services.registry.folders import at_work
from services.situation import every_site
from services.vision import judging
from services.vision.intake import MOST_WAITING, receive
from services.vision.judging import Judged, judge_due

LOOK_S, TIDY_S = 2.0, 3_600.0
log = logging.getLogger("taktwise.score")


class Pictures:
    """One way in; the models that the registry has at work. Without one, pictures wait."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._lineup, self.trouble = at_work(database, settings.vision_model, Inspector, opening.load)
        self._folder = WatchedFolder(settings.pictures)
        stamp = SiteClocks(database, settings.site).stamp
        self._links = [
            PictureLink(one, f"taktwise-{settings.instance}-pictures", stamp) for one in brokers(settings)
        ]
        self._look_at = self._tidy_at = 0.0
        self._keep_us = round(settings.picture_days * DAY)
        self._judged = Judged()
        self.taken = self.refused = 0

    def _tidy(self) -> None:
        """Once an hour: old pictures that nobody has named go, some at a time."""
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_S
        with self._database.write() as tx:
            for site in every_site(tx):
                judging.forget_old(tx, site.site_id, site.now_us - self._keep_us)

    def turn(self) -> bool:
        """Take in, then judge, a little of each; True when there is more."""
        self._tidy()
        with self._database.read() as tx:
            room = store.waiting(tx) < MOST_WAITING - 100
        if room:
            for link in self._links:
                self._hear(link)
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + LOOK_S
                self._look()
        if self._lineup is None:
            return False
        work = self._lineup.at_work()
        self.trouble = work.trouble
        if work.champion is None:
            return False
        found = judge_due(self._database, work.champion, challengers=work.challengers)
        self._judged += found
        return found.total > 0

    def _hear(self, link: PictureLink) -> None:
        link.keep_open(wall_us())
        taken = link.take()
        for message in taken:
            self._one(message)
        link.acknowledge(taken)

    def _one(self, message: RawMessage) -> None:
        try:
            unit = unit_of(message.topic)
            done = receive(self._database, unit, message.payload, "mqtt", message.topic)
            self._count(done.reason)
        except (NotFound, Unavailable) as error:
            self._count(str(error))
            log.warning("a picture on %s: %s", message.topic[:200], error)

    def _look(self) -> None:
        for found in self._folder.look():
            try:
                data = self._folder.read(found)
                done = receive(self._database, found.equipment_id, data, "folder", found.path.name)
            except Unavailable:
                return
            except NotFound as error:
                self._folder.refuse(found, str(error))
                self._count(str(error))
                continue
            except OSError as error:
                log.warning("%s cannot be read: %s", found.path.name, error)
                continue
            if done.reason:
                self._folder.refuse(found, done.reason)
            else:
                self._folder.done(found)
            self._count(done.reason)

    def _count(self, reason: str) -> None:
        self.taken += not reason
        self.refused += bool(reason)

    def detail(self) -> dict[str, Any]:
        """For the heartbeat."""
        away = [link.trouble for link in self._links if link.trouble]
        return {
            "pictures": self.taken,
            "pictures refused": self.refused + self._judged.refused,
            "pictures judged": self._judged.judged,
            "cameras": self.trouble or (away[0] if away else "connected"),
        }

    def close(self) -> None:
        """Leave the brokers properly."""
        for link in self._links:
            link.close()
