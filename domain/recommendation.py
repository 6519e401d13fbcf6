"""From a prediction and its context to ranked alternatives, one of them advised.

The probable cause is the one whose signs moved the risk most (CAUSES: which sensors speak for which
cause, and how much). Costs are counted by domain.costs; the cheapest alternative that fits is
advised. The benefit compares it with what the plant would do anyway: wait for its limit alarm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.clock import HOUR, MINUTE, SECOND, utc
from domain.costs import Cost, Plan, Scenario, Setting, cost_cents, rounded_up, scenarios, summary
from domain.errors import NotNow
from domain.evidence import Alternative
from domain.prediction import Contribution

PREPARE_US = 15 * MINUTE


class Choice(StrEnum):
    """What can be done."""

    INSPECT_FIRST = "inspect_first"
    NOW = "now"
    SHIFT_CHANGE = "shift_change"
    PLANNED_STOP = "planned_stop"
    WHEN_PART_ARRIVES = "when_part_arrives"
    AT_TIME = "at_time"
    WAIT_FOR_ALARM = "wait_for_alarm"
    RUN_TO_FAILURE = "run_to_failure"


LEAVES_IT = frozenset({Choice.WAIT_FOR_ALARM, Choice.RUN_TO_FAILURE})
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

    "unknown" when nothing raised the risk, or no cause is known for this type of machine.
    """
    raised: dict[str, float] = {}
    for c in contributions:
        if c.value > 0:
            raised[c.metric] = raised.get(c.metric, 0.0) + c.value
    weights = {cause: CAUSES.get(cause, {}) for cause in sorted(known)}
    scores = {
        cause: sum(w * raised.get(m, 0.0) for m, w in signs.items()) for cause, signs in weights.items()
    }
    best = max(scores, key=lambda cause: scores[cause], default="unknown")
    return best if scores.get(best, 0.0) > 0 else "unknown"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The stops that the plant's plan offers. `shift_ends` and `gaps` in time order; gaps (start, end)
    are stretches without production, shift changes left out."""

    zone: str
    shift_ends: tuple[int, ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """Ranked alternatives (cheapest first, the advised one marked) and the benefit of the advice."""

    alternatives: tuple[Alternative, ...]
    benefit: Cost

    @property
    def advised(self) -> Alternative:
        """The advised alternative."""
        return next(a for a in self.alternatives if a.advised)

    @property
    def worth_a_case(self) -> bool:
        """True when doing something is cheaper than what the plant would do anyway."""
        return self.advised.key not in LEAVES_IT and self.benefit.expected > 0


def clock_text(us: int, zone: str, near_us: int | None = None) -> str:
    """`14:00` in the plant's zone, with the day in front when it is not the day of `near_us`."""
    local = utc(us).astimezone(ZoneInfo(zone))
    if near_us is None or utc(near_us).astimezone(ZoneInfo(zone)).date() == local.date():
        return local.strftime("%H:%M")
    return local.strftime("%a %H:%M")


def minutes_text(seconds: int) -> str:
    """`35 min`, `2 h`, `2.5 h`."""
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{round(seconds / 3_600, 1):g} h"


