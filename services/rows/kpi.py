"""What the KPI screens read: figures, losses, orders, oddities, and shifts to close."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.bottleneck import Bottleneck
from domain.clock import DAY
from domain.kpi import Figures, Measures, MinorModel
from domain.order_kpi import OrderFigures


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read: a scope over whole local days [from_us, to_us); an empty filter takes everything."""

    scope: str
    from_us: int
    to_us: int
    shift: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class KpiRow:
    """One part of the plant (or a product, a shift, a day) with its figures. `at_us` for a day."""

    key: str
    name: str
    level: str
    measures: Measures
    figures: Figures
    target: float | None = None
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class LossRow:
    """Time lost for one cause. `cents` is None where it did not cost the line its pace."""

    cause: str
    equipment_id: str
    name: str
    charged_to: str
    lost_us: int
    times: int
    cents: int | None


@dataclass(frozen=True, slots=True)
class BigLossRow:
    """One of the six big losses in time and money, each line at its own rate. None where no part had a
    planned cycle; `partly` where some lines are left out for it."""

    name: str
    label: str
    seconds: float | None
    cents: int | None
    partly: bool = False


FLAGS_BACK_US = 35 * DAY  # oddities are shown this far back from the end of a stretch


@dataclass(frozen=True, slots=True)
class FlagRow:
    """Something odd behind a figure: the newest of its kind, and how often it was noticed."""

    equipment_id: str
    name: str
    code: str
    record: str
    at_us: int
    words: str
    times: int
    machines: int = 1  # with one of the kind


@dataclass(frozen=True, slots=True)
class OrderKpiRow:
    """An order with its figures."""

    order_id: str
    line_id: str
    line: str
    product: str
    quantity: float
    status: str
    good: float
    scrap: float
    planned_end_us: int
    wip: float  # good parts that left the first machine and not yet the last
    oee: float | None  # of the line's constraint while it worked on the order
    figures: OrderFigures
    promised_us: int  # the planned end when it was released
    more_out: float = 0.0  # more good parts left the line than came from its first machine
    twice: float = 0.0  # more parts inspected than machines made: some count twice in first pass yield


@dataclass(frozen=True, slots=True)
class BottleneckRow:
    """The bottleneck of a line, by name."""

    line: str
    name: str
    declared: str
    found: Bottleneck


@dataclass(frozen=True, slots=True)
class RateRow:
    """A planned run time per part (PRI), what it comes from, and since when it holds; None without a rate."""

    machine: str
    product: str
    tool: str
    per_part_s: float | None
    cycle_s: float | None
    cavities: int | None
    basis: str
    valid_from_us: int | None


@dataclass(frozen=True, slots=True)
class KpiView:
    """Everything about a scope over a stretch. `areas`: of a plant with several; `upto_us`: how far the
    figures reach; `quality_targets`: of the scope, its areas and its parts, each its own or that of what lies
    above it."""

    ask: Ask
    whole: KpiRow
    parts: tuple[KpiRow, ...]
    areas: tuple[KpiRow, ...]
    days: tuple[KpiRow, ...]
    shifts: tuple[KpiRow, ...]
    products: tuple[KpiRow, ...]
    losses: tuple[LossRow, ...]
    big_losses: tuple[BigLossRow, ...]
    flags: tuple[FlagRow, ...]
    flag_count: int
    bottlenecks: tuple[BottleneckRow, ...]
    mtbf_low_s: float | None
    mtbf_high_s: float | None
    model: MinorModel
    cents_per_hour: int
    upto_us: int | None
    quality_targets: Mapping[str, float] = field(default_factory=dict)
    rates: tuple[RateRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """One measure as reported and as it is now."""

    name: str
    reported: float
    now: float


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A record of a MES that said something else when the shift was closed. `field` is empty for one that
    came later; `old` and `new` are the field's values, or nothing and the whole record by field."""

    entity: str
    record: str
    machine: str
    field: str
    old: object
    new: object
    learned_us: int
    source: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A shift as it was reported at one of its closes."""

    version: int
    closed_by: str
    closed_us: int
    note: str
    reopened_by: str
    reopened_us: int | None
    reopen_reason: str
    figures: KpiRow


class Begun(NamedTuple):
    """A shift of a line that has figures, as a list of shifts names it."""

    line_id: str
    shift: str
    from_us: int
    to_us: int
    closed: bool


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One shift of one line. `version` 0: never closed. `versions` are all its closes, the newest first;
    `corrections` what was learned after the newest. `unsure`: what came at once after a gap over one
    of its ends."""

    line_id: str
    line: str
    shift: str
    from_us: int
    to_us: int
    version: int
    closed: bool
    closed_by: str
    closed_us: int | None
    note: str
    reopened_by: str
    reopen_reason: str
    provisional: bool
    now: KpiRow
    reported: KpiRow | None
    changed: tuple[Changed, ...]
    why: tuple[str, ...]
    versions: tuple[VersionRow, ...] = ()
    corrections: tuple[CorrectionRow, ...] = ()
    unsure: tuple[str, ...] = ()
