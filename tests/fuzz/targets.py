"""Every decoder of what comes from outside, with good messages to damage.

A target takes a random generator and decodes one input: it may raise Malformed, and nothing else.
"""

import gzip
import random
import tempfile
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from data.edge.events import Event, Seen
from data.edge.gateway_file import SourcePart
from data.edge.modbus import ModbusReader
from data.edge.node import EdgeNode as EdgeNode_
from data.sources import mapping, topic_mapping
from data.sources.mes import ForeignDatabase, Row
from data.sources.mes_query import UPDATED
from data.sources.messages import Findings
from data.sources.sparkplug_host import SparkplugHost
from data.sources.sparkplug_presence import must_say_online
from data.sources.topic_reading import TopicReader
from data.sources.topic_survey import Survey
from data.wire import json_topics, mqtt, orders, sparkplug, sparkplug_topics
from data.wire.sparkplug import DataType, Metric, Payload, encode
from data.wire.sparkplug_schema import DATA_SET, PAYLOAD, PROPERTIES, TEMPLATE
from domain.errors import SettingsError
from domain.messages import (
    Cancel,
    Command,
    CommandKind,
    Finding,
    MaintenanceOrder,
    Receipt,
    ReceiptStatus,
    Requisition,
    SetPointChange,
)
from domain.telemetry import Quality
from services.ingest import json_samples
from tests.fuzz.mutate import damaged, document, name, value
from tests.kits.edge import T0_MS, EdgeNode, raw

Target = Callable[[random.Random], None]
INT64 = 2**63


def _everything() -> bytes:
    """One Sparkplug payload with every kind of value."""
    wire = PAYLOAD(timestamp=T0_MS, seq=3)
    table = DATA_SET(num_of_columns=2, columns=["a", "b"], types=[3, 12])
    row = table.rows.add()
    row.elements.add(int_value=7)
    row.elements.add(string_value="x")
    inner = TEMPLATE(template_ref="v")
    inner.metrics.add(name="open", datatype=DataType.BOOLEAN, boolean_value=True)
    outer = TEMPLATE(template_ref="p", is_definition=False)
    outer.metrics.add(name="v", datatype=DataType.TEMPLATE, template_value=inner.SerializeToString())
    marks = PROPERTIES(keys=["Quality"])
    marks.values.add(type=3, int_value=500)
    add = wire.metrics.add
    add(name="t", alias=1, datatype=DataType.DOUBLE, double_value=2.5, properties=marks.SerializeToString())
    add(name="d", alias=2, datatype=DataType.DATASET, dataset_value=table.SerializeToString())
    add(name="p", alias=3, datatype=DataType.TEMPLATE, template_value=outer.SerializeToString())
    for kind in DataType:
        if kind >= DataType.INT8_ARRAY:
            add(name=f"a{kind}", alias=kind, datatype=kind, bytes_value=bytes(8))
    return bytes(wire.SerializeToString())


def _sparkplug_corpus() -> list[bytes]:
    edge = EdgeNode()
    whole = _everything()
    packed = [PAYLOAD(uuid="SPBV1.0_COMPRESSED", body=pack(whole)) for pack in (zlib.compress, gzip.compress)]
    messages = [*edge.births(T0_MS), edge.data("cnc-11", T0_MS + 1000), edge.death(T0_MS)]
    simple = encode(
        Payload(T0_MS, 1, (Metric("x", 1, T0_MS, DataType.INT64, -5), Metric("y", 2, None, 12, "z")))
    )
    far = 2**64 - 1
    extreme = encode(
        Payload(far, 0, (Metric("bdSeq", None, far, DataType.UINT64, far), Metric("x", far, far, 8, far)))
    )
    return [whole, simple, extreme, *(p.SerializeToString() for p in packed), *(m.payload for m in messages)]


