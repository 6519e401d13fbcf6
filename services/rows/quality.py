"""What the quality screens show."""

from dataclasses import dataclass

from domain.spc.model import Series
from domain.spc.rules import Break
from services.spc.definition import Chart
from services.spc.intervals import Capability


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One chart in the list. `newest_us` is None before its first sample, `recent` counts breaks of the
    last 24 hours; `limits_version` is 0 before limits are frozen."""

    chart: Chart
    equipment_name: str
    line_id: str
    line_name: str
    newest_us: int | None
    limits_version: int
    recent: int
    last_rule: str
    last_us: int | None
    case_number: int | None


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """Frozen limits, with who froze them and why."""

    version: int
    from_us: int
    to_us: int
    level: float
    sigma: float
    between: float
    samples: int
    resemblance: float
    excluded: tuple[int, ...]
    frozen_by: str
    frozen_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class NotedBreak:
    """A broken rule as it was written down, and the case that it led to."""

    rule: str
    series: str
    at_us: int
    value: float
    case_number: int | None


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart on the screen. Without limits there are no series, only `times` that could make some."""

    chart: Chart
    equipment_name: str
    unit: str
    series: tuple[Series, ...]
    breaks: tuple[Break, ...]
    limits: LimitsRow | None
    history: tuple[LimitsRow, ...]
    noted: tuple[NotedBreak, ...]
    times: tuple[int, ...]
    capability: Capability | None
    capability_why: str
    odd: tuple[str, ...]
    changed_by: str
    changed_us: int
    reason: str
    uneven: bool = False  # a c chart whose samples differ by more than a quarter in their number of parts


@dataclass(frozen=True, slots=True)
class CapabilityRow:
    """A chart with a tolerance: its indices over a stretch, or why there are none."""

    chart: Chart
    equipment_name: str
    line_name: str
    unit: str
    found: Capability | None
    why: str


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A machine's standing against its usual pattern: its newest hour, each figure over its limit."""

    equipment_id: str
    name: str
    line_id: str
    line_name: str
    at_us: int | None
    t2_share: float | None
    spe_share: float | None
    version: int


@dataclass(frozen=True, slots=True)
class PatternPoint:
    """One hour: T2 and SPE, and each metric's share in the two, largest first."""

    at_us: int
    t2: float
    spe: float


@dataclass(frozen=True, slots=True)
class Part:
    """One metric's part in an odd hour: its value, what is usual, its shares of T2 and SPE (0..1)."""

    metric: str
    value: float
    usual: float
    sigmas: float
    t2: float
    spe: float


@dataclass(frozen=True, slots=True)
class PatternRules:
    """Whether hours beyond a limit open a case, which cause they point to, and who said so."""

    opens_case: bool
    cause: str
    changed_by: str
    changed_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class PatternView:
    """A machine's hours against its pattern, and the parts of one chosen hour."""

    equipment_id: str
    name: str
    points: tuple[PatternPoint, ...]
    t2_limit: float
    spe_limit: float
    components: int
    metrics: tuple[str, ...]
    limits: LimitsRow
    chosen_us: int | None
    parts: tuple[Part, ...]
    noted: tuple[NotedBreak, ...] = ()
    opens: PatternRules | None = None
