"""A gateway without servers and broker, on a clock of its own, against the real ingest and its store."""

from pathlib import Path

from sqlalchemy import select

from data.edge.events import Contact, Seen
from data.edge.gateway_file import GatewayFile
from data.edge.shelf import Shelf
from data.sources.messages import SESSION_ENDED, SESSION_STARTED, SPARKPLUG, RawMessage
from data.store import tables as t
from data.store.database import Database
from data.wire.sparkplug_topics import State, encode_state
from domain.telemetry import Quality
from services.gateway.forward import Forwarder
from services.gateway.intake import Intake
from services.ingest import Ingest

START_MS = 1_790_000_000_000
TURN_MS = 1_000


def gateway_file(
    folder: Path, metrics: list[dict], devices: tuple[str, ...] = ("press",), **more
) -> GatewayFile:
    sources = [
        {"name": name, "opcua": {"url": "opc.tcp://127.0.0.1:4840", "security": "none"}, "metrics": metrics}
        for name in devices
    ]
    given = {
        "group": "north", "node": "gw", "broker": {"url": "mqtt://127.0.0.1:1883"}, "sources": sources,
        "store": {"file": str(folder / "gateway.db"), **more},
    }  # fmt: skip
    return GatewayFile.model_validate(given)


class Bench:
    """Turns of a second. `cut`: what is published is lost, and nobody notices yet; `notice`: both ends do."""

    def __init__(self, file: GatewayFile, database: Database) -> None:
        self.file, self.database = file, database
        self.ingest = Ingest(database, behind_us=10**18)
        self.now_ms = START_MS
        self.cut = False
        self.host_online = False
        self.lost_messages = 0
        self.held: list | None = None  # on a slow link: what is behind the births
        self.start()

    def start(self) -> None:
        """A gateway process starts."""
        self.shelf = Shelf(self.file.store.file, self.file.store.rows)
        self.intake = Intake(self.file, self.shelf)
        self.forwarder = Forwarder(self.file, self.shelf)
        self.connected = False
        self.intake.begin(self.now_ms)

    def kill(self) -> None:
        """It is gone at once; the broker publishes its will."""
        if self.connected:
            self._to_host([self.forwarder.node.will(self.now_ms)])
        self.shelf.close()

    def connect(self) -> None:
        self.forwarder.will(self.now_ms)
        self.forwarder.node.on_connected()
        self.connected = True
        if self.host_online:
            self.state(online=True)

    def notice(self) -> None:
        """The keepalive of the gateway and of the broker ran out."""
        self._to_host([self.forwarder.node.will(self.now_ms)], over_the_link=False)
        self.forwarder.disconnected()
        self.connected = False

    def state(self, *, online: bool) -> None:
        """The host comes or goes."""
        self.host_online = online
        if self.connected and not self.cut:
            self.forwarder.state(encode_state(State(online, self.now_ms)), self.now_ms)

    def answers(self, device: str, *, present: bool = True) -> None:
        contact = Contact(device, present, self.now_ms)
        self.intake.take([contact], self.now_ms)
        self.forwarder.contact(device, present=present, now_ms=self.now_ms)
        self.intake.save(self.now_ms)

    def turn(self, values: list[tuple[str, str, object]] = (), quality: Quality = Quality.GOOD) -> list:
        """A second goes by, with these values (device, metric, raw) at its end. Returns the alerts."""
        self.now_ms += TURN_MS
        parts = {(s.name, p.metric): p for s in self.file.sources for p in s.metrics}
        seen = [Seen(d, parts[d, m], self.now_ms, raw, quality) for d, m, raw in values]
        alerts = self.intake.take(seen, self.now_ms)
        self.intake.save(self.now_ms)
        self.forward()
        return alerts

    def forward(self) -> None:
        if not self.connected:
            return
        self._to_host(self.forwarder.turn(self.now_ms))
        if self.forwarder.confirm_due(self.now_ms):
            self.intake.confirm(self.now_ms)
        if self.forwarder.node.leave:
            self.forwarder.disconnected()
            self.connected = False

    def settle(self, seconds: int = 20, step: int = 1) -> None:
        """Nothing changes; a turn each `step` seconds."""
        for _ in range(seconds // step):
            self.now_ms += (step - 1) * TURN_MS
            self.turn()

    def release(self) -> None:
        """What was held arrives, in order."""
        held, self.held = self.held or [], None
        self._to_host(held)

    def host_session(self, *, started: bool) -> None:
        self._take(
            [RawMessage(SPARKPLUG, SESSION_STARTED if started else SESSION_ENDED, b"", *self._stamps())]
        )

    def _to_host(self, messages: list, *, over_the_link: bool = True) -> None:
        if (self.cut and over_the_link) or not self.host_online:
            self.lost_messages += len(messages)
            return
        if self.held is not None:
            births = next((n for n, m in enumerate(messages) if "/DDATA/" in m.topic), len(messages))
            births = 0 if self.held else births
            self.held += messages[births:]
            messages = messages[:births]
        raw = [RawMessage(SPARKPLUG, m.topic, m.payload, *self._stamps()) for m in messages]
        self._take(raw)

    def _take(self, raw: list[RawMessage]) -> None:
        result = self.ingest.take(raw, self.now_ms * 1000)
        for _ in result.rebirths:
            if self.connected and not self.cut:
                from data.wire.sparkplug import rebirth_request

                self.forwarder.command(rebirth_request(self.now_ms), self.now_ms)

    def _stamps(self) -> tuple[int, int]:
        return self.now_ms * 1000, self.now_ms * 1000

    def stored(self, metric: str, device: str = "press") -> dict[int, tuple[float, int]]:
        """Source time in ms -> value and quality."""
        a, m, r = t.equipment_aliases.c, t.metrics.c, t.readings.c
        query = (
            select(r.source_us, r.value, r.quality)
            .join_from(t.readings, t.metrics, m.metric_id == r.metric_id)
            .join(t.equipment_aliases, a.equipment_id == m.equipment_id)
            .where(a.external_id == f"north/gw/{device}", m.name == metric)
            .order_by(r.source_us)
        )
        with self.database.read() as tx:
            return {row[0] // 1000: (row[1], row[2]) for row in tx.execute(query)}

    def gaps(self) -> list[tuple[int, int, str]]:
        """From and to in ms, and the cause."""
        g = t.gaps.c
        with self.database.read() as tx:
            rows = tx.execute(select(g.from_us, g.to_us, g.cause).order_by(g.from_us)).all()
        return [(row[0] // 1000, row[1] // 1000, row[2]) for row in rows]
