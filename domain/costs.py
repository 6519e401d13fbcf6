"""What each choice costs: the formula behind "how it is counted".

All choices are counted on the same table of scenarios, so that they can be compared and subtracted.
A scenario says when the machine would fail if nobody did anything (or that it does not fail within
the horizon), whether the limit alarm would catch it, whether an inspection would find it, and how
long the work takes compared with the plan. Its weight is its probability.

- When: F(t) passes through the model's probability at the horizon; its shape follows the remaining
  life: G runs straight through (0, 0), (low, 5 %), (median, 50 %), (high, 95 %), and for t up to the
  horizon H, F(t) = p x G(t) / G(H). Without a remaining life G is a straight line to H.
- A stop costs downtime rate x the producing hours in it (shift open, no break, work planned) plus
  labour rate x its length. A repair adds the part.
- A failure costs a stop of call-out + unplanned factor x planned time (and the emergency delivery,
  when the part is not in stock), plus the part, plus damage to other parts.
- A planned stop costs the failure if the failure comes first. "Wait for the limit alarm" costs a
  hurried repair (with call-out) when the alarm catches it, else the failure. "Inspect first" costs
  the inspection, then the repair at once when it finds something; when it misses, the failure. It
  may also find wear that would not have failed within the horizon: that repair is counted too.
- A machine that would not have failed within the horizon costs nothing more when left alone. That
  favours waiting: the benefit is understated rather than overstated.

Expected cost = weighted mean; the 90 % range = weighted 5th and 95th percentile of what happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.clock import HOUR, MINUTE, SECOND
from domain.errors import InvalidInput

TIME_BINS = 16
STRETCHES = ((0.7, 0.15), (0.9, 0.25), (1.0, 0.2), (1.15, 0.25), (1.5, 0.15))


@dataclass(frozen=True, slots=True)
class Rates:
    """What a plant states once, per machine, line or site. Shares are 0..1, money in cents."""

    downtime_cents_per_hour: int = 45_000
    labour_cents_per_hour: int = 6_500
    unplanned_factor: float = 2.5
    call_out_s: int = 3_600
    collateral_cents: int = 80_000
    emergency_delivery_s: int = 86_400
    alarm_catches: float = 0.35
    alarm_lead_s: int = 7_200
    inspection_finds: float = 0.85
    inspection_misleads: float = 0.1

    def __post_init__(self) -> None:
        shares = (self.alarm_catches, self.inspection_finds, self.inspection_misleads)
        if not all(0 <= share <= 1 for share in shares) or self.unplanned_factor < 1:
            raise InvalidInput("shares are 0..1, and an unplanned repair takes no less than a planned one")


@dataclass(frozen=True, slots=True)
class Task:
    """The work for a cause on a type of machine. `part_id` None: no part is needed."""

    task: str
    skill: str
    duration_s: int
    inspect_s: int
    part_id: str | None
    part_name: str


@dataclass(frozen=True, slots=True)
class Stock:
    """The part's unreserved stock, price, and how long a new one takes."""

    unreserved: float
    price_cents: int
    lead_time_s: int


@dataclass(frozen=True, slots=True)
class Risk:
    """The prediction, as far as costs need it. Remaining life in microseconds of plant time."""

    at_us: int
    horizon_us: int
    probability: float
    life_low_us: int | None = None
    life_us: int | None = None
    life_high_us: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or self.horizon_us <= 0:
            raise InvalidInput("a probability is 0..1 and a horizon is above 0")


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that the cost of a choice depends on. `producing` None: production never stops."""

    risk: Risk
    task: Task
    stock: Stock | None
    rates: Rates
    producing: tuple[tuple[int, int], ...] | None = None

    @property
    def part_in_stock(self) -> bool:
        """True when the work needs no part, or one lies unreserved in stock."""
        return self.task.part_id is None or (self.stock is not None and self.stock.unreserved >= 1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way it may go. `fails_us` None: no failure within the horizon."""

    fails_us: int | None
    alarm_catches: bool
    inspection_finds: bool
    stretch: float
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What a choice does: start the work at `start_us` (None: leave it), or inspect first then."""

    start_us: int | None
    inspect: bool = False
    heed_alarm: bool = False


def failure_share(risk: Risk, after_us: int) -> float:
    """F: the probability of a failure within `after_us` from the prediction, up to the horizon."""
    reach = min(max(after_us, 0), risk.horizon_us)
    whole = _life_share(risk, risk.horizon_us)
    share = _life_share(risk, reach) / whole if whole > 0 else reach / risk.horizon_us
    return risk.probability * share


def _life_share(risk: Risk, after_us: int) -> float:
    """G: the remaining life's distribution, straight between its quantiles."""
    if risk.life_us is None or risk.life_low_us is None or risk.life_high_us is None:
        return min(1.0, after_us / risk.horizon_us)
    points = [(0, 0.0), (risk.life_low_us, 0.05), (risk.life_us, 0.5), (risk.life_high_us, 0.95)]
    points.append((points[-1][0] + max(1, points[-1][0] - points[-2][0]), 1.0))
    for (x0, y0), (x1, y1) in pairwise(points):
        if after_us < x1:
            return y0 + (y1 - y0) * (after_us - x0) / (x1 - x0) if after_us > x0 else y0
    return 1.0