SPARKPLUG = _sparkplug_corpus()
TELEMETRY = [
    b'{"ts":1790000000000,"seq":5,"values":{"temperature":41.5,"state":6,"good_count":12,"note":"x"}}',
    b'{"values":{"load":1}}',
]
REBIRTH_REQUEST = sparkplug.rebirth_request(T0_MS)
STATES = [b'{"online": true, "timestamp": 1790000000000}', b'{"online":false,"timestamp":0}']
TOPICS = [
    b"spBv1.0/north/DDATA/line-1/cnc-11", b"spBv1.0/STATE/taktwise",
    b"uns/north/hall/line-1/cnc-11/telemetry",
    b"spBv1.0/north/NBIRTH/line-1",
]  # fmt: skip
_JOB = MaintenanceOrder("north/a/b/c", 10**15, 5400, "Replace", "mechanic", "P-1", "bearing")
_MOVE = SetPointChange("north/a/b/c", "P-201", "soak_time", "min", 42.0, 44.5)
ORDERS = [
    orders.encode_command(
        Command("c-1", "mes.line-1", "k", CommandKind.MAINTENANCE_ORDER, _JOB, created_us=10**15)
    ).encode(),
    orders.encode_command(
        Command("c-2", "mes.line-1", "k", CommandKind.CANCEL, Cancel("c-1", "why"), created_us=10**15)
    ).encode(),
    orders.encode_command(
        Command(
            "c-3",
            "erp.procurement",
            "k",
            CommandKind.REQUISITION,
            Requisition("P-1", 2, 10**15, "x"),
            created_us=1,
        )
    ).encode(),
    orders.encode_command(
        Command("c-4", "mes.line-2", "k", CommandKind.SET_POINT_CHANGE, _MOVE, created_us=1)
    ).encode(),
    orders.encode_receipt(
        Receipt(
            "r-1", "mes.line-1", "c-1", "k", ReceiptStatus.DONE, "done", 10**15, Finding.DEGRADED, "bearing"
        )
    ).encode(),
]


def sparkplug_payload(rng: random.Random) -> None:
    sparkplug.decode(damaged(rng, SPARKPLUG))


def state(rng: random.Random) -> None:
    data = damaged(rng, STATES) if rng.random() < 0.7 else document(rng)
    must_say_online(sparkplug_topics.state_topic("taktwise"), data, "taktwise")
    sparkplug_topics.decode_state(data)


def topic(rng: random.Random) -> None:
    text = damaged(rng, TOPICS).decode("utf-8", "surrogateescape")
    (sparkplug_topics.parse_topic if rng.random() < 0.5 else json_topics.parse_topic)(text)


def telemetry(rng: random.Random) -> None:
    data = damaged(rng, TELEMETRY) if rng.random() < 0.7 else document(rng)
    found = Findings()
    json_samples.take_all([raw("uns/north/hall/line-1/cnc-11/telemetry", data, T0_MS, "json")], found)
    assert len(found.samples) + len(found.rejected) == 1
    assert all(isinstance(at_us, int) for sample in found.samples for _, at_us, _ in sample.values)
    try:
        plain = json_topics.decode_plain(data)
    except json_topics.NOT_PLAIN:
        return
    whole = json_topics.decode(data)
    assert (plain.ts, plain.seq) == (whole.ts_ms, whole.seq)
    assert plain.numbers == {name: float(value) for name, value in whole.values.items()}  # type: ignore[arg-type]


def order(rng: random.Random) -> None:
    data = damaged(rng, ORDERS) if rng.random() < 0.8 else document(rng)
    (orders.decode_command if rng.random() < 0.5 else orders.decode_receipt)(data)


@dataclass
class Host:
    """The whole host application on damaged, repeated and reordered messages, for as long as it lives."""

    host: SparkplugHost
    ms: int = T0_MS

    def __call__(self, rng: random.Random) -> None:
        self.ms += rng.choice((0, 1, 100, 5_000))
        data = damaged(rng, SPARKPLUG) if rng.random() < 0.5 else rng.choice(SPARKPLUG)
        kind = rng.choice(("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDATA", "NDEATH", "DDEATH", "NCMD"))
        tail = f"/d{rng.randrange(40)}" if kind[0] == "D" else ""
        found = Findings()
        self.host.receive(raw(f"spBv1.0/g/{kind}/n{rng.randrange(30)}{tail}", data, self.ms), found)
        self.host.tick(self.ms * 1000, found)
        for sample in found.samples:
            for part, at_us, _ in sample.values:
                assert isinstance(part, str)
                assert isinstance(at_us, int)


