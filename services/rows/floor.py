"""What the floor screens read: figures, strips, stops, orders and cases, for a plant, a line, a machine."""

from dataclasses import dataclass
from enum import StrEnum

from domain.oee import Oee
from domain.prediction import Prediction
from domain.strips import Strip

Point = tuple[int, float | None]


class Window(StrEnum):
    """Which stretch the figures are for. A shift is the one that runs now."""

    SHIFT = "shift"
    YESTERDAY = "yesterday"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A window with the name that people use for it."""

    from_us: int
    to_us: int
    end_us: int
    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """A line or a unit. `target` is a fraction; None where none is set."""

    equipment_id: str
    name: str
    machine_type: str
    constraint: bool
    position: int
    target: float | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A work order of a line and how far it is. `made` counts good parts at the end of the line."""

    order_id: str
    product: str
    quantity: float
    made: float
    due_us: int
    start_us: int | None
    planned_end_us: int
    status: str


@dataclass(frozen=True, slots=True)
class StopRow:
    """Time lost on one machine for one reason within the window. `open_since_us`: it stands now.

    `elsewhere`: the machine waited for another one.
    """

    equipment_id: str
    name: str
    line_id: str
    reason: str
    times: int
    lost_us: int
    cost_cents: int
    planned: bool
    elsewhere: bool
    open_since_us: int | None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A case that wants a decision."""

    number: int
    title: str
    equipment_name: str
    deadline_us: int
    benefit_cents: int
    benefit_low_cents: int
    benefit_high_cents: int
    attention: bool
    kind: str


@dataclass(frozen=True, slots=True)
class LineFigures:
    """One line over its stretch. The strip and the figures are those of its constraint."""

    line: Node
    constraint: Node
    stretch: Stretch
    oee: Oee
    strip: Strip
    order: OrderRow | None
    units: tuple[Node, ...]
    standing: tuple[StopRow, ...]


@dataclass(frozen=True, slots=True)
class PlantFigures:
    """A plant, or the part of it under a scope. `target` is weighted by planned time."""

    lines: tuple[LineFigures, ...]
    oee: Oee
    target: float | None
    stops: tuple[StopRow, ...]
    waiting: tuple[WaitingRow, ...]
    window: Window
    currency: str
    zone: str


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit of a line over the line's stretch."""

    unit: Node
    oee: Oee
    strip: Strip
    risk: Prediction | None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line with all its machines."""

    figures: LineFigures
    units: tuple[UnitFigures, ...]
    orders: tuple[OrderRow, ...]
    stops: tuple[StopRow, ...]
    waiting: tuple[WaitingRow, ...]
    zone: str
    currency: str


@dataclass(frozen=True, slots=True)
class MaintenanceRow:
    """One entry of the maintenance log."""

    kind: str
    status: str
    at_us: int
    end_us: int | None
    part_id: str
    finding: str
    cause: str
    ours: bool


@dataclass(frozen=True, slots=True)
class SensorTrend:
    """A sensor: its newest value and its means over the last hours; None marks a gap."""

    metric: str
    unit: str
    points: tuple[Point, ...]
    ignored_until_us: int | None


@dataclass(frozen=True, slots=True)
class MachineView:
    """A machine with all that is known of it now."""

    figures: UnitFigures
    line: Node
    stretch: Stretch
    assigned: bool
    sensors: tuple[SensorTrend, ...]
    stops: tuple[StopRow, ...]
    maintenance: tuple[MaintenanceRow, ...]
    order: OrderRow | None
    case_number: int | None
    case_title: str
    zone: str
    currency: str
    out_us: int | None = None  # since when it is out of the plant
