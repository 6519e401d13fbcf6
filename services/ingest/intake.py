"""Ingest: decode, normalise and store a batch of messages in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from data.sources.messages import (
    JSON,
    SESSION_ENDED,
    SESSION_STARTED,
    SPARKPLUG,
    Findings,
    RawMessage,
    Sample,
)
from data.sources.sparkplug_host import REORDER_US, SparkplugHost
from data.sources.sparkplug_state import DeviceState
from data.sources.topic_reading import TopicReader
from data.store import equipment, half_hours, history, intake_records, late_charts, roll_marks
from data.store.database import Database
from domain.clock import HOUR
from domain.telemetry import Gap, Rejected, SourceKey
from services.history import marking
from services.ingest import host_memory, json_samples
from services.ingest.devices import DeviceBook
from services.ingest.judge import AHEAD_US, BEHIND_US, Judge, Judged
from services.ingest.retained import leave_out_known
from services.ingest.states import StateKeeper
from services.kpi import dirty
from services.rollups import BUCKET_US, refresh
from services.spc.definition import METRIC

REMEMBER_US = 24 * HOUR
_MARKERS = (SESSION_STARTED, SESSION_ENDED)
Tally = defaultdict[str, Counter[str]]


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What a batch came to: messages `received` and `quarantined`, values `stored` and `repeated`.

    `rebirths` are the edge nodes (group/node) to ask for their births after the commit, each with the
    broker over which to ask, `once_more` those of them that did not answer the last time. `tally` holds the
    counts by source.
    """

    received: int
    stored: int
    repeated: int
    quarantined: int
    gaps: tuple[Gap, ...]
    rebirths: Mapping[str, str]
    tally: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    once_more: frozenset[str] = frozenset()

    def plus(self, other: "IngestResult") -> "IngestResult":
        """Both together."""
        return IngestResult(
            self.received + other.received,
            self.stored + other.stored,
            self.repeated + other.repeated,
            self.quarantined + other.quarantined,
            self.gaps + other.gaps,
            {**self.rebirths, **other.rebirths},
            _added(self.tally, other.tally),
            self.once_more | other.once_more,
        )


