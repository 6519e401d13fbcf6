"""The stops of a line in a stretch of time, with what the MES booked and what is proposed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, or_, select

from data.store import tables as t
from data.store.statements import Among
from domain.clock import DAY, MINUTE
from domain.reasons import from_mes
from domain.stop_causes import TOGETHER_US, Around, Proposal, Wait, propose, with_guess
from domain.stops import Stop
from domain.strips import Strip
from domain.time_model import Span, merged
from domain.waits import LOOKBACK_US
from services.floor import facts
from services.kpi import charges
from services.kpi import window as windows
from services.kpi.engine import CAUSES, Bools, Ints
from services.kpi.planned import Line, read_lines
from services.queries.common import under
from services.stops import standing
from services.stops.guesses import guessed
from services.stops.standing import Stops, joined

_BOOKED = Among(
    "SELECT equipment_id, start_us, end_us, reason FROM downtimes WHERE equipment_id {among}"
    " AND start_us < :to_us AND (end_us IS NULL OR end_us > :from_us) ORDER BY start_us"
)
LONGEST_LOOK_US = 8 * DAY
WHILE_LOOKING_US = MINUTE  # a stretch "until now" was made a moment ago: its last stop still goes on


@dataclass(frozen=True, slots=True)
class Found:
    """A stop with all that is known of it without a person. `booked`: the MES's reason as a code."""

    stop: Stop
    machine: str
    short: bool
    booked: str
    booked_words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The stops of a line that touch a span, by start, each from its own beginning on; and what stands around
    them: `stops` are all of the machines, by place in the line."""

    found: tuple[Found, ...]
    line: Line
    names: Mapping[str, str]
    stops: Stops
    span: Span
    now_us: int

    def proposals(self, tx: Connection, chosen: Sequence[Found]) -> dict[str, Proposal | None]:
        """What is proposed for some of the stops, by key: a model's where it is sure, else the rules'."""
        guesses = guessed(tx, self.line.line_id, [f.stop for f in chosen])
        rules = self.by_rules(tx, chosen)
        return {key: with_guess(rule, guesses.get(key)) for key, rule in rules.items()}

    def by_rules(self, tx: Connection, chosen: Sequence[Found]) -> dict[str, Proposal | None]:
        """What the rules propose for some of the stops, by key."""
        ids, begins = self.line.units, [f.stop.from_us for f in chosen]
        low, high = min(begins, default=0) - TOGETHER_US, max(begins, default=0) + TOGETHER_US
        near = self.stops.take((self.stops.from_us >= low) & (self.stops.from_us <= high))
        every: dict[str, list[Stop]] = {unit: [] for unit in ids}
        for stop in near.objects(ids, self.now_us):
            every[stop.equipment_id].append(stop)
        work = _work(tx, self.line.line_id, self.span, self.now_us)
        waits = _waits(tx, self.line, [f.stop for f in chosen if f.stop.external], self.now_us)
        limits = Limits.of(self.line)
        return {
            f.stop.key: propose(
                f.stop,
                Around(
                    ids,
                    self.names,
                    every,
                    work.get(f.stop.equipment_id, ()),
                    limits.at(f.stop.from_us),
                    waits,
                ),
            )
            for f in chosen
        }


def find(tx: Connection, line_id: str, span: Span, now_us: int) -> Finding:
    """The stops of a line that touch the span."""
    names = {u.equipment_id: u.name for u in facts.nodes(tx, line_id, "unit")}
    (line,), stops = look(tx, [line_id], span, now_us, exact=True)
    booked, limits = Booked.read(tx, [line], span), Limits.of(line)
    here = stops.take(stops.to_us > span.from_us)
    short = limits.short(here, now_us).tolist()
    found = []
    for stop, is_short in zip(here.objects(line.units, now_us), short, strict=True):
        words = booked.words(stop.equipment_id, stop.from_us, stop.to_us)
        found.append(Found(stop, names[stop.equipment_id], is_short, from_mes(words), words))
    found.sort(key=lambda f: (f.stop.from_us, f.machine))
    return Finding(tuple(found), line, names, stops, span, now_us)


def look(
    tx: Connection, line_ids: Sequence[str], span: Span, now_us: int, *, exact: bool
) -> tuple[list[Line], Stops]:
    """Lines, and the stops of their machines (places over all lines, one after the other) from a while before
    a span to its end: far enough back that none that touches it is cut at its beginning."""
    end = min(span.to_us, now_us)
    end = now_us if now_us - end < WHILE_LOOKING_US else end
    back = DAY // 3
    while True:
        begin = span.from_us - back
        lines = list(read_lines(tx, dict.fromkeys(line_ids, Span(begin, max(end, span.from_us)))).values())
        if end <= span.from_us:
            return lines, joined([])
        stood = standing.read(tx, lines, begin, end, now_us, exact=exact)
        found = joined(list(stood.values()))
        first = [_first(line, begin) for line in lines for _ in line.units]
        cut = (found.from_us == np.array(first, np.int64)[found.place]) & (found.to_us > span.from_us)
        if not cut.any() or back >= LONGEST_LOOK_US:
            return lines, found
        back *= 3


def _first(line: Line, at_us: int) -> int:
    """Where the first cell begins that is read from a moment on."""
    return next((c.from_us for c in line.cells if c.to_us > at_us), at_us)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stop of a line is short, by the moment at which it begins, as in the figures."""

    since: Ints
    limits: Ints

    @classmethod
    def of(cls, line: Line) -> "Limits":
        """Those of a line."""
        return cls(*line.minor_steps())

    def at(self, from_us: int) -> int:
        """The limit that holds for a stop."""
        return int(self.limits[int(np.searchsorted(self.since, from_us, side="right")) - 1])

    def short(self, stops: Stops, now_us: int) -> Bools:
        """Which stops of the line are over, and were short."""
        limit = self.limits[np.searchsorted(self.since, stops.from_us, side="right") - 1]
        found: Bools = (stops.to_us < now_us) & (stops.to_us - stops.from_us < limit)
        return found


