"""The notifier: carries messages out of the desk, over e-mail, a webhook and MQTT.

Guaranteed: a message that was committed is handed to its channel at least once, always with the same
id, so that a receiver can drop a second copy (Message-ID, Idempotency-Key, `id`). What may happen: a
notifier that dies between sending and noting it sends again after the lease. What never arrives is
kept as failed and shown. The network is never touched inside a transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from data.sinks.port import Ack, Retry, Terminal
from data.sinks.posts import Mail, Post
from data.store import notices as store
from data.store.database import Database
from domain.clock import SECOND, wall_us
from domain.ids import new_id

LEASE_US = 120 * SECOND
BATCH = 5
MOST_ATTEMPTS = 40


@dataclass(frozen=True, slots=True)
class Told:
    """What one round did."""

    sent: int = 0
    retried: int = 0
    failed: int = 0


class Notifier:
    """One notifier over the channels that are set up. Several may run side by side."""

    def __init__(self, database: Database, posts: Mapping[str, Post], *, lease_us: int = LEASE_US) -> None:
        self._database, self._posts, self._lease_us = database, posts, lease_us

    def send_due(self, limit: int = BATCH) -> Told:
        """Send what is due, oldest first."""
        token = new_id()
        with self._database.read() as tx:
            if not store.any_due(tx, wall_us()):
                return Told()
        with self._database.write() as tx:
            batch = store.claim(tx, token, limit, wall_us(), self._lease_us)
        counts = {"sent": 0, "retried": 0, "failed": 0, "dropped": 0}
        for letter in batch:
            counts[self._send(token, letter)] += 1
        return Told(counts["sent"], counts["retried"], counts["failed"])

    def _send(self, token: str, letter: store.Letter) -> str:
        post = self._posts.get(letter.channel)
        if post is None:
            with self._database.write() as tx:
                why = f"no {letter.channel} is set up on this desk"
                store.finish(tx, token, letter, state="dropped", last_error=why)
            return "dropped"
        mail = Mail(letter.notice_id, letter.case_id, letter.address, letter.subject, letter.body)
        outcome = post.deliver(mail)
        with self._database.write() as tx:
            match outcome:
                case Ack():
                    store.finish(tx, token, letter, state="sent", sent_wall_us=wall_us(), last_error="")
                    return "sent"
                case Retry(why) if letter.attempts + 1 < MOST_ATTEMPTS:
                    store.retry(tx, token, letter, wall_us(), why)
                    return "retried"
                case Retry(why) | Terminal(why):
                    attempts = letter.attempts + 1
                    store.finish(tx, token, letter, state="failed", attempts=attempts, last_error=why[:500])
                    return "failed"

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        with self._database.read() as tx:
            return store.counts(tx)
