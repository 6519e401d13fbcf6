"""Which equipment a device is, and the ids of its metrics; unknown devices are registered."""

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from data.sources.messages import JSON, SPARKPLUG
from data.store import equipment
from domain.equipment import site_of
from domain.state_sources import MODE_METRICS, STATE_METRICS
from domain.telemetry import METRICS, MetricKind, MetricSpec, SourceKey

MAX_METRICS = 500
MAX_UNASSIGNED = 2_000
_SAFE_METRIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/ \-]{0,119}")
_SAFE_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/ \-]{0,199}")
_LARGEST = sys.float_info.max
_TELLING = (tuple(STATE_METRICS), MODE_METRICS)


class Metric(NamedTuple):
    """A metric ready for judging. `low`..`high` is finite, so that NaN and infinity fall outside."""

    metric_id: int
    name: str
    kind: MetricKind
    low: float
    high: float
    canonical: bool
    stateful: bool


@dataclass(slots=True)
class Device:
    """A device that is known: its equipment, and its metrics so far."""

    equipment_id: str
    metrics: dict[str, Metric] = field(default_factory=dict)
    numbers: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    telling: dict[str, tuple[Metric, bool]] = field(default_factory=dict)

    def add(self, metric: Metric) -> None:
        """Another metric. `numbers` holds (id, low, high) of all but states and modes; `telling` those, and
        whether it is this one that tells the machine's state (or mode), of all that could."""
        self.metrics[metric.name] = metric
        if not metric.stateful:
            self.numbers[metric.name] = (metric.metric_id, metric.low, metric.high)
            return
        self.telling[metric.name] = metric, True
        firsts = [next((name for name in names if name in self.metrics), "") for names in _TELLING]
        self.telling = {name: (found, name in firsts) for name, (found, _) in self.telling.items()}


def safe_metric(name: str) -> bool:
    """True for a name in the letters that a screen, a log and a file may show as they are."""
    return bool(_SAFE_METRIC.fullmatch(name))


class DeviceBook:
    """Cache of aliases and metrics.

    `forget()` after a rollback, and from time to time: people place devices.
    """

    def __init__(self, default_site: str) -> None:
        self._default_site = default_site
        self._devices: dict[SourceKey, Device] | None = None
        self._by_equipment: dict[str, Device] = {}
        self._sites: set[str] = set()
        self._unassigned = 0

    def forget(self) -> None:
        """Read everything anew at the next batch."""
        self._devices = None

    def load(self, tx: Connection) -> None:
        """Fill the cache, unless it is filled."""
        if self._devices is not None:
            return
        self._sites = equipment.site_ids(tx)
        self._by_equipment = {}
        self._devices = {}
        for (source, name), equipment_id in equipment.load_aliases(tx, (JSON, SPARKPLUG)).items():
            self._devices[SourceKey(source, name)] = self._of(equipment_id)
        for row in equipment.load_metrics(tx):
            device = self._by_equipment.get(row.equipment_id)
            if device is not None:
                device.add(_metric(row.metric_id, row.name))
        self._unassigned = sum(f"/{equipment.UNASSIGNED}/" in found for found in self._by_equipment)

    @property
    def devices(self) -> Mapping[SourceKey, Device]:
        """All that are registered."""
        return self._devices or {}

    def known(self, key: SourceKey) -> Device | None:
        """The device, when it is registered."""
        return None if self._devices is None else self._devices.get(key)

    def of_equipment(self, equipment_id: str) -> Device | None:
        """The device that is this equipment."""
        return self._by_equipment.get(equipment_id)

    def register(self, tx: Connection, key: SourceKey, at_us: int) -> Device | str:
        """Register an unknown device as unassigned equipment, or say why not."""
        if not _SAFE_DEVICE.fullmatch(key.name):
            return "unsafe_name"
        if self._unassigned >= MAX_UNASSIGNED:
            return "too_many_devices"
        site = site_of(key.name)
        site = site if site in self._sites else self._default_site
        name = key.name.rpartition("/")[2]
        equipment_id = equipment.register_unassigned(tx, site, _slug(key), name, key.source, key.name, at_us)
        self._unassigned += 1
        device = self._of(equipment_id)
        if self._devices is not None:
            self._devices[key] = device
        return device

    def add_metrics(self, tx: Connection, device: Device, names: Iterable[str]) -> dict[str, str]:
        """Make metrics for names that are new; returns the names that are refused, with the reason."""
        refused: dict[str, str] = {}
        wanted: list[MetricSpec] = []
        for name in dict.fromkeys(names):
            if not safe_metric(name):
                refused[name] = "unsafe_name"
            elif len(device.metrics) + len(wanted) >= MAX_METRICS:
                refused[name] = "too_many_metrics"
            else:
                wanted.append(METRICS.get(name) or MetricSpec(name, ""))
        if wanted:
            ids = equipment.register_metrics(tx, device.equipment_id, wanted)
            for spec in wanted:
                device.add(_metric(ids[spec.name], spec.name))
        return refused

    def _of(self, equipment_id: str) -> Device:
        return self._by_equipment.setdefault(equipment_id, Device(equipment_id))


def _metric(metric_id: int, name: str) -> Metric:
    spec = METRICS.get(name)
    if spec is None:
        return Metric(metric_id, name, MetricKind.GAUGE, -_LARGEST, _LARGEST, False, False)
    low, high = max(spec.low, -_LARGEST), min(spec.high, _LARGEST)
    stateful = spec.kind in (MetricKind.STATE, MetricKind.MODE)
    return Metric(metric_id, name, spec.kind, low, high, True, stateful)


def _slug(key: SourceKey) -> str:
    """A path segment out of the device's own name, made unique by a hash of its full name."""
    last = re.sub(r"[^a-z0-9]+", "-", key.name.rpartition("/")[2].lower()).strip("-")[:48] or "device"
    digest = hashlib.sha256(f"{key.source}\n{key.name}".encode()).hexdigest()[:6]
    return f"{last}-{digest}"
