"""Local alerts: in the log, in a file, in the gateway's store, and at a web address; no desk is needed."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from data.edge.shelf import Shelf
from data.sinks.port import Retry
from data.sinks.posts import Mail, Post
from domain.edge import Alert
from domain.errors import Retryable

MOST_BYTES = 16 * 1024 * 1024
log = logging.getLogger("taktwise.gateway")


class Bell:
    """`ring` never fails and never waits for a network; `deliver` carries what is due to the web address."""

    def __init__(self, shelf: Shelf, node: str, file: Path | None, post: Post | None) -> None:
        self._shelf, self._node, self._file, self._post = shelf, node, file, post

    def ring(self, alerts: Sequence[Alert]) -> None:
        """Tell of alerts here and now."""
        if not alerts:
            return
        for alert in alerts:
            log.warning("ALERT %s", alert)
        try:
            self._shelf.alert(alerts, told=self._post is None)
        except Retryable as error:
            log.warning("alerts cannot be stored: %s", error)
        if self._file is not None:
            try:
                self._write(self._file, alerts)
            except OSError as error:
                log.warning("alerts cannot be written to %s: %s", self._file, error)

    def deliver(self) -> None:
        """POST what was not taken yet, oldest first, each with its own `Idempotency-Key`; stops at the first
        that has to be tried again."""
        if self._post is None:
            return
        for alert_id, alert in self._shelf.alerts(untold=True):
            body = json.dumps(alert._asdict())
            answer = self._post.deliver(Mail(f"{self._node}-{alert_id}", "", "", str(alert), body))
            if isinstance(answer, Retry):
                log.info("an alert waits: %s", answer.why)
                return
            self._shelf.told(alert_id)

    def _write(self, file: Path, alerts: Sequence[Alert]) -> None:
        if file.exists() and file.stat().st_size > MOST_BYTES:
            file.replace(file.with_suffix(file.suffix + ".1"))
        with file.open("a", encoding="utf-8") as out:
            for alert in alerts:
                out.write(json.dumps({**alert._asdict(), "text": str(alert)}) + "\n")