class MesRows:
    """Rows of a foreign database, as a driver hands them over."""

    def __init__(self) -> None:
        shipped = [mapping.named(name) for name in mapping.presets()]
        self.foreign = [ForeignDatabase("sqlite:///nowhere.db", found) for found in shipped]

    def __call__(self, rng: random.Random) -> None:
        foreign = rng.choice(self.foreign)
        entity = rng.choice(list(foreign.mapping.entities))
        its = foreign.mapping.entities[entity]
        columns = [its.key, UPDATED, *its.names]
        row: Row = {column: self._cell(rng) for column in columns}
        page = foreign._page(entity, [row], {}, lambda found: "north/a" if found else None)
        assert len(page.rows) + len(page.bad) == 1
        for found in page.rows:
            assert all(_storable(cell) for cell in found.values()), found

    @staticmethod
    def _cell(rng: random.Random) -> object:
        if rng.random() < 0.4:
            return rng.choice((1_790_000_000, "OP-1", "7", 3.5, b"bytes", name(rng)))
        found = value(rng)
        return str(found) if isinstance(found, list | dict) else found


MAPPED = (
    (
        "acme/north/hall/line-1/press-1/temperature",
        b'{"timestamp": 1790000000000, "value": 41.5, "unit": "degF"}',
    ),
    (
        "plant/north/hall/line-1/press-1",
        b'{"ts": 1790000000000, "seq": 7, "status": "RUN", "parts": 3, "a": {"b": 1}}',
    ),
    ("sensors/north/hall/line-1/press-1/load/mean", b"41.5"),
)


class Mapped:
    """Every preset on damaged messages, and the survey that proposes a mapping for them."""

    def __init__(self) -> None:
        names = topic_mapping.presets()
        self.topics = topic_mapping.Topics(
            topics=tuple(one for name in names for one in topic_mapping.load(name).topics)
        )
        self.reader = TopicReader(self.topics)

    def __call__(self, rng: random.Random) -> None:
        where, good = rng.choice(MAPPED)
        data = damaged(rng, [good]) if rng.random() < 0.7 else document(rng)
        if rng.random() < 0.1:
            self._survey(rng, data)
        found = Findings()
        json_samples.take(raw(where, data, T0_MS, "json"), found, self.reader)
        assert len(found.samples) + len(found.rejected) == 1
        for sample in found.samples:
            assert all(isinstance(at_us, int) and abs(at_us) < INT64 for _, at_us, _ in sample.values)

    def _survey(self, rng: random.Random, data: bytes) -> None:
        survey = Survey(self.reader if rng.random() < 0.5 else None)
        for _ in range(3):
            where = damaged(rng, TOPICS).decode("utf-8", "replace")
            survey.hear(where, data if rng.random() < 0.5 else damaged(rng, TELEMETRY))
        survey.rows()
        survey.proposal()


FILES = [path.read_bytes() for path in sorted(topic_mapping.FOLDER.glob("*.yaml"))]