def scenarios(risk: Risk, rates: Rates) -> tuple[Scenario, ...]:
    """The table of scenarios; weights sum to 1."""
    width = risk.horizon_us / TIME_BINS
    edges = [failure_share(risk, round(i * width)) for i in range(TIME_BINS + 1)]
    times: list[tuple[int | None, float]] = [
        (risk.at_us + round((i + 0.5) * width), edges[i + 1] - edges[i]) for i in range(TIME_BINS)
    ]
    times.append((None, 1.0 - edges[-1]))
    return tuple(
        Scenario(fails, caught, found, stretch, w * cw * fw * sw)
        for fails, w in times
        for caught, cw in ((True, rates.alarm_catches), (False, 1 - rates.alarm_catches))
        for found, fw in _looks(rates, fails)
        for stretch, sw in STRETCHES
        if w * cw * fw * sw > 0
    )


def _looks(rates: Rates, fails_us: int | None) -> tuple[tuple[bool, float], ...]:
    """Does an inspection find wear? It may miss it, and may find some that would not have failed yet."""
    finds = rates.inspection_misleads if fails_us is None else rates.inspection_finds
    return (True, finds), (False, 1 - finds)


def after_inspection(probability: float, rates: Rates) -> float:
    """The probability of a failure once an inspection has found wear (Bayes)."""
    told = probability * rates.inspection_finds
    misled = (1 - probability) * rates.inspection_misleads
    return told / (told + misled) if told + misled > 0 else probability


def producing_us(setting: Setting, start_us: int, duration_us: int) -> int:
    """How much of a stop falls into production."""
    end = start_us + duration_us
    if setting.producing is None:
        return duration_us
    return sum(max(0, min(end, b) - max(start_us, a)) for a, b in setting.producing)


def stop_cents(setting: Setting, start_us: int, duration_s: float, *, part: bool) -> float:
    """A stop of the machine with somebody working on it."""
    length = round(duration_s * SECOND)
    lost = producing_us(setting, start_us, length) / HOUR * setting.rates.downtime_cents_per_hour
    price = setting.stock.price_cents if part and setting.stock else 0
    return lost + length / HOUR * setting.rates.labour_cents_per_hour + price


def failure_cents(setting: Setting, fails_us: int, stretch: float) -> float:
    """A failure: call-out, longer repair, part (delivered in a hurry if need be), other damage."""
    rates, delivery = setting.rates, 0
    if not setting.part_in_stock:
        lead = setting.stock.lead_time_s if setting.stock else rates.emergency_delivery_s
        delivery = min(lead, rates.emergency_delivery_s)
    waiting = round((rates.call_out_s + delivery) * SECOND)
    lost = producing_us(setting, fails_us, waiting) / HOUR * rates.downtime_cents_per_hour
    repair = setting.task.duration_s * rates.unplanned_factor * stretch
    return lost + stop_cents(setting, fails_us + waiting, repair, part=True) + rates.collateral_cents


def cost_cents(setting: Setting, plan: Plan, scenario: Scenario) -> float:
    """What a choice costs in one scenario."""
    fails = scenario.fails_us
    if plan.start_us is None:
        return _left_alone(setting, plan, scenario)
    if fails is not None and fails < plan.start_us:
        return failure_cents(setting, fails, scenario.stretch)
    repair = setting.task.duration_s * scenario.stretch
    if not plan.inspect:
        return stop_cents(setting, plan.start_us, repair, part=True)
    look = setting.task.inspect_s
    looked = stop_cents(setting, plan.start_us, look, part=False)
    if scenario.inspection_finds:
        return looked + stop_cents(setting, plan.start_us + look * SECOND, repair, part=True)
    return looked if fails is None else looked + failure_cents(setting, fails, scenario.stretch)


def _left_alone(setting: Setting, plan: Plan, scenario: Scenario) -> float:
    fails = scenario.fails_us
    if fails is None:
        return 0.0
    if not (plan.heed_alarm and scenario.alarm_catches and setting.part_in_stock):
        return failure_cents(setting, fails, scenario.stretch)
    alarm = max(setting.risk.at_us, fails - setting.rates.alarm_lead_s * SECOND)
    hurried = setting.rates.call_out_s + setting.task.duration_s * scenario.stretch
    return stop_cents(setting, alarm, hurried, part=True)


@dataclass(frozen=True, slots=True)
class Cost:
    """Expected cost and its 90 % range, in cents; widened to hold a mean that a few rare outcomes carry."""

    expected: int
    low: int
    high: int


def summary(values: Sequence[float], table: Sequence[Scenario]) -> Cost:
    """Weighted mean, 5th and 95th percentile of one value per scenario."""
    expected = sum(v * s.weight for v, s in zip(values, table, strict=True))
    ranked = sorted(zip(values, (s.weight for s in table), strict=True))
    low, high = _quantile(ranked, 0.05), _quantile(ranked, 0.95)
    return Cost(round(expected), round(min(low, expected)), round(max(high, expected)))


def _quantile(ranked: Sequence[tuple[float, float]], share: float) -> float:
    total = 0.0
    for value, weight in ranked:
        total += weight
        if total >= share - 1e-12:
            return value
    return ranked[-1][0]


def rounded_up(us: int, step_us: int = 5 * MINUTE) -> int:
    """The next full five minutes."""
    return -(-us // step_us) * step_us
