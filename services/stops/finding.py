"""The stops of a line in a stretch of time, with what the MES booked and what the rules propose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from data.store import tables as t
from domain.clock import DAY, MINUTE
from domain.equipment import line_of
from domain.reasons import from_mes
from domain.stop_causes import Around, Proposal, Wait, propose
from domain.stops import Stop, stops
from domain.time_model import Segment, Span
from services.floor import facts
from services.kpi import charges
from services.kpi import window as windows
from services.kpi.engine import CAUSES
from services.kpi.planned import Line, read_line
from services.queries.common import under

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
    proposal: Proposal | None


def find(tx: Connection, line_id: str, span: Span, now_us: int) -> list[Found]:
    """The stops of a line that touch the span, by start, each from its own beginning on."""
    units = facts.nodes(tx, line_id, "unit")
    ids, end = [u.equipment_id for u in units], min(span.to_us, now_us)
    if now_us - end < WHILE_LOOKING_US:
        end = now_us
    if not ids or end <= span.from_us:
        return []
    every, waits = _stops(tx, ids, span.from_us, end, now_us)
    names = {u.equipment_id: u.name for u in units}
    booked, work = _booked(tx, line_id, span), _work(tx, line_id, span, now_us)
    begin = min((s.from_us for each in every.values() for s in each), default=span.from_us)
    line = read_line(tx, line_id, begin, end)
    found = []
    for unit in ids:
        for stop in every[unit]:
            if stop.to_us <= span.from_us:
                continue
            limit = _limit(line, stop)
            around = Around(ids, names, every, work.get(unit, ()), limit, waits)
            words = _words(stop, booked.get(unit, ()))
            short = not stop.open and stop.to_us - stop.from_us < limit
            found.append(Found(stop, names[unit], short, from_mes(words), words, propose(stop, around)))
    return sorted(found, key=lambda f: (f.stop.from_us, f.machine))


def _limit(line: Line, stop: Stop) -> int:
    """The limit that holds for a stop: that of the shift in which it began, as in the figures."""
    here = line.cells_in(stop.from_us, stop.from_us + 1)
    return line.minor_at(here[0].from_us if here else stop.from_us)


def _stops(
    tx: Connection, ids: Sequence[str], from_us: int, to_us: int, now_us: int
) -> tuple[dict[str, list[Stop]], dict[str, list[Wait]]]:
    """Stops and charged waits by unit; looked back far enough that no stop is cut at its beginning."""
    back = DAY // 3
    while True:
        begin = from_us - back
        measured = windows.read(tx, line_of(ids[0]), ids, Span(begin, to_us), now_us)
        found = {unit: stops(unit, measured[unit].strip, now_us) for unit in ids}
        cut = any(s.from_us == begin and s.to_us > from_us for each in found.values() for s in each)
        if not cut or back >= LONGEST_LOOK_US:
            return found, _charged(ids, {unit: measured[unit].strip for unit in ids})
        back *= 3


def _charged(ids: Sequence[str], strips: Mapping[str, Sequence[Segment]]) -> dict[str, list[Wait]]:
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


def _booked(tx: Connection, line_id: str, span: Span) -> Mapping[str, list[tuple[int, int, str]]]:
    d = t.downtimes.c
    rows = tx.execute(
        select(d.equipment_id, d.start_us, d.end_us, d.reason).where(
            under(d.equipment_id, line_id),
            d.start_us < span.to_us,
            or_(d.end_us.is_(None), d.end_us > span.from_us - DAY),
        )
    )
    found: dict[str, list[tuple[int, int, str]]] = {}
    for unit, start_us, end_us, reason in rows:
        found.setdefault(unit, []).append((start_us, end_us or span.to_us, reason.strip()))
    return found


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


def _words(stop: Stop, booked: Sequence[tuple[int, int, str]]) -> str:
    """The MES's words of the downtime that covers most of the stop."""
    best, words = 0, ""
    for start_us, end_us, reason in booked:
        overlap = min(end_us, stop.to_us) - max(start_us, stop.from_us)
        if reason and overlap > best:
            best, words = overlap, reason
    return words
