"""What machines say, after normalisation: measurements, states, gaps, and what could not be read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class MachineState(IntEnum):
    """PackML states by their PackTags code (ISA-TR88.00.02)."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17


class MachineMode(IntEnum):
    """PackML unit modes."""

    PRODUCTION = 1
    MAINTENANCE = 2
    MANUAL = 3
    SETUP = 4  # user-defined by PackML, and common


# Modes in which a machine that executes makes nothing for an order (ISA-TR88.00.02; OPC 40001-1, Annex C.2).
NOT_PRODUCING = frozenset({MachineMode.MAINTENANCE, MachineMode.MANUAL})


class Quality(IntEnum):
    """Quality of a stored value, after the OPC quality codes."""

    BAD = 0
    UNCERTAIN = 64
    STALE = 68
    GOOD = 192


class MetricKind(StrEnum):
    """How a metric is to be read."""

    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A canonical metric: its unit (SI or shop-floor usual, as text), kind and physical range."""

    name: str
    unit: str
    kind: MetricKind = MetricKind.GAUGE
    low: float = float("-inf")
    high: float = float("inf")
    label: str = ""


_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
METRICS: dict[str, MetricSpec] = {
    m.name: m
    for m in (
        MetricSpec("temperature", "degC", _G, -60, 1_600, "Temperature"),
        MetricSpec("ambient_temperature", "degC", _G, -60, 80, "Hall temperature"),
        MetricSpec("pressure", "kPa", _G, -101, 100_000, "Pressure"),
        MetricSpec("current", "A", _G, 0, 5_000, "Motor current"),
        MetricSpec("power", "kW", _G, -1_000, 10_000, "Power"),
        MetricSpec("vibration_rms", "mm/s", _G, 0, 500, "Vibration, velocity RMS"),
        MetricSpec("vibration_kurtosis", "1", _G, 0, 200, "Vibration shocks (kurtosis)"),
        MetricSpec("envelope_low", "m/s2", _G, 0, 2_000, "Vibration envelope, low band"),
        MetricSpec("envelope_high", "m/s2", _G, 0, 2_000, "Vibration envelope, high band"),
        MetricSpec("speed", "1/min", _G, 0, 100_000, "Speed"),
        MetricSpec("load", "%", _G, 0, 300, "Load"),
        MetricSpec("energy", "kWh", _C, 0, label="Energy"),
        MetricSpec("good_count", "1", _C, 0, label="Good parts"),
        MetricSpec("scrap_count", "1", _C, 0, label="Scrap"),
        MetricSpec("state", "1", MetricKind.STATE, 1, 17, "State"),
        MetricSpec("mode", "1", MetricKind.MODE, 1, 4, "Mode"),
        MetricSpec("machinery_item_state", "1", MetricKind.STATE, 0, 3, "State (OPC 40001-1)"),
        MetricSpec("machinery_operation_mode", "1", MetricKind.MODE, 0, 3, "Mode (OPC 40001-1)"),
        MetricSpec("running", "1", MetricKind.STATE, 0, 1, "Running"),
    )
}


JOINT = "+"  # between the names of sensors that are taken together as one


def sensors_of(metric: str) -> tuple[str, ...]:
    """The sensors behind a name: one, or those that are taken together (`current+load`)."""
    return tuple(metric.split(JOINT))


def joined_labels(labels: Sequence[str]) -> str:
    """Labels as one: `Motor current, load and speed`."""
    first, *others = labels
    words = [first, *(label[:1].lower() + label[1:] for label in others)]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


_UNIT_TEXTS = {"degC": "\u00b0C", "1": "", "1/min": "rpm"}
_RAISED = re.compile(r"(?<![A-Za-z])([mcdk]?m|s)([23])(?![A-Za-z0-9])")
_DIGITS = {"2": "\u00b2", "3": "\u00b3"}


def _raise(found: re.Match[str]) -> str:
    return found[1] + _DIGITS[found[2]]


def unit_text(unit: str) -> str:
    """A unit as written on the shop floor: `m/s2`, `g/m2` and `m3/h` with raised digits."""
    known = _UNIT_TEXTS.get(unit)
    return _RAISED.sub(_raise, unit.replace("_", " ")) if known is None else known


def figure_text(value: float, unit: str = "") -> str:
    """Three significant digits as people write them, with the unit: `5.92`, `1,360 rpm`, `0.087 mm/s`."""
    if not value:
        return f"0 {unit_text(unit)}".rstrip()
    size = abs(value)
    digits = next((d for d in range(4) if round(size, d) >= 10 ** (2 - d)), 3)
    shown = round(value, digits - 1 if size >= 1_000 else digits)
    return f"{shown:,.{digits}f} {unit_text(unit)}".rstrip().replace("-", "\u2212")


class SourceKey(NamedTuple):
    """What a source calls a device: ('sparkplug', 'group/node/device'), ('json', topic prefix)."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """One numeric value of one metric at one source time. State and mode are measurements too."""

    device: SourceKey
    metric: str
    source_us: int
    value: float
    quality: Quality = Quality.GOOD
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that is known to be missing. `missing` counts messages, or is -1 when unknown."""

    device: SourceKey
    from_us: int
    to_us: int
    missing: int
    cause: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that cannot be used: counted, kept in quarantine, shown on the health screen.

    `record` is the key of a row of a database, empty for messages.
    """

    source: str
    topic: str
    payload: bytes
    reason: str
    detail: str = ""
    record: str = ""
