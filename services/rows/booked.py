"""What the screen *Booked work* shows: figures from what the MES booked alone."""

from dataclasses import dataclass

from domain.kpi import Figures, Measures
from domain.order_kpi import OrderFigures


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """A machine, or a line (at work while any of its machines is). Availability is its utilisation;
    `orders` were worked on there."""

    equipment_id: str
    name: str
    level: str
    measures: Measures
    figures: Figures
    orders: int


@dataclass(frozen=True, slots=True)
class CaseRow:
    """An order, from its first work to the end of its last, as far as it has come; parts of the stretch."""

    order_id: str
    product: str
    line: str
    figures: OrderFigures
    good: float
    scrap: float
    rework: float
    from_us: int


@dataclass(frozen=True, slots=True)
class BookedView:
    """A part of the plant over [from, to), as far as it has come. `above` leads up: (name, id)."""

    scope: str
    name: str
    level: str
    above: tuple[tuple[str, str], ...]
    from_us: int
    to_us: int
    resources: tuple[ResourceRow, ...]
    cases: tuple[CaseRow, ...]
