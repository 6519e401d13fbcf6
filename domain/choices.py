"""What can be done about a risk, when, in which words; and why a choice is not possible now.

Every choice of the list is on the card: with its cost, or with the reason why there is none to count.
A week-end is a stretch of twelve hours and more without production that touches a Saturday or a Sunday.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.clock import HOUR, MINUTE, SECOND, utc
from domain.costs import Plan, Setting, rounded_up
from domain.wording import percent

PREPARE_US = 15 * MINUTE
WEEK_END_US = 12 * HOUR
SATURDAY = 5
Span = tuple[int, int]


class Choice(StrEnum):
    """What can be done."""

    INSPECT_FIRST = "inspect_first"
    SLOW_DOWN = "slow_down"
    NOW = "now"
    OTHER_MACHINE = "other_machine"
    SHIFT_CHANGE = "shift_change"
    PLANNED_STOP = "planned_stop"
    WEEK_END = "week_end"
    WHEN_PART_ARRIVES = "when_part_arrives"
    AT_TIME = "at_time"
    WAIT_FOR_ALARM = "wait_for_alarm"
    RUN_TO_FAILURE = "run_to_failure"


LEAVES_IT = frozenset({Choice.WAIT_FOR_ALARM, Choice.RUN_TO_FAILURE})
AT_ONCE = frozenset({Choice.NOW, Choice.INSPECT_FIRST, Choice.OTHER_MACHINE})
NAMES = {
    Choice.SLOW_DOWN: "Slow down until a planned stop",
    Choice.OTHER_MACHINE: "Now, on another machine meanwhile",
    Choice.SHIFT_CHANGE: "At the next shift change",
    Choice.PLANNED_STOP: "At the next changeover or planned stop",
    Choice.WEEK_END: "At the week-end",
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The stops that the plant's plan offers. `shift_ends` and `gaps` in time order; gaps (start, end)
    are stretches without production, shift changes left out; `changeovers` are the starts of those in
    which the line is set up for another product."""

    zone: str
    shift_ends: tuple[int, ...] = ()
    gaps: tuple[Span, ...] = ()
    changeovers: frozenset[int] = frozenset()


def clock_text(us: int, zone: str, near_us: int | None = None) -> str:
    """`14:00` in the plant's zone, with the day in front when it is not the day of `near_us`."""
    local = utc(us).astimezone(ZoneInfo(zone))
    if near_us is None or utc(near_us).astimezone(ZoneInfo(zone)).date() == local.date():
        return local.strftime("%H:%M")
    return local.strftime("%a %H:%M")


def minutes_text(seconds: int) -> str:
    """`35 min`, `2 h`, `2.5 h`."""
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{round(seconds / 3_600, 1):g} h"


def soonest(at_us: int) -> int:
    """When work that is to begin at once can begin: after the preparation, at full five minutes."""
    return rounded_up(at_us + PREPARE_US)


@dataclass(frozen=True, slots=True)
class Possible:
    """The plans that can be counted, and for the other choices why there is none."""

    plans: Mapping[Choice, Plan]
    missing: Mapping[Choice, str]


def possible(setting: Setting, calendar: Calendar) -> Possible:
    """Every choice but AT_TIME, with its plan or with the reason why it has none."""
    ready = soonest(setting.risk.at_us)
    plans = {
        Choice.NOW: Plan(ready),
        Choice.INSPECT_FIRST: Plan(ready, inspect=True),
        Choice.WAIT_FOR_ALARM: Plan(None, heed_alarm=True),
        Choice.RUN_TO_FAILURE: Plan(None),
    }
    missing: dict[Choice, str] = {}
    stops = _stops(setting, calendar, ready)
    for choice, found in stops.items():
        if isinstance(found, str):
            missing[choice] = found
        else:
            plans[choice] = Plan(found)
    if not setting.part_in_stock and setting.stock is not None:
        plans[Choice.WHEN_PART_ARRIVES] = Plan(rounded_up(ready + setting.stock.lead_time_s * SECOND))
    if setting.spare is not None:
        plans[Choice.OTHER_MACHINE] = Plan(ready, moved=True)
    else:
        missing[Choice.OTHER_MACHINE] = setting.no_spare
    slow = _slow(setting, ready, [at for at in stops.values() if isinstance(at, int)])
    if isinstance(slow, str):
        missing[Choice.SLOW_DOWN] = slow
    else:
        plans[Choice.SLOW_DOWN] = slow
    return Possible(plans, missing)


