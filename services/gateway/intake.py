"""From what servers say to what is worth sending: limits first, then sums, then the deadband, then the store.

Guarantees: what `take` was given is on disk when `save` returns, in the order of arrival. A limit is judged
on every value, before any filter, and needs neither disk nor broker nor desk. When a server is lost, the
values that were known until then are confirmed, and a mark tells that from here on nothing is known.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data.edge.events import Contact, Event, Missed, Seen
from data.edge.gateway_file import GatewayFile
from data.edge.gateway_parts import MetricPart
from data.edge.shelf import Shelf
from domain.edge import Aggregate, Alert, Deadband, EdgeValue, LimitWatch, alert_metric, alert_on
from domain.telemetry import Quality
from services.gateway.reading import number

GRACE_MS = 500  # a value that ends what stands too long may be on its way
SURE_MS = 5_000  # a change that is older than this has arrived, or its server counts as lost
MOST_WAITING = 50_000
CONFIRM_AFTER_MS = 1_000  # a server that has come back: its values are confirmed so long after SURE_MS
Key = tuple[str, str]


@dataclass(slots=True)
class _Signal:
    """What is remembered of one value of the file."""

    part: MetricPart
    watch: LimitWatch | None
    sums: Aggregate | None
    newest: EdgeValue | None = None
    heard_ms: int = 0  # by our clock: when the newest came
    shift_ms: int = 0

    def in_its_own_millisecond(self, found: EdgeValue) -> EdgeValue | None:
        """None for the very value that was here last (a new subscription begins with it). Sparkplug tells
        milliseconds: of several changes within one the second gets the next, so that none is lost."""
        if self.newest is None or found.at_ms != self.newest.at_ms:
            self.newest, self.shift_ms = found, 0
            return found
        if found == self.newest:
            return None
        self.newest, self.shift_ms = found, self.shift_ms + 1
        return found._replace(at_ms=found.at_ms + self.shift_ms)

    @property
    def band(self) -> Deadband:
        return self.part.band

    def stood(self, now_ms: int) -> list[Alert]:
        """What the newest value raises by standing: the server's clock goes on as ours does."""
        if self.watch is None or self.newest is None:
            return []
        return self.watch.stay(self.newest, self.newest.at_ms + now_ms - self.heard_ms - GRACE_MS)


