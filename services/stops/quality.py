"""How well the reasons of stops are known; whether people and proposals agree; what the entry costs.

Agreement is looked at twice: on stops whose proposal people saw, and on the 5 % where it was hidden from
them. If they agree much more often when they see it, they follow it, and what they say must not teach it.
An operator-hour is an hour of a shift of a line: one operator position a line.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from data.store.statements import Among, Statement
from domain.clock import FOR_EVER_US
from domain.equipment import line_of
from domain.reasons import OTHER, from_mes
from domain.stops import Stop
from domain.time_model import Span
from services.kpi.grid import NEAR_US
from services.kpi.planned import Line
from services.rows.stops import LineReasons, ReasonQuality, Share
from services.stops import log
from services.stops.finding import Booked, Limits, look
from services.stops.standing import Stops

Z = 1.96


_ENTRIES = Statement(
    "SELECT equipment_id, entry_ms FROM stop_acts WHERE plant_us >= :from_us AND plant_us < :to_us"
)
_SHIFTS = Among(
    "SELECT line_id, start_us, end_us FROM shifts WHERE line_id {among} AND start_us > :near_us"
    " AND start_us < :to_us AND end_us > :from_us"
)


def measure(tx: Connection, lines: Sequence[tuple[str, str]], span: Span, now_us: int) -> ReasonQuality:
    """The figures of several lines over a span; short stops and waiting for others are left out. A running
    shift is as its figures are: up to standing.BEHIND_US old."""
    known, stops = look(tx, [line_id for line_id, _ in lines], span, now_us, exact=False)
    units = [unit for line in known for unit in line.units]
    mine = wanted(known, stops, span, now_us)
    stood = {units[place] for place in np.unique(mine.place).tolist()}
    acts = log.acts_on(tx, sorted(stood), span.from_us, span.to_us)
    said, booked = log.by_machine(acts), Booked.read(tx, known, span)
    entries, shifts = _entries(tx, span), _shift_us(tx, [line_id for line_id, _ in lines], span)
    rows, place = [], 0
    for (line_id, name), line in zip(lines, known, strict=True):
        counted = _Counted()
        for unit in line.units:
            counted.add(unit, mine.take(mine.place == place), units, said.get(unit, {}), booked)
            place += 1
        c = counted
        rows.append(
            LineReasons(
                line_id, name, c.stops, c.stop_us, c.unnamed, c.unnamed_us, c.other, c.other_us,
                *entries.get(line_id, (0, 0)), shifts.get(line_id, 0),
            )
        )  # fmt: skip
    agreed: dict[bool, list[bool]] = {False: [], True: []}
    for hidden, same in _agreements(acts):
        agreed[hidden].append(same)
    return ReasonQuality(tuple(rows), share(agreed[False]), share(agreed[True]), span.from_us, span.to_us)


def wanted(lines: Sequence[Line], stops: Stops, span: Span, now_us: int) -> Stops:
    """The stops that touch the span and want a reason: not short, and no waiting for another machine."""
    short = np.zeros(len(stops.place), bool)
    first = 0
    for line in lines:
        here = (stops.place >= first) & (stops.place < first + len(line.units))
        short[here] = Limits.of(line).short(stops.take(here), now_us)
        first += len(line.units)
    return stops.take((stops.to_us > span.from_us) & ~short & ~stops.external)


@dataclass(slots=True)
class _Counted:
    """Stops and their time; of them what has no reason, and what has another one than the tree knows."""

    stops: int = 0
    stop_us: int = 0
    unnamed: int = 0
    unnamed_us: int = 0
    other: int = 0
    other_us: int = 0

    def add(
        self, unit: str, stops: Stops, units: Sequence[str], said: Mapping[str, list[log.Row]], booked: Booked
    ) -> None:
        """Count the stops of a machine; `units` by place. Those of which nobody said anything are
        summed at once."""
        spoken = np.zeros(len(stops.place), bool)
        spans = [(rows[-1]["stop_from_us"], rows[-1]["stop_to_us"]) for rows in said.values()]
        for begin, end in [*spans, *((a, b) for a, b, _ in booked.rows.get(unit, ()))]:
            low = np.searchsorted(stops.to_us, begin, side="right")
            spoken[low : np.searchsorted(stops.from_us, end)] = True
        silent = stops.take(~spoken)
        us, count = int((silent.to_us - silent.from_us).sum()), len(silent.place)
        self.stops, self.stop_us = self.stops + count, self.stop_us + us
        self.unnamed, self.unnamed_us = self.unnamed + count, self.unnamed_us + us
        for stop in stops.take(spoken).objects(units, FOR_EVER_US):
            self._named(stop, log.said_of(stop, said), booked)

    def _named(self, stop: Stop, said: log.Said, booked: Booked) -> None:
        pieces = [(p.to_us - p.from_us, p.reason) for p in said.pieces(stop)]
        if not said.own and not said.older:
            words = booked.words(stop.equipment_id, stop.from_us, stop.to_us)
            pieces = [(stop.to_us - stop.from_us, from_mes(words))]
        none_us = sum(length for length, reason in pieces if not reason)
        rest_us = sum(length for length, reason in pieces if reason == OTHER)
        self.stops, self.stop_us = self.stops + 1, self.stop_us + sum(length for length, _ in pieces)
        self.unnamed, self.unnamed_us = self.unnamed + (none_us > 0), self.unnamed_us + none_us
        self.other, self.other_us = self.other + (rest_us > 0), self.other_us + rest_us


def _entries(tx: Connection, span: Span) -> dict[str, tuple[int, int]]:
    """How many entries people made, and the milliseconds that they took, by line."""
    found: dict[str, tuple[int, int]] = {}
    for unit, entry_ms in _ENTRIES.rows(tx, {"from_us": span.from_us, "to_us": span.to_us}):
        count, total = found.get(line_of(unit), (0, 0))
        found[line_of(unit)] = count + 1, total + entry_ms
    return found


def _shift_us(tx: Connection, lines: Sequence[str], span: Span) -> dict[str, int]:
    """How long shifts of lines ran within the span."""
    values = {"near_us": span.from_us - NEAR_US, "from_us": span.from_us, "to_us": span.to_us}
    found: dict[str, int] = defaultdict(int)
    for line, start, end in _SHIFTS.rows(tx, lines, values):
        found[line] += min(end, span.to_us) - max(start, span.from_us)
    return found


def _agreements(said: Mapping[str, list[log.Row]]) -> list[tuple[bool, bool]]:
    """(hidden, agreed) of each stop with a proposal that a person named; the first name counts."""
    found = []
    for rows in said.values():
        first = next((row for row in rows if row["kind"] == "name" and row["proposal"]), None)
        if first is not None:
            found.append((bool(first["hidden"]), first["reason"] == first["proposal"]))
    return found


def share(agreed: Sequence[bool]) -> Share:
    """A share with its 95 % score interval (Wilson 1927); 0 to 1 without a case."""
    n, k = len(agreed), sum(agreed)
    if n == 0:
        return Share(0, 0, 0.0, 1.0)
    p, z2 = k / n, Z * Z
    middle, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    scale = 1 + z2 / n
    return Share(k, n, max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale))