def _stops(setting: Setting, calendar: Calendar, ready: int) -> dict[Choice, int | str]:
    """The next stops of the plan within the horizon; each start counts once, under its plainest name."""
    last = setting.risk.at_us + setting.risk.horizon_us
    ahead = f"within the next {minutes_text(setting.risk.horizon_us // SECOND)}"
    change = next((end for end in calendar.shift_ends if ready <= end <= last), None)
    free = next((a for a, _ in _week_ends(setting, calendar.zone, ready) if a <= last), None)
    need = setting.task.duration_s * SECOND
    gaps = [(a, b) for a, b in calendar.gaps if ready <= a <= last and a not in (change, free)]
    gap = next((a for a, b in gaps if b - a >= need // 2), gaps[0][0] if gaps else None)
    return {
        Choice.WEEK_END: f"no week-end without production {ahead}" if free is None else free,
        Choice.SHIFT_CHANGE: _no_change(calendar, ahead)
        if change is None
        else "the week-end begins with the next shift change"
        if change == free
        else change,
        Choice.PLANNED_STOP: f"no changeover and no planned stop {ahead}" if gap is None else gap,
    }


def _no_change(calendar: Calendar, ahead: str) -> str:
    return f"no shift ends {ahead}" if calendar.shift_ends else "no shifts are planned here"


def _week_ends(setting: Setting, zone: str, ready: int) -> Iterator[Span]:
    for before, after in pairwise(sorted(setting.producing or ())):
        if after[0] - before[1] >= WEEK_END_US and before[1] >= ready and _touches(before[1], after[0], zone):
            yield before[1], after[0]


def _touches(from_us: int, to_us: int, zone: str) -> bool:
    """Is a part of the stretch on a Saturday or a Sunday, in the plant's zone?"""
    day, end = utc(from_us).astimezone(ZoneInfo(zone)), utc(to_us - 1).astimezone(ZoneInfo(zone))
    while day.date() <= end.date():
        if day.weekday() >= SATURDAY:
            return True
        day += timedelta(days=1)
    return False


def _slow(setting: Setting, ready: int, stops: list[int]) -> Plan | str:
    """Run slower until the last stop of the plan within the horizon: it is what slowing down is for."""
    if setting.task.wear_exponent <= 0:
        return "running slower is not known to hold this fault up"
    later = [at for at in stops if at > ready]
    if not later:
        return "the plan has no stop ahead to hold out until"
    return Plan(max(later), slow_from_us=ready)


def why_not(setting: Setting, plan: Plan) -> str:
    """Why a plan that can be counted cannot be done: the part is not there. '' when it can."""
    if plan.start_us is None or plan.inspect or setting.part_in_stock:
        return ""
    name = setting.task.part_name or setting.task.part_id
    if setting.stock is None:
        return f"{name}: no stock is known"
    arrives = setting.risk.at_us + setting.stock.lead_time_s * SECOND
    if plan.start_us < arrives:
        return f"{name} is not in stock; a new one takes {minutes_text(setting.stock.lead_time_s)}"
    return ""


def label(setting: Setting, calendar: Calendar, choice: Choice, plan: Plan) -> str:
    """The choice in a few words."""
    if choice is Choice.WAIT_FOR_ALARM:
        return "Wait for the limit alarm"
    if plan.start_us is None:
        return "Run to failure"
    when = clock_text(plan.start_us, calendar.zone, setting.risk.at_us)
    stop = "changeover" if plan.start_us in calendar.changeovers else "planned stop"
    texts = {
        Choice.NOW: "Now",
        Choice.INSPECT_FIRST: f"Inspect first, {minutes_text(setting.task.inspect_s)}",
        Choice.SHIFT_CHANGE: f"At {when}, shift change",
        Choice.PLANNED_STOP: f"At {when}, {stop}",
        Choice.WEEK_END: f"At {when}, week-end",
        Choice.WHEN_PART_ARRIVES: f"At {when}, when the part is here",
        Choice.SLOW_DOWN: f"Slow down, repair at {when}",
        Choice.OTHER_MACHINE: f"Now, {setting.spare.name if setting.spare else 'another machine'} takes over",
    }
    return texts.get(choice, f"At {when}")


def note(setting: Setting, choice: Choice) -> str:
    """What people have to do besides the work itself; it goes out with the order. '' for nothing."""
    if choice is Choice.SLOW_DOWN:
        return f"run at {percent(setting.rates.slow_speed, 0)} of the speed until then"
    if choice is Choice.OTHER_MACHINE and setting.spare is not None:
        return f"{setting.spare.name} takes the work meanwhile"
    return ""
