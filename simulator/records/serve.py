"""Serving the queues: take each message once, send each receipt, outlive the queue server's restarts."""

import logging
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from domain.errors import SettingsError
from simulator.records.post import Post
from simulator.records.serve_nats import serve_nats
from simulator.records.serve_rabbit import serve_rabbit

log = logging.getLogger(__name__)
Now = Callable[[], int]
RETRY_S = 0.5
WAKE_S = 0.1


def serve_posts(posts: Sequence[Post], now: Now, queue_url: str, stop: threading.Event) -> None:
    """Serve until `stop` is set, over `nats://` or `amqp://`. A broken connection is opened again."""
    scheme = urlsplit(queue_url).scheme
    if scheme not in ("nats", "amqp", "amqps"):
        raise SettingsError(f"{scheme!r} is no kind of queue: nats, amqp or amqps")
    while now() <= 0 and not stop.wait(WAKE_S):
        continue  # before its first tick the plant does not know what time it is
    once = serve_nats if scheme == "nats" else serve_rabbit
    while not stop.is_set():
        try:
            once(posts, now, queue_url, stop)
        except Exception as error:  # noqa: BLE001 whatever broke, the queues must be served again
            log.warning("the queues are away (%s: %s); trying again", type(error).__name__, error)
            stop.wait(RETRY_S)
