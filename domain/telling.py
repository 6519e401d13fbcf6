"""When people are told of a case: the steps of the escalation, and the quiet hours."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.approval import Policy, Quiet
from domain.clock import micros, utc
from domain.errors import InvalidInput


def steps_due(policy: Policy, opened_us: int, deadline_us: int, now_us: int) -> tuple[int, ...]:
    """Numbers (0..) of the escalation steps whose time has come."""
    span = max(1, deadline_us - opened_us)
    gone = (now_us - opened_us) / span
    return tuple(k for k, step in enumerate(policy.escalation) if gone >= step.share)


def may_tell_at(quiet: Quiet | None, zone: str, now_us: int, deadline_us: int) -> int:
    """When a message outside the desk may leave: now, or at the end of the quiet hours.

    Quiet hours never delay a case whose deadline falls inside them, or shortly (`margin_us`) after.
    """
    if quiet is None or quiet.from_min == quiet.until_min:
        return now_us
    local = utc(now_us).astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    crossing = quiet.from_min > quiet.until_min
    inside = (
        minute >= quiet.from_min or minute < quiet.until_min
        if crossing
        else quiet.from_min <= minute < quiet.until_min
    )
    if not inside:
        return now_us
    day = local.date() + timedelta(days=1 if crossing and minute >= quiet.from_min else 0)
    until = time(quiet.until_min // 60 % 24, quiet.until_min % 60)
    end_us = micros(datetime.combine(day, until, tzinfo=ZoneInfo(zone)))
    return now_us if deadline_us <= end_us + quiet.margin_us else end_us


def clock_minutes(text: str) -> int:
    """`22:30` as minutes of the day; InvalidInput for anything else."""
    hours, _, minutes = text.partition(":")
    digits = text.isascii() and hours.isdigit() and minutes.isdigit() and len(text) <= 5
    if not (digits and int(hours) <= 24 and int(minutes) < 60):
        raise InvalidInput(f"{text!r} is no time of day")
    return (int(hours) * 60 + int(minutes)) % (24 * 60)
