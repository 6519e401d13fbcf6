"""How well the reasons of stops are known; whether people and rules agree; what the entry costs.

Agreement is looked at twice: on stops whose proposal people saw, and on the 5 % where it was hidden from
them. If they agree much more often when they see it, they follow it, and what they say must not teach it.
An operator-hour is an hour of a shift of a line: one operator position a line.
"""

import math
from collections.abc import Sequence

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.reasons import OTHER
from domain.time_model import Span
from services.queries.common import under
from services.rows.stops import LineReasons, ReasonQuality, Share
from services.stops import log
from services.stops.finding import Found, find

Z = 1.96


def measure(tx: Connection, lines: Sequence[tuple[str, str]], span: Span, now_us: int) -> ReasonQuality:
    """The figures of several lines over a span; short stops and waiting for others are left out."""
    counted: dict[bool, list[bool]] = {False: [], True: []}
    rows = []
    for line_id, name in lines:
        found = [f for f in find(tx, line_id, span, now_us) if not f.short and not f.stop.external]
        said = log.acts_on(tx, sorted({f.stop.equipment_id for f in found}), span.from_us, span.to_us)
        rows.append(_line(tx, line_id, name, [(f, log.said_of(f.stop, said)) for f in found], span))
        for hidden, agreed in _agreements(said):
            counted[hidden].append(agreed)
    shown, hidden_share = share(counted[False]), share(counted[True])
    return ReasonQuality(tuple(rows), shown, hidden_share, span.from_us, span.to_us)


def _line(
    tx: Connection, line_id: str, name: str, found: Sequence[tuple[Found, log.Said]], span: Span
) -> LineReasons:
    unnamed = unnamed_us = other = other_us = total_us = 0
    for one, said in found:
        pieces = [(p.to_us - p.from_us, p.reason) for p in said.pieces(one.stop)]
        if not said.own and not said.older and one.booked:
            pieces = [(one.stop.to_us - one.stop.from_us, one.booked)]
        total_us += sum(length for length, _ in pieces)
        none_us = sum(length for length, reason in pieces if not reason)
        rest_us = sum(length for length, reason in pieces if reason == OTHER)
        unnamed, unnamed_us = unnamed + (none_us > 0), unnamed_us + none_us
        other, other_us = other + (rest_us > 0), other_us + rest_us
    entries, entry_ms = _entries(tx, line_id, span)
    return LineReasons(
        line_id, name, len(found), total_us, unnamed, unnamed_us, other, other_us, entries, entry_ms,
        _shift_us(tx, line_id, span),
    )  # fmt: skip


def _entries(tx: Connection, line_id: str, span: Span) -> tuple[int, int]:
    a = t.stop_acts.c
    mine = under(a.equipment_id, line_id), a.plant_us >= span.from_us, a.plant_us < span.to_us
    rows = tx.execute(select(a.entry_ms).where(*mine)).scalars().all()
    return len(rows), sum(rows)


def _shift_us(tx: Connection, line_id: str, span: Span) -> int:
    s = t.shifts.c
    rows = tx.execute(
        select(s.start_us, s.end_us).where(
            s.line_id == line_id, s.start_us < span.to_us, s.end_us > span.from_us
        )
    )
    return sum(min(end, span.to_us) - max(start, span.from_us) for start, end in rows)


def _agreements(said: dict[str, list[log.Row]]) -> list[tuple[bool, bool]]:
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
