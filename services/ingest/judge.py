"""Is a value usable? Numbers in range are stored, odd ones stored as uncertain, the rest rejected."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from data.sources.messages import JSON, SPARKPLUG, RawMessage, Sample
from data.store.history import ReadingRow
from data.wire.json_topics import NOT_PLAIN, decode_plain
from domain.clock import DAY, MINUTE
from domain.state_sources import mode_of, state_of
from domain.telemetry import METRICS, MetricKind, Quality, Rejected, SourceKey
from services.ingest.devices import Device, DeviceBook, Metric, safe_metric
from services.ingest.json_samples import own
from services.rollups import BUCKET_US, bucket_of

AHEAD_US = 5 * MINUTE
BEHIND_US = 5 * 366 * DAY
_GOOD, _UNCERTAIN = int(Quality.GOOD), int(Quality.UNCERTAIN)
_SHOWN = 8
_NUMBERS = frozenset({int, float})  # a bool is none
MAX_TEXT = 4_096
Refusals = dict[str, list[str]]

# equipment -> source time -> [state or None, mode or None]
StateEvents = dict[str, dict[int, list[int | None]]]
Rows = defaultdict[int, list[ReadingRow]]  # by metric
_Heard = tuple[SourceKey, Device, list[int]]  # and the times of what was stored of it
_NONE: tuple[None, bool] = (None, False)


@dataclass(slots=True)
class Judged:
    """What a batch comes to, ready to be stored.

    `rows` are the readings by source and metric, `dirty` the 5-minute buckets in which values arrived,
    `texts` counts metrics that a birth declares as text: they are no measurements.
    """

    rows: dict[str, Rows] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    states: StateEvents = field(default_factory=lambda: defaultdict(dict))
    dirty: set[tuple[str, int]] = field(default_factory=set)
    rejected: list[tuple[Rejected, RawMessage]] = field(default_factory=list)
    texts: int = 0
    _closed: dict[str, int] = field(default_factory=dict)  # the bucket of each machine marked last

    def touch(self, equipment_id: str, source_us: int) -> None:
        """A value has arrived: mark its bucket."""
        last = self._closed.get(equipment_id)
        if last is None or not last < source_us <= last + BUCKET_US:
            self._closed[equipment_id] = bucket = bucket_of(source_us)
            self.dirty.add((equipment_id, bucket))

    def touch_all(self, equipment_id: str, times: Sequence[int]) -> None:
        """Values have arrived: mark their buckets."""
        in_order, at = sorted(times), 0
        while at < len(in_order):
            bucket = bucket_of(in_order[at])
            self.dirty.add((equipment_id, bucket))
            at = bisect_right(in_order, bucket + BUCKET_US, at)  # the bucket's end belongs to it

    def tell(self, equipment_id: str, metric: Metric, source_us: int, value: int) -> None:
        """A machine has said its state (or mode)."""
        event = self.states[equipment_id].setdefault(source_us, [None, None])
        is_mode = metric.kind is MetricKind.MODE
        event[is_mode] = (mode_of if is_mode else state_of)(metric.name, value)


class Judge:
    """Judges samples against the canonical metrics and the plant clock.

    `ahead_us`: how far a source time may lie ahead of its receipt in plant time; beyond it the value
    is rejected as `clock_skew`. Older values are taken as history, up to `behind_us`.
    """

    def __init__(self, book: DeviceBook, ahead_us: int = AHEAD_US, behind_us: int = BEHIND_US) -> None:
        self._book = book
        self.ahead_us = ahead_us
        self._behind_us = behind_us

    def samples(self, tx: Connection, samples: Sequence[Sample], out: Judged) -> None:
        """Every value ends in `rows` or in `rejected`, unless it is null or a text of its own name."""
        for sample in samples:
            if device := self._device(tx, sample.device, sample.message, out):
                self._sample(tx, device, sample, out)

    def plain(self, tx: Connection, messages: Sequence[RawMessage], out: Judged) -> list[RawMessage]:
        """Read JSON messages and judge what they say; returns those that are not plain, not on a topic of
        ours, or of a device that is new: they are to be read as samples.

        Numbers in range are stored here, written out: a backlog consists of them, and a message is judged
        while what was read of it is still at hand. Whatever is odd goes through `_sample`.
        """
        rows, behind_us, ahead_us, others = out.rows[JSON], self._behind_us, self.ahead_us, []
        heard: dict[str, _Heard] = {}
        for message in messages:
            known = heard.get(message.topic) or self._heard(message.topic, heard)
            if known is None:
                others.append(message)
                continue
            try:
                said = decode_plain(message.payload)
            except NOT_PLAIN:
                others.append(message)
                continue
            key, device, times = known
            at_us, receive_us = said.ts * 1000, message.receive_us
            told = said.numbers
            odd: list[tuple[str, int, object]] | None = None  # nearly no message has any
            if receive_us - behind_us <= at_us <= receive_us + ahead_us:
                numbers = device.numbers.get
                for name, value in told.items():
                    metric = numbers(name)
                    if metric is not None:
                        metric_id, low, high = metric
                        if low <= value <= high:
                            rows[metric_id].append((metric_id, at_us, value, _GOOD, receive_us))
                            continue
                    if not _tells(device, name, at_us, value, receive_us, out):
                        odd = odd or []
                        odd.append((name, at_us, value))
            else:
                odd = [(name, at_us, value) for name, value in told.items()]
            if told and (odd is None or len(odd) < len(told)):
                times.append(at_us)
            if odd:
                self._sample(tx, device, Sample(key, odd, message), out)
        for _, device, times in heard.values():
            out.touch_all(device.equipment_id, times)
        return others

    def _heard(self, topic: str, heard: dict[str, _Heard]) -> _Heard | None:
        key = own(topic)
        device = None if key is None else self._book.known(key)
        if key is None or device is None:
            return None
        found = heard[topic] = key, device, []
        return found

    def _device(self, tx: Connection, key: SourceKey, message: RawMessage, out: Judged) -> Device | None:
        """The device, registered when it is new; None when it is refused."""
        device = self._book.known(key)
        if device is None:
            made = self._book.register(tx, key, message.receive_us)
            if isinstance(made, str):
                _reject(out, message, made, key.name)
                return None
            device = made
        return device

    def _sample(self, tx: Connection, device: Device, sample: Sample, out: Judged) -> None:
        _, values, message, marked = sample
        source, receive_us = message.source, message.receive_us
        latest, earliest = receive_us + self.ahead_us, receive_us - self._behind_us
        metrics, touched_us, rows = device.metrics, None, out.rows[source]
        bad: dict[str, list[str]] = {}
        for name, source_us, value in values:
            metric = metrics.get(name) or self._new(tx, device, sample, name, out, bad)
            if metric is None or value is None:
                continue
            metric_id, _, _, low, high, _, stateful = metric
            plain = value.__class__ in _NUMBERS and earliest <= source_us <= latest and not stateful
            if plain and low <= value <= high and not marked:  # type: ignore[operator]
                rows[metric_id].append((metric_id, source_us, float(value), _GOOD, receive_us))  # type: ignore[arg-type]
                if source_us != touched_us:
                    touched_us = source_us
                    out.touch(device.equipment_id, source_us)
                continue
            verdict = _number(metric, value, source_us, earliest, latest)
            if isinstance(verdict, str):
                bad.setdefault(verdict, []).append(name)
                continue
            number = verdict
            mark = marked.get((name, source_us)) if marked else None
            if stateful and mark is None and device.telling[name][1]:
                out.tell(device.equipment_id, metric, source_us, int(number))
            quality = _GOOD if metric.low <= number <= metric.high else _UNCERTAIN
            quality = quality if mark is None else int(mark)
            rows[metric_id].append((metric_id, source_us, number, quality, receive_us))
            if source_us != touched_us:
                touched_us = source_us
                out.touch(device.equipment_id, source_us)
        for reason, names in bad.items():
            _reject(out, message, reason, ", ".join(names[:_SHOWN]))

    def _new(
        self, tx: Connection, device: Device, sample: Sample, name: str, out: Judged, bad: Refusals
    ) -> Metric | None:
        """The metric of a name that is new; all new names of the sample are registered at once."""
        if any(name in names for names in bad.values()):
            return None
        new = {other: value for other, _, value in sample.values if other not in device.metrics}
        numeric = [other for other, value in new.items() if value is None or isinstance(value, int | float)]
        for refused, reason in self._book.add_metrics(tx, device, numeric).items():
            bad.setdefault(reason, []).append(refused)
        if name not in device.metrics and name not in numeric:
            self._text(sample, name, new[name], out, bad)
        return device.metrics.get(name)

    def _text(self, sample: Sample, name: str, value: object, out: Judged, bad: Refusals) -> None:
        """A text under a name of its own: a Sparkplug birth may declare it, and it is no measurement."""
        declared = sample.message.source == SPARKPLUG and name not in METRICS and safe_metric(name)
        if declared and isinstance(value, str | bytes) and len(value) <= MAX_TEXT:
            out.texts += 1
        else:
            bad.setdefault("wrong_type" if safe_metric(name) else "unsafe_name", []).append(name[:120])


def _tells(device: Device, name: str, at_us: int, value: float, receive_us: int, out: Judged) -> bool:
    """Store a state (or mode); False for a value that is none."""
    metric, speaks = device.telling.get(name, _NONE)
    if metric is None or not metric.low <= value <= metric.high or value != int(value):
        return False
    if speaks:
        out.tell(device.equipment_id, metric, at_us, int(value))
    metric_id = metric.metric_id
    out.rows[JSON][metric_id].append((metric_id, at_us, value, _GOOD, receive_us))
    return True


def _number(metric: Metric, value: object, source_us: int, earliest: int, latest: int) -> float | str:
    """A value that is no plain number in range at a plausible time: the number to store, or why not."""
    if not isinstance(value, int | float) or (isinstance(value, bool) and metric.canonical):
        return "wrong_type"
    if source_us > latest:
        return "clock_skew"
    if source_us < earliest:
        return "too_old"
    try:
        number = float(value)
    except OverflowError:
        return "not_finite"
    if not math.isfinite(number):
        return "not_finite"
    inside = metric.low <= number <= metric.high and (not metric.stateful or number == int(number))
    return number if inside or metric.kind is MetricKind.GAUGE else "out_of_range"


def _reject(out: Judged, message: RawMessage, reason: str, detail: str) -> None:
    found = Rejected(message.source, message.topic, message.payload, reason, detail)
    out.rejected.append((found, message))
