"""The gateway process: servers are read by one thread, stored and watched by a second, forwarded by a third.

The store stands between them: while the broker is away the first two go on as if nothing were.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from data.edge import gateway_file
from data.edge.events import Contact, Inbox, Reader, end, keep_reading, now_ms
from data.edge.gateway_file import GatewayFile, SourcePart
from data.edge.link import EdgeLink
from data.edge.modbus import ModbusReader
from data.edge.opcua import OpcUaReader, prepared
from data.edge.shelf import Shelf
from data.sinks.posts import WebhookPost
from domain.clock import SECOND, steady_us, wall_us
from domain.errors import Retryable
from services.gateway.bell import Bell
from services.gateway.forward import Forwarder
from services.gateway.intake import Intake

TURN_S = 0.05
MOST = 5_000
BELL_S = 2.0
RETRY_S = 1.0
Job = Callable[[threading.Event], None]
log = logging.getLogger("taktwise.gateway")


def main(path: Path, stop: threading.Event) -> None:
    """Run until `stop` is set. Servers and brokers may come and go. Raises SettingsError."""
    for noisy in ("asyncua", "pymodbus"):  # they log what we tell in one line
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    file = gateway_file.load(path)
    check_servers(file)
    Gateway(file).run(stop)


def check_servers(file: GatewayFile) -> None:
    """What would end the reading of a server is told before it begins. Raises SettingsError."""
    for source in file.sources:
        if source.opcua is not None:
            asyncio.run(prepared(source.opcua))


class Gateway:
    """One gateway file at work."""

    def __init__(self, file: GatewayFile) -> None:
        self._file = file
        self.shelf = Shelf(file.store.file, file.store.rows)
        self.inbox = Inbox()
        self.intake = Intake(file, self.shelf)
        self.forwarder = Forwarder(file, self.shelf)
        post = WebhookPost(file.alerts.webhook) if file.alerts.webhook else None
        self._bell = Bell(self.shelf, f"{file.group}-{file.node}", file.alerts.file, post)
        self._link = EdgeLink(file.broker, file.group, file.node, self.forwarder.will)
        self._contacts: queue.SimpleQueue[Contact] = queue.SimpleQueue()
        self._confirm = threading.Event()
        self._broken: list[BaseException] = []
        self._retry_us = 0
        self._trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Until `stop`, or until a thread fails: the process then ends, and its supervisor starts it anew."""
        self.intake.begin(now_ms())
        over = threading.Event()
        jobs = {"servers": self._read, "store": self._store, "alerts": self._ring}
        threads = [
            threading.Thread(target=self._guarded, args=(job, over), name=name) for name, job in jobs.items()
        ]
        for thread in threads:
            thread.start()
        try:
            while not stop.is_set() and not over.is_set():
                try:
                    self._turn()
                except Retryable as error:
                    log.warning("the store does not answer: %s", error)
                    over.wait(RETRY_S)
        finally:
            over.set()
            for thread in threads:
                thread.join(15)
            self._leave()
            self.shelf.close()
        if self._broken:
            raise self._broken[0]

    def _guarded(self, job: Job, over: threading.Event) -> None:
        try:
            job(over)
        except BaseException as error:
            self._broken.append(error)
            over.set()
            raise

    def _read(self, over: threading.Event) -> None:
        async def work() -> None:
            tasks = [
                asyncio.create_task(keep_reading(source.name, _reader(source), self.inbox.put, _say))
                for source in self._file.sources
            ]
            try:
                while not over.is_set() and not any(task.done() for task in tasks):
                    await asyncio.sleep(TURN_S)
                for task in tasks:
                    if task.done():
                        task.result()
            finally:
                await end(tasks)

        asyncio.run(work())

    def _store(self, over: threading.Event) -> None:
        while not over.is_set():
            self.store_turn()

    def store_turn(self) -> None:
        """Judge and store what the servers said since the last turn."""
        events = self.inbox.take(MOST, TURN_S)
        if self._confirm.is_set():
            self._confirm.clear()
            self.intake.confirm(now_ms())
        self._bell.ring(self.intake.take(events, now_ms()))
        # Before the store holds the mark of a lost server: met first, the mark would let it be born again.
        for contact in (event for event in events if isinstance(event, Contact)):
            log.info("%s %s %s", contact.device, "answers" if contact.present else "is gone", contact.why)
            self._contacts.put(contact)
        if steady_us() >= self._retry_us:
            self._save()

    def _save(self) -> None:
        """What cannot be stored waits in memory; limits are watched meanwhile."""
        try:
            self.intake.save(now_ms())
        except Retryable as error:
            log.warning("the store takes nothing: %s", error)
            self._retry_us = steady_us() + round(RETRY_S * SECOND)

    def _ring(self, over: threading.Event) -> None:
        while not over.wait(BELL_S):
            self._bell.deliver()

    def _turn(self) -> None:
        self._link.keep_open(wall_us())
        self._link.pump(MOST)
        for event in self._link.take_events():
            self._hear(event)
        self.pass_contacts()
        self._say_trouble()
        if not self._link.connected:
            threading.Event().wait(TURN_S)
            return
        if self._link.clear:
            for message in self.forwarder.turn(now_ms()):
                self._link.publish(message)
            self._link.pump(MOST)
        if self.forwarder.node.leave:
            self._link.hang_up()
            self.forwarder.disconnected()
            self._link.take_events()
        elif self.forwarder.confirm_due(now_ms()):
            self._confirm.set()
        else:
            self._link.wait(TURN_S)

    def pass_contacts(self) -> None:
        """Tell the forwarder which servers answer."""
        while not self._contacts.empty():
            contact = self._contacts.get()
            self.forwarder.contact(contact.device, present=contact.present, now_ms=now_ms())

    def _say_trouble(self) -> None:
        """Why there is no broker, when that is news."""
        if self._link.connected:
            self._trouble = ""
        elif self._link.socket() is None and self._link.trouble != self._trouble:
            self._trouble = self._link.trouble
            log.warning("no broker at %s: %s", self._link.shown, self._trouble)

    def _hear(self, event: str | tuple[str, bytes]) -> None:
        match event:
            case "connected":
                log.info("connected to the broker at %s", self._link.shown)
                self.forwarder.node.on_connected()
            case "lost":
                self.forwarder.disconnected()
            case (topic, payload) if topic == self._link.host_topic:
                self.forwarder.state(payload, now_ms())
            case (_, payload):
                self.forwarder.command(payload, now_ms())

    def _leave(self) -> None:
        """NDEATH, then DISCONNECT, as the standard wants it."""
        if self._link.connected and self.forwarder.node.online:
            self._link.publish(self.forwarder.node.will(now_ms()))
        self._link.close()
        self.forwarder.disconnected()


def _reader(source: SourcePart) -> Reader:
    return OpcUaReader(source) if source.opcua is not None else ModbusReader(source)


def _say(device: str, why: str) -> None:
    log.info("%s: %s", device, why)
