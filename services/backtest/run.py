"""The backtest of a site: machine by machine, resumable, and one result.

Each machine's cases are appended to a file as they are done; a run that was stopped goes on behind the
last whole line. The file belongs to one model, one stretch and one site by its name.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from data.store import predictions as store
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, utc
from domain.recommendation import cause_label
from services.backtest.asof import book_of
from services.backtest.readiness import gaps
from services.backtest.replay import Advised, Replayed, replay
from services.backtest.truth import Judged, Scores, judge
from services.failures import failures
from services.score.inputs import Unit
from services.score.judge import horizon_s
from services.score.run import Served
from services.situation import site_at

Progress = Callable[[float], None]
MONTH = "%Y-%m"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is replayed: a site over (from, to]."""

    site_id: str
    from_us: int
    to_us: int


def backtest(
    database: Database, served: Served, stretch: Stretch, folder: Path, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Replay and judge; one JSON document. Interrupted, it goes on where it was at the next call."""
    with database.read() as tx:
        stretch = replace(stretch, from_us=max(stretch.from_us, _oldest(tx, stretch.from_us) // DAY * DAY))
    notes = folder / f"{_name(served, stretch)}.jsonl"
    known = _read(notes)
    with database.read() as tx:
        units = [Unit(*row) for row in store.units(tx, served.inputs.machine_types, stretch.site_id)]
    for place, unit in enumerate(units):
        if unit.equipment_id not in known:
            with database.read() as tx:
                book = book_of(tx, stretch.site_id, unit, stretch.to_us)
                known[unit.equipment_id] = replay(tx, served, book, stretch.from_us, stretch.to_us)
            _append(notes, known[unit.equipment_id])
        progress((place + 1) / len(units))
    return _result(database, served, stretch, units, [known[unit.equipment_id] for unit in units])


def _name(served: Served, stretch: Stretch) -> str:
    card = served.judge.model.card
    about = [FORMAT, card.sha256, card.threshold, stretch.site_id, stretch.from_us, stretch.to_us]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def _read(notes: Path) -> dict[str, Replayed]:
    found: dict[str, Replayed] = {}
    lines = notes.read_text().splitlines() if notes.exists() else []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            break  # the process died while it wrote this line
        row["advised"] = [Advised(**one) for one in row["advised"]]
        found[row["equipment_id"]] = Replayed(**row)
    if lines and len(found) < len(lines):
        notes.write_text("".join(json.dumps(asdict(one)) + "\n" for one in found.values()))
    return found


def _append(notes: Path, one: Replayed) -> None:
    notes.parent.mkdir(parents=True, exist_ok=True)
    with notes.open("a") as out:
        out.write(json.dumps(asdict(one)) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _result(
    database: Database, served: Served, stretch: Stretch, units: list[Unit], replayed: list[Replayed]
) -> dict[str, Any]:
    judged: list[Judged] = []
    missed: list[tuple[str, int]] = []
    with database.read() as tx:
        site = site_at(tx, stretch.site_id)
        currency = tx.execute(select(t.sites.c.currency).where(t.sites.c.site_id == stretch.site_id)).scalar()
        e = t.equipment.c
        names = {row.equipment_id: row.name for row in tx.execute(select(e.equipment_id, e.name))}
        scores = Scores(horizon_s(served.judge.model) * 1_000_000)
        for unit, one in zip(units, replayed, strict=True):
            book = book_of(tx, stretch.site_id, unit, stretch.to_us)
            begin = max(stretch.from_us, one.first_us or stretch.to_us)
            failed = failures(tx, unit.equipment_id, begin, stretch.to_us)
            mine = judge(book, one.advised, failed, scores, stretch.to_us)
            judged += mine
            hit = {case.case.at_us + (case.lead_us or 0) for case in mine if case.verdict == "hit"}
            missed += [(unit.equipment_id, at) for at in failed if at not in hit]
        found_gaps = gaps(tx, stretch.site_id, units, replayed)
    months = _months(judged, missed, site.zone)
    card = served.judge.model.card
    return {
        "site": stretch.site_id,
        "currency": currency,
        "time_zone": site.zone,
        "model": f"{card.name} {card.version}",
        "threshold": card.threshold,
        "from_us": stretch.from_us,
        "to_us": stretch.to_us,
        "days": round((stretch.to_us - stretch.from_us) / DAY, 1),
        "machines": len(units),
        "scored": sum(one.scored for one in replayed),
        "not_known": sum(sum(one.unknown.values()) for one in replayed),
        **_total(judged, missed),
        "months": months,
        "cases_list": [_line(one, names) for one in sorted(judged, key=lambda j: j.case.at_us)],
        "missed_list": [
            {"machine": names.get(unit, unit), "at_us": at}
            for unit, at in sorted(missed, key=lambda one: one[1])
        ],
        "readiness_gaps": found_gaps,
        "assumptions": list(ASSUMPTIONS),
    }


ASSUMPTIONS = (
    "Scored at every half hour from what had been measured by then; maintenance and states up to then.",
    "The plan is that of the shifts which were fixed by then; orders are not kept as they stood: left out.",
    "Parts are taken as in stock at today's price, rates are today's: neither is kept as history.",
    "The cause is told by the signs alone; how often a cause was found later plays no part.",
    "A case counts as followed at its proposed start. Money: against waiting for the limit alarm, with the "
    "failure when it came.",
    "If the model was trained on the same stretch of this plant, its figures here are too good.",
)


def _oldest(tx: Any, from_us: int) -> int:
    r = t.readings.c
    return int(tx.execute(select(func.min(r.source_us))).scalar() or from_us)


def _total(judged: list[Judged], missed: list[tuple[str, int]]) -> dict[str, Any]:
    count = {v: sum(j.verdict == v for j in judged) for v in ("hit", "false", "masked", "unfinished")}
    leads = sorted(j.lead_us / HOUR for j in judged if j.lead_us is not None)
    caught = len({(j.case.equipment_id, j.case.at_us + j.lead_us) for j in judged if j.lead_us is not None})
    return {
        "cases": len(judged),
        "hits": count["hit"],
        "false_cases": count["false"],
        "masked": count["masked"],
        "unfinished": count["unfinished"],
        "failures": caught + len(missed),
        "failures_caught": caught,
        "misses": len(missed),
        "lead_h_median": round(leads[len(leads) // 2], 1) if leads else None,
        "lead_h_shortest": round(leads[0], 1) if leads else None,
        "saved_cents": sum(j.saved_cents for j in judged),
        "lost_on_false_cents": sum(j.saved_cents for j in judged if j.verdict == "false"),
    }


def _months(judged: Iterable[Judged], missed: Iterable[tuple[str, int]], zone: str) -> list[dict[str, Any]]:
    def month(us: int) -> str:
        return utc(us).astimezone(ZoneInfo(zone)).strftime(MONTH)

    every, lost = list(judged), list(missed)
    names = sorted({month(j.case.at_us) for j in every} | {month(at) for _, at in lost})
    return [
        {
            "month": name,
            **_total(
                [j for j in every if month(j.case.at_us) == name], [m for m in lost if month(m[1]) == name]
            ),
        }
        for name in names
    ]


def _line(one: Judged, names: dict[str, str]) -> dict[str, Any]:
    case = one.case
    return {
        "machine": names.get(case.equipment_id, case.equipment_id),
        "at_us": case.at_us,
        "risk": round(case.probability, 3),
        "cause": cause_label(case.cause),
        "choice": case.choice,
        "verdict": one.verdict,
        "lead_h": None if one.lead_us is None else round(one.lead_us / HOUR, 1),
        "promised_cents": case.benefit_cents,
        "saved_cents": one.saved_cents,
    }