def _plans(setting: Setting, calendar: Calendar) -> dict[Choice, Plan]:
    at, horizon = setting.risk.at_us, setting.risk.horizon_us
    ready = rounded_up(at + PREPARE_US)
    plans = {
        Choice.NOW: Plan(ready),
        Choice.INSPECT_FIRST: Plan(ready, inspect=True),
        Choice.WAIT_FOR_ALARM: Plan(None, heed_alarm=True),
        Choice.RUN_TO_FAILURE: Plan(None),
    }
    change = next((end for end in calendar.shift_ends if ready <= end <= at + horizon), None)
    if change is not None:
        plans[Choice.SHIFT_CHANGE] = Plan(change)
    need = setting.task.duration_s * SECOND
    gap = next((a for a, b in calendar.gaps if ready <= a <= at + horizon and b - a >= need // 2), None)
    if gap is not None and gap != change:
        plans[Choice.PLANNED_STOP] = Plan(gap)
    if not setting.part_in_stock and setting.stock is not None:
        plans[Choice.WHEN_PART_ARRIVES] = Plan(rounded_up(ready + setting.stock.lead_time_s * SECOND))
    return plans


def _why_not(setting: Setting, plan: Plan) -> str:
    if plan.start_us is None or plan.inspect or setting.part_in_stock:
        return ""
    name = setting.task.part_name or setting.task.part_id
    if setting.stock is None:
        return f"{name}: no stock is known"
    arrives = setting.risk.at_us + setting.stock.lead_time_s * SECOND
    if plan.start_us < arrives:
        return f"{name} is not in stock; a new one takes {minutes_text(setting.stock.lead_time_s)}"
    return ""


def _label(setting: Setting, calendar: Calendar, choice: Choice, plan: Plan) -> str:
    if choice is Choice.WAIT_FOR_ALARM:
        return "Wait for the limit alarm"
    if plan.start_us is None:
        return "Run to failure"
    when = clock_text(plan.start_us, calendar.zone, setting.risk.at_us)
    texts = {
        Choice.NOW: "Now",
        Choice.INSPECT_FIRST: f"Inspect first, {minutes_text(setting.task.inspect_s)}",
        Choice.SHIFT_CHANGE: f"At {when}, shift change",
        Choice.PLANNED_STOP: f"At {when}, planned stop",
        Choice.WHEN_PART_ARRIVES: f"At {when}, when the part is here",
    }
    return texts.get(choice, f"At {when}")


def _counted(
    setting: Setting, table: Sequence[Scenario], calendar: Calendar, choice: Choice, plan: Plan
) -> tuple[Alternative, list[float]]:
    values = [cost_cents(setting, plan, scenario) for scenario in table]
    cost, why_not = summary(values, table), _why_not(setting, plan)
    duration = setting.task.inspect_s if plan.inspect else setting.task.duration_s
    label = _label(setting, calendar, choice, plan)
    return (
        Alternative(
            key=choice.value,
            label=label,
            start_us=plan.start_us,
            duration_s=0 if plan.start_us is None else duration,
            cost_cents=cost.expected,
            low_cents=cost.low,
            high_cents=cost.high,
            fits=not why_not,
            why_not=why_not,
            advised=False,
        ),
        values,
    )


def advise(
    setting: Setting, calendar: Calendar, *, wanted: Choice | None = None, inspected: bool = False
) -> Advice:
    """All alternatives, counted on one table of scenarios.

    `wanted` names the choice of a person who raises a case: it is put forward although another may
    be cheaper. `inspected`: somebody has looked and found wear, so that looking again is no choice.
    """
    table = scenarios(setting.risk, setting.rates)
    counted = {
        choice: _counted(setting, table, calendar, choice, plan)
        for choice, plan in _plans(setting, calendar).items()
        if not (inspected and choice is Choice.INSPECT_FIRST)
    }
    ranked = sorted((a for a, _ in counted.values()), key=lambda a: (a.cost_cents, a.key))
    best = next((a for a in ranked if a.key == wanted and a.fits), None) or next(a for a in ranked if a.fits)
    return Advice(
        tuple(replace(a, advised=a is best) for a in ranked),
        _benefit(counted[Choice.WAIT_FOR_ALARM][1], counted[Choice(best.key)][1], table),
    )


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
    chosen, values = _counted(setting, table, calendar, choice, Plan(start_us, inspect=inspect))
    anyway = [cost_cents(setting, Plan(None, heed_alarm=True), s) for s in table]
    return chosen, _benefit(anyway, values, table)


def life_us(value: float | None, unit: str) -> int | None:
    """Remaining life as plant time. A cycle of a test engine counts as one hour."""
    return None if value is None else round(value * HOUR) if unit in ("h", "hours", "cycles") else None
