"""Scrap that a MES booked with the work on an order, beside what was counted of the same work.

A machine's counter has an uncertainty of its own, and a difference within it says nothing of the books:
- Parts are counted in buckets of five minutes. What is scrapped in those in which the work begins or ends
  may belong to the order before or behind.
- In a time without data the machine may have scrapped as much as it makes, at its pace in the rest.
- While two orders are booked at once its parts are given to one of them alone.
- Where the counter fell, was reset or read less than zero, nobody knows how much it missed.
"""

from dataclasses import dataclass
from enum import StrEnum

SAID_FROM = 0.5  # less than a part is no part


class Doubt(StrEnum):
    """Why a difference may be the counter's own."""

    EDGE = "edge"
    SILENCE = "silence"
    SHARED = "shared"
    FELL = "fell"


@dataclass(frozen=True, slots=True)
class Booked:
    """Parts that a MES booked; `good` is None where it books scrap alone."""

    scrap: float
    good: float | None


@dataclass(frozen=True, slots=True)
class Counted:
    """Parts counted of the same work; `good` is None where only scrap was. `edge_scrap` and `edge_parts`
    (scrap, and all parts) came in the buckets in which it begins or ends; the counter `fell` so often, and
    another order was booked at once `shared` times; `silent_us` without data, `running_us` at work."""

    scrap: float
    good: float | None
    edge_scrap: float = 0.0
    edge_parts: float = 0.0
    fell: int = 0
    shared: int = 0
    silent_us: int = 0
    running_us: int = 0


def agrees(difference: float) -> bool:
    """True for less than half a part."""
    return abs(difference) < SAID_FROM


def doubt(difference: float, counted: Counted) -> Doubt | None:
    """Why a difference of scrap may be the counter's own; None where nothing is known against it."""
    much = abs(difference) - SAID_FROM
    if much < counted.edge_scrap:
        return Doubt.EDGE
    if counted.silent_us and much < counted.edge_scrap + _unheard(counted):
        return Doubt.SILENCE
    if counted.shared:
        return Doubt.SHARED
    return Doubt.FELL if counted.fell else None


def _unheard(counted: Counted) -> float:
    """Parts that the machine may have made in the time without data; without bound where it was never heard
    at work."""
    if not counted.running_us:
        return float("inf")
    return (counted.scrap + (counted.good or 0.0)) * counted.silent_us / counted.running_us


def same_parts(booked: Booked, counted: Counted) -> bool:
    """True where both have as many parts in all, so that they only call different ones scrap."""
    if booked.good is None or counted.good is None:
        return False
    more = booked.good + booked.scrap - counted.good - counted.scrap
    return abs(more) < counted.edge_parts + SAID_FROM
