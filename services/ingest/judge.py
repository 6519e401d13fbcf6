"""Is a value usable? Numbers in range are stored, odd ones stored as uncertain, the rest rejected."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from data.sources.messages import JSON, SPARKPLUG, RawMessage, Sample, Told
from data.store.history import ReadingRow
from domain.clock import DAY, MINUTE
from domain.state_sources import MODE_METRICS, STATE_METRICS, mode_of, state_of
from domain.telemetry import METRICS, MetricKind, Quality, Rejected
from services.ingest.devices import Device, DeviceBook, Metric, safe_metric
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


@dataclass(slots=True)
class Judged:
    """What a batch comes to, ready to be stored.

    `rows` are the readings by source, `dirty` the 5-minute buckets in which values arrived, `texts`
    counts metrics that a birth declares as text: they are no measurements.
    """

    rows: dict[str, list[ReadingRow]] = field(default_factory=lambda: defaultdict(list))
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


class Judge:
    """Judges samples against the canonical metrics and the plant clock.

    `ahead_us`: how far a source time may lie ahead of its receipt in plant time; beyond it the value
    is rejected as `clock_skew`. Older values are taken as history, up to `behind_us`.
    """

    def __init__(self, book: DeviceBook, ahead_us: int = AHEAD_US, behind_us: int = BEHIND_US) -> None:
        self._book = book
        self.ahead_us = ahead_us
        self._behind_us = behind_us

    def judge(self, tx: Connection, samples: Sequence[Sample], told: Sequence[Told] = ()) -> Judged:
        """Every value ends in `rows` or in `rejected`, unless it is null or a text of its own name."""
        out = Judged()
        for sample in samples:
            if device := self._device(tx, sample, out):
                self._sample(tx, device, sample, out)
        self._all_told(tx, told, out)
        return out

    def _device(self, tx: Connection, sample: Sample | Told, out: Judged) -> Device | None:
        """The device, registered when it is new; None when it is refused."""
        device = self._book.known(sample.device)
        if device is None:
            made = self._book.register(tx, sample.device, sample.message.receive_us)
            if isinstance(made, str):
                _reject(out, sample, made, sample.device.name)
                return None
            device = made
        return device

    def _all_told(self, tx: Connection, told: Sequence[Told], out: Judged) -> None:
        """Plain numbers in range are stored here, written out: a backlog consists of them. Whatever is odd
        goes through `_sample`."""
        rows, touch, behind_us, ahead_us = out.rows[JSON], out.touch, self._behind_us, self.ahead_us
        devices = self._book.devices
        for one in told:
            key, at_us, values, message = one
            device = devices.get(key) or self._device(tx, one, out)
            if device is None:
                continue
            known, receive_us, plain, odd = device.numbers.get, message[3], False, []
            timely = receive_us - behind_us <= at_us <= receive_us + ahead_us
            for name, value in values.items():
                metric = known(name)
                if metric is not None and timely and value.__class__ in _NUMBERS:
                    metric_id, low, high = metric
                    if low <= value <= high:  # type: ignore[operator]
                        rows.append((metric_id, at_us, float(value), _GOOD, receive_us))  # type: ignore[arg-type]
                        plain = True
                        continue
                odd.append((name, at_us, value))
            if plain:
                touch(device.equipment_id, at_us)
            if odd:
                self._sample(tx, device, Sample(key, odd, message), out)

    def _sample(self, tx: Connection, device: Device, sample: Sample, out: Judged) -> None:
        _, values, message, marked = sample
        source, receive_us = message.source, message.receive_us
        latest, earliest = receive_us + self.ahead_us, receive_us - self._behind_us
        metrics, touched_us, add = device.metrics, None, out.rows[source].append
        bad: dict[str, list[str]] = {}
        for name, source_us, value in values:
            metric = metrics.get(name) or self._new(tx, device, sample, name, out, bad)
            if metric is None or value is None:
                continue
            metric_id, _, _, low, high, _, stateful = metric
            plain = value.__class__ in _NUMBERS and earliest <= source_us <= latest and not stateful
            if plain and low <= value <= high and not marked:  # type: ignore[operator]
                add((metric_id, source_us, float(value), _GOOD, receive_us))  # type: ignore[arg-type]
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
            if metric.stateful and mark is None and _speaks(metrics, metric):
                event = out.states[device.equipment_id].setdefault(source_us, [None, None])
                is_mode = metric.kind is MetricKind.MODE
                event[is_mode] = (mode_of if is_mode else state_of)(metric.name, int(number))
            quality = _GOOD if metric.low <= number <= metric.high else _UNCERTAIN
            quality = quality if mark is None else int(mark)
            add((metric.metric_id, source_us, number, quality, receive_us))
            if source_us != touched_us:
                touched_us = source_us
                out.touch(device.equipment_id, source_us)
        for reason, names in bad.items():
            _reject(out, sample, reason, ", ".join(names[:_SHOWN]))

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


def _speaks(metrics: Mapping[str, Metric], metric: Metric) -> bool:
    """True for the metric that tells a machine's state (or mode), of all that could."""
    names = MODE_METRICS if metric.kind is MetricKind.MODE else STATE_METRICS
    for name in names:
        if name in metrics:
            return name == metric.name
    return False


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


def _reject(out: Judged, sample: Sample | Told, reason: str, detail: str) -> None:
    message = sample.message
    found = Rejected(message.source, message.topic, message.payload, reason, detail)
    out.rejected.append((found, message))
