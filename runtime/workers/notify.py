"""The notify process: tells people that cases wait, and carries the messages out of the desk."""

import logging
import threading
from pathlib import Path
from typing import Any

from data.sinks.mail import MailOutlet
from data.sinks.posts import MailPost, MqttPost, Post, WebhookPost
from data.store.database import Database
from domain.clock import NEVER, SECOND, steady_us
from domain.errors import Retryable
from runtime.settings import Settings
from runtime.workers.heartbeat import Heartbeat
from services import audit_files
from services.escalation import Escalation
from services.notifier import Notifier

NAME = "notify"
LOOK_US = 60 * SECOND
TURN_S = 1.0
log = logging.getLogger("taktwise.notify")


def posts(settings: Settings) -> dict[str, Post]:
    """The channels that are set up. SettingsError for a wrong address."""
    found: dict[str, Post] = {}
    if settings.smtp_url:
        found["email"] = MailPost(MailOutlet(settings.smtp_url, settings.mail_from))
    if settings.webhook_url:
        found["webhook"] = WebhookPost(settings.webhook_url, settings.webhook_secret)
    if settings.notify_topic:
        found["mqtt"] = MqttPost(
            settings.broker_url, settings.notify_topic, settings.broker_username, settings.broker_password
        )
    return found


def main(settings: Settings, stop: threading.Event) -> None:
    """Run until `stop` is set. Databases and channels may come and go."""
    channels = posts(settings)
    database = Database(settings.store_url, pool_size=2)
    try:
        Worker(database, channels, settings.anchor_dir).run(stop)
    finally:
        for post in channels.values():
            post.close()
        database.close()


class Worker:
    """The loop: escalate, send, beat."""

    def __init__(self, database: Database, channels: dict[str, Post], anchor_dir: Path | None = None) -> None:
        self._database = database
        self._escalation, self._notifier = Escalation(database), Notifier(database, channels)
        self._channels = ", ".join(sorted(channels)) or "inside the desk only"
        self._heartbeat, self._trouble = Heartbeat(database, NAME), ""
        self._anchor_dir, self._anchored, self._looked_us = anchor_dir, "", NEVER

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop`."""
        while not stop.wait(TURN_S):
            try:
                self._escalation.turn()
                while self._notifier.send_due().sent and not stop.is_set():
                    pass
                self._anchor()
                self._trouble = ""
                self._heartbeat.beat(self._detail)
            except Retryable as error:
                if str(error) != self._trouble:
                    log.warning("%s", error)
                self._trouble = str(error)

    def _anchor(self) -> None:
        if self._anchor_dir is None or steady_us() - self._looked_us < LOOK_US:
            return
        self._looked_us = steady_us()
        try:
            audit_files.publish(self._database, self._anchor_dir)
            self._anchored = "published"
        except OSError as error:
            log.warning("the anchor of the audit cannot be written: %s", error)
            self._anchored = f"cannot be written: {error.strerror}"

    def _detail(self) -> dict[str, Any]:
        counts = {state: count for state, count in self._notifier.counts().items() if state != "dropped"}
        detail: dict[str, Any] = {"channels": self._channels, **counts}
        if self._anchored:
            detail["audit anchor"] = self._anchored
        return detail