class Ingest:
    """Takes messages in. One per process and not thread-safe: it holds the Sparkplug host's state.

    `site`: where devices of unknown sites are registered. `ahead_us` and `behind_us`: see Judge.
    `reorder_us`: see SparkplugHost. `mapped` reads plain JSON topics that are not our own. `mine`: which
    edge nodes are remembered, of all in the database. `guard` is called first in each transaction.
    """

    def __init__(
        self,
        database: Database,
        site: str = "north",
        ahead_us: int = AHEAD_US,
        behind_us: int = BEHIND_US,
        reorder_us: int = REORDER_US,
        mapped: TopicReader | None = None,
        mine: Callable[[str], bool] = lambda _node: True,
        guard: Callable[[Connection], None] = lambda _tx: None,
    ) -> None:
        self._guard = guard
        self._mapped = mapped
        self._database = database
        self._book = DeviceBook(site)
        self._judge = Judge(self._book, ahead_us, behind_us)
        self._states = StateKeeper(self._book)
        with database.read() as tx:
            known = [node for node in host_memory.load(tx) if mine(node.name)]
        self._host = SparkplugHost(known, reorder_us)

    @property
    def waiting(self) -> bool:
        """True while an empty batch is worth taking: see SparkplugHost.waiting."""
        return self._host.waiting

    def place_anew(self, ahead_us: int) -> None:
        """Set how far a device's clock may be ahead, and drop the caches."""
        self._judge.ahead_us = ahead_us
        self.forget()

    def read_by(self, mapped: TopicReader | None) -> None:
        """Read plain JSON topics by another mapping from now on."""
        self._mapped = mapped

    def forget(self) -> None:
        """Drop the caches of equipment: somebody may have placed a device."""
        self._book.forget()
        self._states.forget()

    def take(
        self, messages: Sequence[RawMessage], wall_us: int | None = None, *, again: bool = False
    ) -> IngestResult:
        """Store a batch, all of it or nothing. Raises Unavailable; the same batch may then be taken again.

        A message that cannot be read goes to quarantine in the same transaction: it never raises.
        `wall_us` (the last receipt, unless said) is now: waiting for messages out of order ends by it,
        so an empty batch is worth taking from time to time. `again`: they come from the quarantine, so that
        one that was seen before is read all the same; its receipt makes its values the same ones.
        """
        before = self._host.copy_nodes()
        try:
            found = Findings()
            plain = self._decode(messages, found)
            if wall_us is not None or messages:
                self._host.tick(wall_us or messages[-1].wall_us, found)
            with self._database.write() as tx:
                self._guard(tx)
                self._book.load(tx)
                judged = self._judged(tx, plain, found, again=again)
                return self._store(tx, messages, found, judged)
        except BaseException:
            self._host.nodes = before
            self.forget()
            raise

    def refuse(self, message: RawMessage, detail: str) -> IngestResult:
        """Quarantine one message that cannot be taken at all, for the reason `internal`."""
        found = Rejected(message.source, message.topic, message.payload, "internal", detail)
        with self._database.write() as tx:
            intake_records.quarantine(tx, [(found, message.receive_us)])
            intake_records.count(tx, message.source, {"received": 1, "quarantined": 1})
        return IngestResult(1, 0, 0, 1, (), {}, {message.source: {"received": 1, "quarantined": 1}})

    def _decode(self, messages: Sequence[RawMessage], found: Findings) -> Sequence[RawMessage]:
        """Add what Sparkplug messages say; returns the JSON messages, which are read when they are judged."""
        plain = [message for message in messages if message.source == JSON]
        if len(plain) == len(messages):
            return plain
        for message in messages:
            if message.source == SPARKPLUG:
                self._host.receive(message, found)
            elif message.source != JSON:
                found.reject(message, "unknown_source", message.source)
        return plain

    def _judged(self, tx: Connection, plain: Sequence[RawMessage], found: Findings, *, again: bool) -> Judged:
        out = Judged()
        others = self._judge.plain(tx, plain, out)
        once = json_samples.take_all(others, found, self._mapped)
        leave_out_known(tx, self._book, found)
        self._judge.samples(tx, _only_new(tx, found, once) if once and not again else found.samples, out)
        return out

    def _store(
        self, tx: Connection, messages: Sequence[RawMessage], found: Findings, judged: Judged
    ) -> IngestResult:
        receive_us = messages[-1].receive_us if messages else 0
        self._describe(tx, found)
        tally: Tally = defaultdict(Counter)
        self._store_values(tx, judged, found, receive_us, tally)
        rejected = found.rejected + judged.rejected
        intake_records.quarantine(tx, [(what, message.receive_us) for what, message in rejected])
        intake_records.store_gaps(tx, found.gaps, found.withdrawn, receive_us)
        marking.mark_gaps(tx, [*found.gaps, *found.withdrawn])
        nodes = [self._host.nodes[name] for name in found.nodes]
        devices = [
            device for node in nodes for device in node.devices.values() if device.name in found.devices
        ]
        host_memory.save(tx, nodes, devices)
        marking.mark_deaths(tx, self._deaths(found, devices))
        _tally_messages(tally, messages, found, rejected)
        for source, counters in tally.items():
            intake_records.count(tx, source, counters)
        total = sum(tally.values(), Counter())
        return IngestResult(
            len(messages),
            total["stored"],
            total["repeated"],
            total["quarantined"],
            tuple(found.gaps),
            found.rebirths,
            tally,
            frozenset(found.once_more),
        )

    def _deaths(self, found: Findings, devices: Sequence[DeviceState]) -> list[tuple[str, int]]:
        """The machines whose devices died in this batch, and since when."""
        dead = [(self._book.known(SourceKey(SPARKPLUG, d.name)), d) for d in devices if d.name in found.stale]
        return [(known.equipment_id, d.offline_us) for known, d in dead if known and d.offline_us is not None]

    def _describe(self, tx: Connection, found: Findings) -> None:
        for key, name, how in found.reporting:
            device = self._book.known(key)
            metric = device.metrics.get(name) if device is not None else None
            if metric is not None:
                equipment.describe_metric(tx, metric.metric_id, *how)

    def _store_values(
        self, tx: Connection, judged: Judged, found: Findings, receive_us: int, tally: Tally
    ) -> None:
        newest: dict[int, history.ReadingRow] = {}
        for source, by_metric in judged.rows.items():
            rows: list[history.ReadingRow] = []
            for metric_id in sorted(by_metric):
                found_now = sorted(by_metric[metric_id])  # nearly in order already, as all together are not
                rows += found_now
                newest[metric_id] = found_now[-1]
            stored = history.store_readings(tx, rows)
            if stored:
                roll_marks.mark_readings(tx, rows)
            tally[source].update(stored=stored, repeated=len(rows) - stored)
        self._states.keep(tx, judged.states, receive_us)
        history.store_latest(tx, list(newest.values()))
        offline = [self._book.known(SourceKey(SPARKPLUG, name)) for name in found.stale]
        history.mark_stale(tx, [device.equipment_id for device in offline if device])
        tally[SPARKPLUG].update(texts=judged.texts)
        tally[JSON].update(repeated=found.repeated, at_least_once=found.at_least_once)
        changed = {*judged.dirty, *refresh(tx, judged.dirty)}
        late = [d for d in judged.dirty if d[1] < receive_us - half_hours.LATE_US]
        half_hours.forget(tx, late)
        late_charts.mark(tx, METRIC, late)
        dirty.mark(tx, [(unit, at, at + BUCKET_US) for unit, at in sorted(changed)])


def _added(
    one: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]
) -> dict[str, Counter[str]]:
    return {
        source: Counter(one.get(source, {})) + Counter(other.get(source, {})) for source in {**one, **other}
    }


def _only_new(tx: Connection, found: Findings, once: set[int]) -> list[Sample]:
    """Leave out samples without a time whose very message was taken before."""
    kept: list[Sample] = []
    for position, sample in enumerate(found.samples):
        message = sample.message
        if position in once and not intake_records.first_seen(
            tx, message.topic, message.payload, message.wall_us, message.wall_us - REMEMBER_US
        ):
            found.repeated += len(sample.values)
        else:
            kept.append(sample)
    return kept


def _tally_messages(
    tally: Tally,
    messages: Sequence[RawMessage],
    found: Findings,
    rejected: Sequence[tuple[Rejected, RawMessage]],
) -> None:
    others = [message for message in messages if message.source != JSON]
    tally[JSON]["received"] += len(messages) - len(others)
    for message in others:
        tally[message.source]["received"] += message.topic not in _MARKERS
    for message in {id(message): message for _, message in rejected}.values():
        tally[message.source]["quarantined"] += 1
    tally[SPARKPLUG].update(gaps=len(found.gaps), rebirths=len(found.rebirths))
