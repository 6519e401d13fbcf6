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
- "Slow down" runs at a share s of the speed until the repair at a planned stop. What would have failed
  at t fails at now + (t - now) x s ** -k (domain.cost_inputs says where k comes from), and 1 - s of the
  output of every producing hour until then is lost at the downtime rate. Wear is no less for it.
- "Other machine" repairs now while another one makes up a share of the lost output (how much of its
  planned time it stood idle lately, times how fast it makes the product), after a setup at the labour rate.
- A machine that would not have failed within the horizon costs nothing more when left alone. That
  favours waiting: the benefit is understated rather than overstated.

Expected cost = weighted mean; the 90 % range = weighted 5th and 95th percentile of what happens. Lost
production is summed up the same way, in minutes: producing time in which the machine stands, and the
output that slow running does not make.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from domain.clock import HOUR, MINUTE, SECOND
from domain.cost_inputs import Rates, Risk, Setting, Spare, Stock, Task

TIME_BINS = 16
STRETCHES = ((0.7, 0.15), (0.9, 0.25), (1.0, 0.2), (1.15, 0.25), (1.5, 0.15))


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
    """What a choice does: start the work at `start_us` (None: leave it), or inspect first then.

    `slow_from_us`: run slower from there until the start. `moved`: another machine takes the work meanwhile.
    """

    start_us: int | None
    inspect: bool = False
    heed_alarm: bool = False
    slow_from_us: int | None = None
    moved: bool = False


class Loss(NamedTuple):
    """What happens costs this much, in cents, and loses this much producing time, in microseconds."""

    cents: float = 0.0
    lost_us: float = 0.0

    def plus(self, other: "Loss", cents: float = 0.0) -> "Loss":
        """Both, and some money."""
        return Loss(self.cents + other.cents + cents, self.lost_us + other.lost_us)


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
    lost = 0
    for a, b in setting.producing:
        if a < end and b > start_us:
            lost += (b if b < end else end) - (a if a > start_us else start_us)
    return lost


def _not_made(setting: Setting, lost_us: float) -> Loss:
    return Loss(lost_us / HOUR * setting.rates.downtime_cents_per_hour, lost_us)


def stop_loss(
    setting: Setting, start_us: int, duration_s: float, *, part: bool, made_up: float = 0.0
) -> Loss:
    """A stop of the machine with somebody working on it; another one makes up a share of the output."""
    length = round(duration_s * SECOND)
    price = setting.stock.price_cents if part and setting.stock else 0
    work = length / HOUR * setting.rates.labour_cents_per_hour
    lost = producing_us(setting, start_us, length) * (1 - made_up)
    return Loss(lost / HOUR * setting.rates.downtime_cents_per_hour + work + price, lost)


def failure_loss(setting: Setting, fails_us: int, stretch: float) -> Loss:
    """A failure: call-out, longer repair, part (delivered in a hurry if need be), other damage."""
    rates, delivery = setting.rates, 0
    if not setting.part_in_stock:
        lead = setting.stock.lead_time_s if setting.stock else rates.emergency_delivery_s
        delivery = min(lead, rates.emergency_delivery_s)
    waiting = round((rates.call_out_s + delivery) * SECOND)
    lost = _not_made(setting, producing_us(setting, fails_us, waiting))
    repair = setting.task.duration_s * rates.unplanned_factor * stretch
    repaired = stop_loss(setting, fails_us + waiting, repair, part=True)
    return lost.plus(repaired, rates.collateral_cents)


def cost_cents(setting: Setting, plan: Plan, scenario: Scenario) -> float:
    """What a choice costs in one scenario."""
    return loss(setting, plan, scenario).cents


def loss(setting: Setting, plan: Plan, scenario: Scenario) -> Loss:
    """What a choice costs, and how much production it loses, in one scenario."""
    fails = scenario.fails_us
    if plan.start_us is None:
        return _left_alone(setting, plan, scenario)
    if plan.slow_from_us is not None:
        return _slowed(setting, plan.slow_from_us, plan.start_us, scenario)
    if fails is not None and fails < plan.start_us:
        return failure_loss(setting, fails, scenario.stretch)
    repair = setting.task.duration_s * scenario.stretch
    if plan.inspect:
        return _inspected(setting, plan.start_us, repair, scenario)
    if plan.moved and setting.spare is not None:
        setup = Loss(setting.spare.setup_s / 3_600 * setting.rates.labour_cents_per_hour)
        return setup.plus(stop_loss(setting, plan.start_us, repair, part=True, made_up=setting.spare.share))
    return stop_loss(setting, plan.start_us, repair, part=True)


def _inspected(setting: Setting, start_us: int, repair_s: float, scenario: Scenario) -> Loss:
    look = setting.task.inspect_s
    looked = stop_loss(setting, start_us, look, part=False)
    if scenario.inspection_finds:
        return looked.plus(stop_loss(setting, start_us + look * SECOND, repair_s, part=True))
    if scenario.fails_us is None:
        return looked
    return looked.plus(failure_loss(setting, scenario.fails_us, scenario.stretch))


def slowed_us(setting: Setting, from_us: int, fails_us: int) -> int:
    """When it fails instead, running slower from `from_us` on."""
    longer = float(setting.rates.slow_speed**-setting.task.wear_exponent)
    return fails_us if fails_us <= from_us else from_us + round((fails_us - from_us) * longer)


def _slowed(setting: Setting, from_us: int, start_us: int, scenario: Scenario) -> Loss:
    fails = None if scenario.fails_us is None else slowed_us(setting, from_us, scenario.fails_us)
    until = start_us if fails is None else min(fails, start_us)
    less = producing_us(setting, from_us, max(0, until - from_us)) * (1 - setting.rates.slow_speed)
    if fails is not None and fails < start_us:
        return _not_made(setting, less).plus(failure_loss(setting, fails, scenario.stretch))
    repair = setting.task.duration_s * scenario.stretch
    return _not_made(setting, less).plus(stop_loss(setting, start_us, repair, part=True))


def _left_alone(setting: Setting, plan: Plan, scenario: Scenario) -> Loss:
    fails = scenario.fails_us
    if fails is None:
        return Loss()
    if not (plan.heed_alarm and scenario.alarm_catches and setting.part_in_stock):
        return failure_loss(setting, fails, scenario.stretch)
    alarm = max(setting.risk.at_us, fails - setting.rates.alarm_lead_s * SECOND)
    hurried = setting.rates.call_out_s + setting.task.duration_s * scenario.stretch
    return stop_loss(setting, alarm, hurried, part=True)


@dataclass(frozen=True, slots=True)
class Cost:
    """Expected value and its 90 % range, in cents (or in minutes); widened to hold a mean that a few
    rare outcomes carry."""

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


__all__ = [
    "Cost",
    "Loss",
    "Plan",
    "Rates",
    "Risk",
    "Scenario",
    "Setting",
    "Spare",
    "Stock",
    "Task",
    "after_inspection",
    "cost_cents",
    "failure_share",
    "loss",
    "producing_us",
    "rounded_up",
    "scenarios",
    "slowed_us",
    "stop_loss",
    "summary",
]