class Intake:
    """One thread owns it. `counts`: values seen, kept, unreadable, repeated, late."""

    def __init__(self, file: GatewayFile, shelf: Shelf, most_waiting: int = MOST_WAITING) -> None:
        self._shelf, self._most_waiting = shelf, most_waiting
        self._said = shelf.said()
        self._signals = {
            (source.name, part.metric): _signal(source.name, part, self._said)
            for source in file.sources
            for part in source.metrics
        }
        self._waiting: list[EdgeValue] = []
        self._holes: dict[str, int] = {}
        self._owed: dict[Key, EdgeValue] = {}  # alerts for which there was no room: the newest of each
        self._anew: set[Key] = set()  # whatever comes next of these is sent: its server was away
        self._confirm_ms: dict[str, int] = {}
        self.present: set[str] = set()
        self.counts: Counter[str] = Counter()

    def begin(self, now_ms: int) -> None:
        """After a start: whatever was known before is known until the gateway last lived, and no longer."""
        alive_ms = self._shelf.fact("alive_ms")
        devices = sorted({device for device, _ in self._said})
        if alive_ms is not None and devices:
            self._waiting += [v for device in devices for v in self._lost(device, alive_ms)]
            self.save(now_ms)

    def take(self, events: Iterable[Event], now_ms: int) -> list[Alert]:
        """Sort out what is worth storing; returns the alerts."""
        kept = self._waiting
        alerts: list[Alert] = []
        for event in events:
            match event:
                case Contact():
                    kept.extend(self._contact(event, now_ms))
                case Missed():
                    self.counts["missed"] += 1
                    kept.append(_mark(event.device, event.at_ms))
                case Seen():
                    alerts += self._seen(event, kept, now_ms)
        kept.extend(self._confirmed(now_ms))
        for signal in self._signals.values():
            if signal.sums is not None:
                self._keep(signal, signal.sums.due(now_ms), kept)
            if stood := signal.stood(now_ms):
                self._tell(stood, kept)
                alerts += stood
        return alerts

    def save(self, now_ms: int) -> None:
        """Store it. Raises Unavailable (the disk is full); it waits, and may be saved later: `most_waiting`
        values at most, what comes beyond that leaves a mark in its place."""
        holes = [_mark(device, at_ms) for device, at_ms in self._holes.items()]
        self._shelf.append([*self._waiting, *holes, *self._owed.values()], now_ms)
        self._waiting.clear()
        self._holes.clear()
        self._owed.clear()

    def confirm(self, now_ms: int) -> None:
        """Say of every value of every server that answers that it is unchanged: a receiver that was away
        may then close its gap, however seldom the values move."""
        self._confirm_ms.update(dict.fromkeys(self.present, now_ms))

    def _confirmed(self, now_ms: int) -> list[EdgeValue]:
        due = sorted(device for device, at_ms in self._confirm_ms.items() if at_ms <= now_ms)
        for device in due:
            del self._confirm_ms[device]
        return [v for device in due if device in self.present for v in self._still(device, now_ms - SURE_MS)]

    def _contact(self, event: Contact, now_ms: int) -> list[EdgeValue]:
        if event.present:
            self.present.add(event.device)
            self._confirm_ms[event.device] = now_ms + SURE_MS + CONFIRM_AFTER_MS
            return []
        if event.device not in self.present:
            return []
        self.present.discard(event.device)
        return self._lost(event.device, event.at_ms)

    def _seen(self, event: Seen, kept: list[EdgeValue], now_ms: int) -> list[Alert]:
        signal = self._signals[event.device, event.part.metric]
        self.counts["seen"] += 1
        value = self._value(event)
        if value is None:
            self.counts["unreadable"] += 1
            return []
        value = signal.in_its_own_millisecond(value)
        if value is None:
            self.counts["repeated"] += 1
            return []
        signal.heard_ms = now_ms
        told = [value]
        if signal.sums is not None:
            sums = signal.sums.take(value)
            self.counts["late"] += sums is None
            told = sums or []
        alerts = signal.watch.take(value) if signal.watch is not None else []
        if alerts and signal.sums is None:
            self._anew.add(value[:2])  # the desk is to see what raised it, whatever the deadband
        self._keep(signal, told, kept)
        self._tell(alerts, kept)
        return alerts

    def _tell(self, alerts: Sequence[Alert], kept: list[EdgeValue]) -> None:
        """Alerts go to the desk as values, in their place among the others."""
        for alert in alerts:
            name = alert_metric(alert.metric, alert.side)
            value = EdgeValue(alert.device, name, alert.at_ms, float(alert.raised))
            self._said[value[:2]] = value
            if len(kept) < self._most_waiting:
                kept.append(value)
            else:
                self._owed[value[:2]] = value

    def _value(self, event: Seen) -> EdgeValue | None:
        """A bad value without a number stands for the last one, no longer good."""
        found = number(event.part, event.raw)
        if found is None and event.quality is not Quality.GOOD:
            before = self._said.get((event.device, event.part.metric))
            found = before.value if before is not None else None
        if found is None:
            return None
        return EdgeValue(event.device, event.part.metric, event.at_ms, found, event.quality)

    def _keep(self, signal: _Signal, values: Sequence[EdgeValue], kept: list[EdgeValue]) -> None:
        for value in values:
            key = value[:2]
            if key in self._anew or signal.band.passes(self._said.get(key), value):
                if len(kept) >= self._most_waiting:  # the disk has been full for long
                    self.counts["missed"] += 1
                    self._anew.add(key)
                    self._holes[value.device] = value.at_ms
                    continue
                self._said[key] = value
                self._anew.discard(key)
                self.counts["kept"] += 1
                kept.append(value)

    def _lost(self, device: str, at_ms: int) -> list[EdgeValue]:
        for (name, _), signal in self._signals.items():
            if name == device:
                signal.newest = None
        still = self._still(device, at_ms - SURE_MS)
        self._anew |= {key for key in self._said if key[0] == device}
        return [*still, _mark(device, at_ms)]

    def _still(self, device: str, at_ms: int) -> list[EdgeValue]:
        """The values of a device as they still stood at that time, those of alerts aside."""
        found = [
            value._replace(at_ms=at_ms)
            for (name, _), value in self._said.items()
            if name == device and value.quality is Quality.GOOD and value.at_ms < at_ms
            if value[:2] not in self._anew and alert_on(value.metric) is None
        ]
        self._said.update({value[:2]: value for value in found})
        return found


def _mark(device: str, at_ms: int) -> EdgeValue:
    return EdgeValue(device, "", at_ms, 0.0, Quality.BAD)


def _signal(device: str, part: MetricPart, said: Mapping[Key, EdgeValue]) -> _Signal:
    limits, sums = part.limits, part.aggregate
    watch = None
    if limits is not None:
        watch = LimitWatch(limits.high, limits.low, limits.clear_by, round(limits.after_s * 1000))
        for name, (side, _) in part.alerts_as.items():
            if (before := said.get((device, name))) is not None and before.value:
                watch.resume(side)
    return _Signal(part, watch, Aggregate(round(sums.seconds * 1000), sums.keep) if sums else None)
