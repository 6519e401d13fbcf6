"""Stops of a site with the reasons that people gave them, for training a model of reasons.

Who teaches: what the MES booked (its operators never saw a proposal of ours), and what people set on stops
whose proposal was hidden from them, or had none. Stops whose proposal they saw teach too, unless people
agree with what they see more often than with what is hidden from them: then they follow it, and the model
would learn its own guesses. "Another reason" teaches nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY
from domain.reasons import OTHER
from domain.stops import Stop
from domain.time_model import Span
from models.classification.stops import cases as files
from models.classification.stops.features import COLUMNS
from services.floor import facts
from services.kpi.grid import NEAR_US
from services.rows.stops import Share
from services.stops import log, quality
from services.stops.finding import Finding, Found, find
from services.stops.moments import Facts

ENOUGH = 20  # named stops on either side, before it can be said that people do not follow
Progress = Callable[[float], None]
Told = tuple[str, str]  # the reason, and who said it: mes, person, or "" where it may not teach


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: stops, those of them whose reason teaches, and whether shown proposals taught."""

    path: Path
    stops: int
    taught: int
    shown_teach: bool


def follows(shown: Share, hidden: Share) -> bool:
    """Must it be feared that people follow what they are shown?"""
    return min(shown.total, hidden.total) < ENOUGH or shown.low > hidden.high


def write_cases(
    database: Database, site_id: str, span: Span, out: Path, now_us: int, progress: Progress | None = None
) -> Written:
    """Write the ended stops of a site that begin within a span, a day and line at a time; short ones, which
    want no reason, are left out."""
    with database.read() as tx:
        lines = [(row.equipment_id, row.name) for row in facts.nodes(tx, site_id, "line")]
        measured = quality.measure(tx, lines, Span(span.from_us, now_us), now_us)
        simulated = bool(tx.execute(select(t.sites.c.virtual).where(t.sites.c.site_id == site_id)).scalar())
    shown_teach = not follows(measured.shown, measured.hidden)
    rows: list[dict[str, object]] = []
    inputs: list[np.ndarray[Any, Any]] = []
    days = range(span.from_us, span.to_us, DAY)
    for number, begin in enumerate(days):
        for line_id, _ in lines:
            with database.read() as tx:
                part = Span(begin, min(begin + DAY, span.to_us))
                _add(rows, inputs, _Line.read(tx, line_id, part, now_us), shown=shown_teach)
        if progress is not None:
            progress((number + 1) / len(days))
    for row in rows:
        row["simulated"] = simulated
    every = np.stack(inputs) if inputs else np.zeros((0, len(COLUMNS)), np.float32)
    path = files.write(out, rows, every)
    taught = len({row["stop"] for row in rows if row["told_by"]})
    return Written(path, len({row["stop"] for row in rows}), taught, shown_teach)


@dataclass(frozen=True, slots=True)
class _Line:
    """The stops of a line that begin on a day, and all that is needed to say something of them."""

    finding: Finding
    around: Facts
    mine: tuple[Found, ...]
    rules: Mapping[tuple[str, int], str]
    said: Mapping[str, Mapping[str, list[log.Row]]]

    @classmethod
    def read(cls, tx: Connection, line_id: str, part: Span, now_us: int) -> "_Line":
        whole = Span(part.from_us, min(part.to_us + NEAR_US, now_us))
        finding = find(tx, line_id, whole, now_us)
        mine = tuple(
            f for f in finding.found
            if part.from_us <= f.stop.from_us < part.to_us and not f.short and not f.stop.open
        )  # fmt: skip
        around = Facts.read(tx, finding.line, whole)
        said = log.by_machine(log.acts_on(tx, finding.line.units, whole.from_us, whole.to_us))
        rules: dict[tuple[str, int], str] = {}
        for at in (_half, _end):
            known = [replace(f, stop=replace(f.stop, to_us=at(f), open=at is _half)) for f in mine]
            proposed = finding.by_rules(tx, known)
            rules |= {(f.stop.key, at(f)): p.reason if (p := proposed[f.stop.key]) else "" for f in mine}
        return cls(finding, around, mine, rules, said)


def _half(found: Found) -> int:
    return (found.stop.from_us + found.stop.to_us) // 2


def _end(found: Found) -> int:
    return found.stop.to_us


def _add(
    rows: list[dict[str, object]], inputs: list[np.ndarray[Any, Any]], line: _Line, *, shown: bool
) -> None:
    """Each stop as it was known half-way and at its end."""
    for found in line.mine:
        stop = found.stop
        reason, told_by = told(found, line.said.get(stop.equipment_id, {}), shown=shown)
        place = line.finding.line.units.index(stop.equipment_id)
        for at_us in (_half(found), _end(found)):
            moment = line.around.moment(line.finding.stops, place, stop.from_us, at_us)
            inputs.append(moment.row())
            rows.append(
                {
                    "stop": stop.key, "equipment_id": stop.equipment_id, "from_us": stop.from_us,
                    "at_us": at_us, "ended": at_us == stop.to_us, "reason": reason, "told_by": told_by,
                    "rule": line.rules[stop.key, at_us],
                }
            )  # fmt: skip


def told(found: Found, said: Mapping[str, list[log.Row]], *, shown: bool) -> Told:
    """The reason of a stop, that of its longest part; and who teaches it, "" where it may not teach."""
    about = log.said_of(found.stop, said)
    if not about.rows:
        return (found.booked, "mes") if found.booked not in ("", OTHER) else ("", "")
    reason = _longest(about, found.stop)
    if reason in ("", OTHER):
        return "", ""
    return reason, "person" if shown or _unseen(about.rows) else ""


def _longest(about: log.Said, stop: Stop) -> str:
    return max(about.pieces(stop), key=lambda piece: piece.to_us - piece.from_us).reason


def _unseen(rows: Sequence[log.Row]) -> bool:
    """Was no proposal shown to whoever named the stop first?"""
    first = next((row for row in rows if row["kind"] == "name"), None)
    return first is not None and (bool(first["hidden"]) or not first["proposal"])
