"""From a prediction and its context to ranked alternatives, one of them advised.

The probable cause is the one whose signs moved the risk most (CAUSES: which sensors speak for which
cause, and how much). Costs are counted by domain.costs; the cheapest alternative that fits is
advised. The benefit compares it with what the plant would do anyway: wait for its limit alarm.
Choices that are not possible now stand at the end of the list, without a cost, and say why.

What an inspection tells is worth what the best choice without it costs more than inspecting first does,
the price of the look itself left out (the expected value of the information).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from domain.choices import (
    AT_ONCE,
    LEAVES_IT,
    NAMES,
    PREPARE_US,
    Calendar,
    Choice,
    clock_text,
    label,
    minutes_text,
    note,
    possible,
    soonest,
    why_not,
)
from domain.clock import HOUR, MINUTE
from domain.costs import Cost, Loss, Plan, Scenario, Setting, loss, scenarios, stop_loss, summary
from domain.errors import NotNow
from domain.evidence import Alternative
from domain.prediction import Contribution
from domain.telemetry import sensors_of

CAUSES: dict[str, dict[str, float]] = {
    "bearing": {
        "envelope_high": 1.0,
        "envelope_low": 1.0,
        "vibration_kurtosis": 0.8,
        "vibration_rms": 0.6,
        "temperature": 0.2,
    },
    "tool": {"load": 0.8, "vibration_rms": 0.5, "power": 0.5, "current": 0.4, "scrap_count": 1.0},
    "overheating": {"temperature": 1.0, "power": 0.2},
    "leak": {"pressure": 1.0, "power": 0.2},
    "electrical": {"current": 1.0, "power": 0.4, "speed": 0.5},
}
CAUSE_LABELS = {
    "bearing": "worn bearing",
    "tool": "worn tool",
    "overheating": "overheating",
    "leak": "leak",
    "electrical": "electrical fault",
    "unknown": "cause not known",
}


_CAUSE_PHRASES = {
    "bearing": "a worn bearing",
    "tool": "a worn tool",
    "leak": "a leak",
    "electrical": "an electrical fault",
    "unknown": "a fault of unknown cause",
}


def cause_phrase(cause: str) -> str:
    """The cause within a sentence: `a worn bearing`, `overheating`."""
    return _CAUSE_PHRASES.get(cause, cause_label(cause))


def cause_label(cause: str) -> str:
    """The cause in the words of the floor."""
    return CAUSE_LABELS.get(cause, cause.replace("_", " "))


def probable_cause(contributions: Iterable[Contribution], known: Sequence[str]) -> str:
    """The cause, among those known for the machine type, that the risk-raising sensors speak for.

    Sensors that are taken together share what they raised. "unknown" when nothing raised the risk, or no
    cause is known for this type of machine.
    """
    raised: dict[str, float] = {}
    for c in contributions:
        sensors = sensors_of(c.metric) if c.value > 0 else ()
        for sensor in sensors:
            raised[sensor] = raised.get(sensor, 0.0) + c.value / len(sensors)
    return probable_cause_of(raised, known)


def probable_cause_of(raised: Mapping[str, float], known: Sequence[str]) -> str:
    """As `probable_cause`, from how much each sensor speaks for a fault."""
    weights = {cause: CAUSES.get(cause, {}) for cause in sorted(known)}
    scores = {
        cause: sum(w * raised.get(m, 0.0) for m, w in signs.items()) for cause, signs in weights.items()
    }
    best = max(scores, key=lambda cause: scores[cause], default="unknown")
    return best if scores.get(best, 0.0) > 0 else "unknown"


@dataclass(frozen=True, slots=True)
class Advice:
    """Ranked alternatives (cheapest first, the advised one marked, what is not possible at the end), the
    benefit of the advice, and the benefits of all that were counted, by key."""

    alternatives: tuple[Alternative, ...]
    benefit: Cost
    benefits: Mapping[str, Cost] = field(default_factory=dict)

    @property
    def advised(self) -> Alternative:
        """The advised alternative."""
        return next(a for a in self.alternatives if a.advised)

    @property
    def worth_a_case(self) -> bool:
        """True when doing something is cheaper than what the plant would do anyway."""
        return self.advised.key not in LEAVES_IT and self.benefit.expected > 0


@dataclass(frozen=True, slots=True)
class _Counted:
    """An alternative, and its cost in each scenario."""

    alternative: Alternative
    cents: list[float]


def _counted(
    setting: Setting, table: Sequence[Scenario], calendar: Calendar, choice: Choice, plan: Plan
) -> _Counted:
    found = _losses(setting, table, plan)
    cents, lost = [one.cents for one in found], [one.lost_us / MINUTE for one in found]
    cost, minutes, barred = summary(cents, table), summary(lost, table), why_not(setting, plan)
    duration = setting.task.inspect_s if plan.inspect else setting.task.duration_s
    told = Alternative(
        key=choice.value,
        label=label(setting, calendar, choice, plan),
        start_us=plan.start_us,
        duration_s=0 if plan.start_us is None else duration,
        cost_cents=cost.expected,
        low_cents=cost.low,
        high_cents=cost.high,
        fits=not barred,
        why_not=barred,
        advised=False,
        minutes=minutes.expected,
        minutes_low=minutes.low,
        minutes_high=minutes.high,
        note=note(setting, choice),
    )
    return _Counted(told, cents)


def _losses(setting: Setting, table: Sequence[Scenario], plan: Plan) -> list[Loss]:
    """One loss per scenario; scenarios that differ in what plays no part in the plan are counted once."""
    known: dict[tuple[int | None, float, bool, bool], Loss] = {}
    found = []
    for s in table:
        alarm, told = plan.heed_alarm and s.alarm_catches, plan.inspect and s.inspection_finds
        key = (s.fails_us, s.stretch, alarm, told)
        if key not in known:
            known[key] = loss(setting, plan, s)
        found.append(known[key])
    return found


def advise(
    setting: Setting, calendar: Calendar, *, wanted: Choice | None = None, inspected: bool = False
) -> Advice:
    """All alternatives, counted on one table of scenarios.

    `wanted` names the choice of a person who raises a case: it is put forward although another may
    be cheaper. `inspected`: somebody has looked and found wear, so that looking again is no choice.
    """
    table, found = scenarios(setting.risk, setting.rates), possible(setting, calendar)
    counted = {
        choice.value: _counted(setting, table, calendar, choice, plan)
        for choice, plan in found.plans.items()
        if not (inspected and choice is Choice.INSPECT_FIRST)
    }
    ranked = sorted((c.alternative for c in counted.values()), key=lambda a: (a.cost_cents, a.key))
    ranked = [_priced(setting, table, a, ranked) for a in ranked]
    best = next((a for a in ranked if a.key == wanted and a.fits), None) or next(a for a in ranked if a.fits)
    anyway = counted[Choice.WAIT_FOR_ALARM].cents
    benefits = {key: _benefit(anyway, c.cents, table) for key, c in counted.items()}
    listed = [replace(a, advised=a is best) for a in ranked]
    listed += [_missing(choice, why) for choice, why in found.missing.items()]
    return Advice(tuple(listed), benefits[best.key], benefits)


def _priced(
    setting: Setting, table: Sequence[Scenario], one: Alternative, others: Sequence[Alternative]
) -> Alternative:
    """Inspecting first, with the price of the look and the worth of what it tells."""
    if one.key != Choice.INSPECT_FIRST or one.start_us is None:
        return one
    look = stop_loss(setting, one.start_us, setting.task.inspect_s, part=False).cents
    start = one.start_us
    reached = sum(s.weight for s in table if s.fails_us is None or s.fails_us >= start)
    price = round(look * reached)
    without = min(a.cost_cents for a in others if a.fits and a.key != Choice.INSPECT_FIRST)
    return replace(one, look_cents=price, worth_cents=without - one.cost_cents + price)


def _missing(choice: Choice, why: str) -> Alternative:
    return Alternative(choice.value, NAMES[choice], None, 0, 0, 0, 0, False, why, False, counted=False)


def _benefit(anyway: Sequence[float], ours: Sequence[float], table: Sequence[Scenario]) -> Cost:
    return summary([a - b for a, b in zip(anyway, ours, strict=True)], table)


def at_time(
    setting: Setting, calendar: Calendar, start_us: int, *, inspect: bool = False
) -> tuple[Alternative, Cost]:
    """The choice that a person changed to, and its benefit. NotNow when the start has passed."""
    if start_us < setting.risk.at_us:
        raise NotNow("the start lies in the past")
    table = scenarios(setting.risk, setting.rates)
    choice = Choice.INSPECT_FIRST if inspect else Choice.AT_TIME
    chosen = _counted(setting, table, calendar, choice, Plan(start_us, inspect=inspect))
    anyway = [loss(setting, Plan(None, heed_alarm=True), s).cents for s in table]
    return chosen.alternative, _benefit(anyway, chosen.cents, table)


def as_of(alternatives: Iterable[Alternative], now_us: int) -> tuple[Alternative, ...]:
    """The same list a while later: what begins at once moves on, any other start that has passed is out."""
    return tuple(_later(a, now_us) for a in alternatives)


def _later(one: Alternative, now_us: int) -> Alternative:
    if one.start_us is None or one.start_us >= now_us:
        return one
    if one.key in AT_ONCE:
        return replace(one, start_us=soonest(now_us))
    return replace(one, fits=False, why_not="this start has passed")


def plan_of(choice: str, start_us: int | None, at_us: int) -> Plan:
    """The plan of an advised choice as it stood at `at_us`."""
    if start_us is None:
        return Plan(None, heed_alarm=choice == Choice.WAIT_FOR_ALARM)
    slow = soonest(at_us) if choice == Choice.SLOW_DOWN else None
    return Plan(start_us, choice == Choice.INSPECT_FIRST, False, slow, choice == Choice.OTHER_MACHINE)


def life_us(value: float | None, unit: str) -> int | None:
    """Remaining life as plant time. A cycle of a test engine counts as one hour."""
    return None if value is None else round(value * HOUR) if unit in ("h", "hours", "cycles") else None


__all__ = [
    "AT_ONCE",
    "LEAVES_IT",
    "PREPARE_US",
    "Advice",
    "Calendar",
    "Choice",
    "advise",
    "as_of",
    "at_time",
    "cause_label",
    "cause_phrase",
    "clock_text",
    "life_us",
    "minutes_text",
    "plan_of",
    "probable_cause",
    "probable_cause_of",
    "soonest",
]
