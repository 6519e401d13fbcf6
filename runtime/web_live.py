"""The live stream: two threads per process feed every browser over SSE.

`taktwise-live` looks for commits every few milliseconds and pushes the newest values at once;
`taktwise-figures` builds what takes longer (OEE, stops, orders, cases) and ends streams whose session
or scope has ended. Each client has a short queue: a slow one loses increments and gets a full snapshot.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from auth.permissions import Actor
from auth.sessions import SESSION_COOKIE, digest
from domain.clock import wall_us
from domain.errors import Forbidden, NotFound, NotSignedIn, TaktwiseError
from services.accounts import Accounts
from services.commits import Commits
from services.live import COST_SHARE, SLOW_EVERY_S, LiveHub, Topic, key_for, may_watch

log = logging.getLogger("taktwise.live")
POLL_S = 0.015
GAP_S = 0.05  # commits closer together than this share one increment
CHECK_S = 2.0
HEARTBEAT_S = 10.0
QUEUE = 16
CLIENTS = 2_000
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


@dataclass(slots=True, eq=False)
class Client:
    """One open stream. Only the event loop touches it."""

    topic: Topic
    session_hash: str
    waiting: list[bytes] = field(default_factory=list)
    needs_full: bool = True
    closed: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, increment: bytes) -> None:
        """Queue an increment; a full queue is dropped for a full snapshot."""
        if len(self.waiting) >= QUEUE:
            self.waiting.clear()
            self.needs_full = True
        elif not self.needs_full:
            self.waiting.append(increment)
        self.wake.set()

    def close(self) -> None:
        """End the stream at its next step."""
        self.closed = True
        self.wake.set()


class Feed:
    """The threads, and the clients of this process."""

    def __init__(self, hub: LiveHub, accounts: Accounts, commits: Callable[[], Commits]) -> None:
        self._hub = hub
        self._accounts = accounts
        self._commits = commits
        self._clients: set[Client] = set()
        self._stop = threading.Event()
        self._slow = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start both threads; increments are handed to the loop."""
        self._loop = loop
        jobs = ((self._watch, "taktwise-live"), (self._figures, "taktwise-figures"))
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for run, name in jobs]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads and every stream."""
        self._stop.set()
        self._slow.set()
        for client in list(self._clients):
            client.close()
        for thread in self._threads:
            thread.join(timeout=2)

    def routes(self) -> list[BaseRoute]:
        """`GET /live/stream?view=overview&scope=north&window=shift`, and `/live/session`: 204 or 401."""
        return [
            Route("/live/stream", self._stream, methods=["GET"]),
            Route("/live/session", self._session, methods=["GET"]),
        ]

    def _session(self, request: Request) -> Response:
        try:
            self._accounts.actor(request.cookies.get(SESSION_COOKIE))
        except NotSignedIn as error:
            return PlainTextResponse(str(error), 401)
        return Response(status_code=204)

    async def _stream(self, request: Request) -> Response:
        token = request.cookies.get(SESSION_COOKIE)
        query = request.query_params
        try:
            actor = await asyncio.to_thread(self._accounts.actor, token)
            key = key_for(actor, query.get("view", ""), query.get("scope", ""), query.get("window", "shift"))
        except NotSignedIn as error:
            return PlainTextResponse(str(error), 401)
        except (Forbidden, NotFound) as error:
            return PlainTextResponse(str(error), 403)
        if len(self._clients) >= CLIENTS:
            return PlainTextResponse("too many live screens are open", 503)
        client = Client(self._hub.watch(key), digest(token or ""))
        self._clients.add(client)
        self._slow.set()
        return StreamingResponse(self._events(client), media_type="text/event-stream", headers=HEADERS)

    async def _events(self, client: Client) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 1000\n\n"
            while not client.closed:
                if client.needs_full and client.topic.built:
                    client.needs_full = False
                    client.waiting.clear()
                    yield client.topic.full(wall_us())
                elif client.waiting:
                    batch = b"".join(client.waiting)
                    client.waiting.clear()
                    yield batch
                elif not await self._woken(client):
                    yield b": still here\n\n"
            yield b"event: ended\ndata: {}\n\n"
        finally:
            self._clients.discard(client)
            self._hub.unwatch(client.topic)

    async def _woken(self, client: Client) -> bool:
        try:
            await asyncio.wait_for(client.wake.wait(), HEARTBEAT_S)
        except TimeoutError:
            return False
        client.wake.clear()
        return True

    def _publish(self, topic: Topic, increment: bytes) -> None:
        for client in self._clients:
            if client.topic is topic:
                client.offer(increment)

    def _hand_over(self, topic: Topic, increment: bytes) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._publish, topic, increment)

    def _watch(self) -> None:
        commits = self._commits()
        while not self._stop.wait(POLL_S):
            try:
                if not self._clients or not commits.any_new():
                    continue
                for topic, increment in self._hub.committed(wall_us()):
                    self._hand_over(topic, increment)
                self._slow.set()
                self._stop.wait(GAP_S - POLL_S)
            except Exception:  # the thread must outlive every broken read
                log.exception("the live feed missed a commit")
                commits.close()
                self._stop.wait(1)
        commits.close()

    def _figures(self) -> None:
        check_at = 0.0
        while not self._stop.is_set():
            self._slow.wait(0.25)
            self._slow.clear()
            try:
                self._build_due()
                if time.monotonic() >= check_at:
                    check_at = time.monotonic() + CHECK_S
                    self._end_streams()
                    self._hub.tidy()
            except Exception:  # as above
                log.exception("the figures could not be built")
                self._stop.wait(1)
            self._stop.wait(0.05)

    def _build_due(self) -> None:
        for topic in self._hub.watched():
            if topic.built and not (topic.stale and time.monotonic() >= topic.due_s):
                continue
            begin = time.monotonic()
            increment = self._hub.build(topic, self._now(topic), wall_us())
            cost = time.monotonic() - begin
            topic.due_s = time.monotonic() + max(SLOW_EVERY_S[topic.key.window], COST_SHARE * cost)
            if increment:
                self._hand_over(topic, increment)

    def _now(self, topic: Topic) -> int:
        try:
            return self._hub.plant_now(topic.key.scope)
        except TaktwiseError:
            return wall_us()

    def _end_streams(self) -> None:
        clients = list(self._clients)
        holders = self._accounts.holders({c.session_hash for c in clients}) if clients else {}
        for client in clients:
            if not _may_watch(holders.get(client.session_hash), client) and self._loop:
                self._loop.call_soon_threadsafe(client.close)


def _may_watch(actor: Actor | None, client: Client) -> bool:
    return actor is not None and may_watch(actor, client.topic.key)
