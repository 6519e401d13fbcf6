"""What a report says, before it is drawn. Times in microseconds UTC, money in cents, energy in kWh."""

from dataclasses import dataclass

from domain.oee import Oee
from domain.reporting import Kind, Period
from domain.wording import stamp
from services.rows.site import SiteRow


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """OEE of a line (at its constraint) or of a machine. `target` is a fraction, None where none is set."""

    equipment_id: str
    name: str
    line_name: str
    constraint: str
    target: float | None
    oee: Oee
    energy_kwh: float


@dataclass(frozen=True, slots=True)
class Step:
    """One column of the waterfall, in hours of constraint time. `kind`: whole, loss or rest."""

    name: str
    hours: float
    kind: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Time lost in planned time, and what it cost at the stated rate of each line."""

    name: str
    minutes: float
    cents: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stops of one machine for one reason."""

    machine: str
    line: str
    reason: str
    times: int
    minutes: float
    cents: int
    planned: bool
    elsewhere: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Output:
    """Parts of one product at the end of a line; `product` is "" for parts without an order."""

    line: str
    product: str
    good: float
    scrap: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said to one order of a case; `status` is the order's state without an answer."""

    queue: str
    order: str
    status: str
    detail: str
    at_us: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A case that was decided within the period."""

    number: int
    title: str
    machine: str
    state: str
    decided_by: str
    decided_us: int
    reason: str
    cost_cents: int
    benefit_cents: int
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All of a report. `provisional`: why figures may still change; empty when they stand."""

    site: SiteRow
    scope: str
    scope_name: str
    period: Period
    made_us: int
    provisional: tuple[str, ...]
    whole: Oee
    target: float | None
    lines: tuple[PlaceFigures, ...]
    machines: tuple[PlaceFigures, ...]
    waterfall: tuple[Step, ...]
    losses: tuple[Loss, ...]
    stops: tuple[Stop, ...]
    output: tuple[Output, ...]
    decisions: tuple[Decision, ...]
    energy_kwh: float
    oddities: tuple[str, ...] = ()  # the remarks of its machines, one of each kind
    unsure: tuple[str, ...] = ()  # what came at once after a gap over an edge of the period

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about its figures, a sentence each."""
        return (*(f"{flag.capitalize()}." for flag in self.whole.flags), *self.oddities, *self.unsure)

    @property
    def title(self) -> str:
        """`Day report, Plant North`."""
        return f"{self.period.kind.value.capitalize()} report, {self.scope_name}"

    @property
    def counted(self) -> str:
        """From when to when, in the site's time, and by which rule: said under the name of the period."""
        begin, end = (stamp(at, self.site.time_zone)[:16] for at in (self.period.from_us, self.period.to_us))
        if self.period.kind is Kind.SHIFT:
            return f"{begin} to {end}."
        return f"Until {end}: a shift counts whole to the day on which it begins."

    @property
    def file_stem(self) -> str:
        """`taktwise-north-day-2026-11-20`."""
        return f"taktwise-{self.scope.replace('/', '-')}-{self.period.kind.value}-{self.period.key}"


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A schedule with the last of its runs. `trouble` is "" when the last run went well."""

    schedule_id: str
    scope: str
    scope_name: str
    kind: str
    formats: tuple[str, ...]
    delivery: str
    target: str
    delay_us: int
    state: str
    created_by: str
    done: int
    last_name: str
    last_state: str
    last_detail: str
    last_wall_us: int | None
    next_try_wall_us: int | None


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A scheduled report that could not be made or sent so far."""

    run_id: str
    kind: str
    scope: str
    period_name: str
    attempts: int
    detail: str
    final: bool