def _waits(tx: Connection, line: Line, stops: Sequence[Stop], now_us: int) -> dict[str, list[Wait]]:
    """The waits in some stops, charged as in the figures: cells are read whole around them."""
    found: dict[str, list[Wait]] = {unit: [] for unit in line.units}
    for span in _apart(line, stops):
        strips = windows.read(tx, line.line_id, line.units, span, now_us)
        for unit, waits in _charged(line.units, {u: w.strip for u, w in strips.items()}).items():
            found[unit] += waits
    return found


def _apart(line: Line, stops: Sequence[Stop]) -> list[Span]:
    """The cells around stops and what they may wait for, as spans apart."""
    cells = sorted(
        {
            (cell.from_us, cell.to_us)
            for stop in stops
            for cell in line.cells_in(stop.from_us - LOOKBACK_US, stop.to_us)
        }
    )
    return merged(Span(*cell) for cell in cells)


def _charged(ids: Sequence[str], strips: Mapping[str, Strip]) -> dict[str, list[Wait]]:
    """The waits of a line, charged as in the figures."""
    found: dict[str, list[Wait]] = {}
    line = [charges.parts_of(strips[unit]) for unit in ids]
    for unit, parts, (cause, to, sure) in zip(ids, line, charges.charge(line), strict=True):
        found[unit] = [
            Wait(
                int(parts.from_us[k]), int(parts.to_us[k]), CAUSES[int(cause[k])],
                ids[int(to[k])] if to[k] >= 0 else "", bool(sure[k]),
            )
            for k in charges.waits(parts).nonzero()[0].tolist()
        ]  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Booked:
    """What the MES says of downtimes, by machine: from, to, words."""

    rows: Mapping[str, Sequence[tuple[int, int, str]]]

    @classmethod
    def read(cls, tx: Connection, lines: Sequence[Line], span: Span) -> "Booked":
        """The downtimes of lines that touch a span."""
        values = {"from_us": span.from_us - DAY, "to_us": span.to_us}
        units = [unit for line in lines for unit in line.units]
        found: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for unit, start_us, end_us, reason in _BOOKED.rows(tx, units, values):
            if reason.strip():
                found[unit].append((start_us, end_us or span.to_us, reason.strip()))
        return cls(found)

    def words(self, unit: str, from_us: int, to_us: int) -> str:
        """The MES's words of the downtime that covers most of a stop; "" without one."""
        best, words = 0, ""
        for start_us, end_us, reason in self.rows.get(unit, ()):
            overlap = min(end_us, to_us) - max(start_us, from_us)
            if overlap > best:
                best, words = overlap, reason
        return words


def _work(tx: Connection, line_id: str, span: Span, now_us: int) -> Mapping[str, list[tuple[str, Span]]]:
    m = t.maintenance.c
    rows = tx.execute(
        select(m.equipment_id, m.kind, m.start_us, m.end_us).where(
            under(m.equipment_id, line_id), m.start_us.is_not(None), m.start_us < span.to_us,
            or_(m.end_us.is_(None), m.end_us > span.from_us - DAY), m.status != "cancelled",
        )
    )  # fmt: skip
    found: dict[str, list[tuple[str, Span]]] = {}
    for unit, kind, start_us, end_us in rows:
        found.setdefault(unit, []).append((kind, Span(start_us, max(start_us, end_us or now_us))))
    return found