class MappingFile:
    """A mapping file that somebody damaged: it loads, or one clear line says why not."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp()) / "topics.yaml"

    def __call__(self, rng: random.Random) -> None:
        self.path.write_bytes(damaged(rng, FILES)[:8_000])
        try:
            topic_mapping.load(str(self.path))
        except SettingsError as error:
            assert str(error)
            assert "\n" not in str(error)


def _storable(cell: object) -> bool:
    """Both databases can hold it."""
    if isinstance(cell, bool) or cell is None:
        return True
    if isinstance(cell, int):
        return -INT64 <= cell < INT64
    if isinstance(cell, str):
        return "\x00" not in cell and cell.encode("utf-8", "replace").decode() == cell
    return isinstance(cell, float)


MQTT = [
    mqtt.publish("uns/a", b'{"values":{}}', mid=7),
    mqtt.publish("spBv1.0/north/DDATA/line-1/cnc-11", b"x" * 200, version=mqtt.V5),
    b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01", b"\x40\x02\x00\x09", b"\xd0\x00", b"\xe0\x01\x8e",
]  # fmt: skip


def mqtt_stream(rng: random.Random) -> None:
    """What a broker sends, several packets at once; whatever is read lies within what came."""
    data = b"".join(damaged(rng, MQTT) for _ in range(rng.randint(1, 3)))
    version = rng.choice((mqtt.V3, mqtt.V5))
    found, at = mqtt.read(data, 0, 100, version)
    assert 0 <= at <= len(data)
    assert sum(len(one[2] if one.__class__ is tuple else getattr(one, "payload", b"")) for one in found) <= at
    assert mqtt.read(data, 0, 100, version) == (found, at)  # a shape that is known by now reads the same


_TYPES = ("int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64", "bit")


class Modbus:
    """Answers of a server: too short, too long, any bits; each value comes out as a number, or as bad."""

    def __init__(self) -> None:
        registers = [
            {"table": "coil" if kind == "bit" else "holding", "address": 4 * at, "type": kind, "words": words}
            for at, (kind, words) in enumerate(
                (kind, words) for kind in _TYPES for words in ("big", "little")
            )
        ]
        metrics = [{"metric": f"m{at}", "register": register} for at, register in enumerate(registers)]
        source = {"name": "press", "modbus": {"host": "127.0.0.1"}, "metrics": metrics}
        self.reader = ModbusReader(SourcePart.model_validate(source))

    def __call__(self, rng: random.Random) -> None:
        block = rng.choice(self.reader._blocks)
        count = max(0, block.count + rng.choice((0, 0, 0, -1, 1, -block.count, 40)))
        words = [rng.choice((0, 1, 0x7F80, 0x7FC0, 0xFFFF, rng.randrange(65_536))) for _ in range(count)]
        answer = SimpleNamespace(
            isError=lambda: rng.random() < 0.1, registers=words, bits=[w > 9 for w in words]
        )

        async def ask(*_: object, **__: object) -> object:
            return answer

        client = SimpleNamespace(read_holding_registers=ask, read_coils=ask)
        found = drive(self.reader._ask(client, block))
        seen: list[Event] = []
        self.reader._tell(block, found, 0, seen.append)
        assert len(seen) == len(block.parts)
        assert all((one.raw is None) == (one.quality is Quality.BAD) for one in seen if isinstance(one, Seen))


def drive(step: Coroutine[object, object, list[int] | None]) -> list[int] | None:
    """Run what never waits."""
    try:
        step.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


class Gateway:
    """What the gateway hears from the broker: STATE of its host, and commands."""

    def __init__(self) -> None:
        self.node = EdgeNode_("north", "gw", {"press": ()}, 0)
        self.node.on_connected()
        self.node.now_present("press", {}, T0_MS)

    def __call__(self, rng: random.Random) -> None:
        if rng.random() < 0.5:
            self.node.on_state(damaged(rng, STATES) if rng.random() < 0.7 else document(rng), {}, T0_MS)
        else:
            self.node.on_command(damaged(rng, [*SPARKPLUG, REBIRTH_REQUEST]), {}, T0_MS)
        if self.node.leave:
            self.node.on_disconnected()
            self.node.on_connected()
        topics = [message.topic for message in self.node.take_out()]
        assert all("CMD" not in topic for topic in topics)


TARGETS: dict[str, Callable[[], Target]] = {
    "modbus-answers": Modbus,
    "gateway-commands": Gateway,
    "mqtt-packets": lambda: mqtt_stream,
    "sparkplug-payload": lambda: sparkplug_payload,
    "sparkplug-host": lambda: Host(SparkplugHost()),
    "sparkplug-state": lambda: state,
    "topics": lambda: topic,
    "json-telemetry": lambda: telemetry,
    "mapped-topics": Mapped,
    "mapping-files": MappingFile,
    "orders-and-receipts": lambda: order,
    "mes-rows": MesRows,
}
