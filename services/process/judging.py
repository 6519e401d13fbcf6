"""What came of moved set points: bad parts of the operations after against those before, when the case ends.

A case whose request the MES has done is judged once RUNS operations with parts have run with the new value,
or it was moved again, or WAIT_US have gone by. Operations begin to count with the first that the MES says
was set so; where it says no set points, with the first after it said that the request is done.
"""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from data.store import cases
from data.store import tables as t
from data.store.database import Database
from domain.cases import CaseKind, CaseState
from domain.clock import DAY, wall_us
from domain.evidence import Payload
from domain.messages import CommandState, ReceiptStatus, SetPointChange
from domain.process import points
from domain.set_points import RUNS, VERDICTS, Counted, Outcome, compared
from domain.time_model import Span
from domain.wording import percent
from services import audit
from services.process.runs import Run, runs
from services.situation import Site, every_site

BACK_US, WAIT_US = 30 * DAY, 14 * DAY


def judge_due(database: Database) -> int:
    """Judge what is due at every site; returns how many cases were judged."""
    with database.read() as tx:
        due = [(site, row, found) for site in every_site(tx) for row, found in _due(tx, site)]
    judged = 0
    for site, row, (asked, outcome) in due:
        with database.write() as tx:
            judged += _judge(tx, site, row, asked, outcome)
    return judged


def _due(tx: Connection, site: Site) -> list[tuple[dict[str, Any], tuple[SetPointChange, Outcome]]]:
    c = t.cases.c
    mine = (c.site_id == site.site_id, c.kind == CaseKind.SET_POINT.value, c.state == CaseState.DONE.value)
    rows = [dict(row) for row in tx.execute(select(t.cases).where(*mine).order_by(c.number)).mappings()]
    return [(row, found) for row in rows if (found := _came(tx, site, row)) is not None]


def _came(tx: Connection, site: Site, case: dict[str, Any]) -> tuple[SetPointChange, Outcome] | None:
    """What was asked for, and what came of it; None while it is too early."""
    found = _done(tx, case)
    if found is None:
        return None
    asked, done_us = found
    span = Span(case["decided_us"] - BACK_US, site.now_us)
    every = runs(tx, asked.equipment_id, span, asked.product_id)
    before, after, again = split(every, asked, case["decided_us"], done_us)
    if len(after) < RUNS and not again and site.now_us < done_us + WAIT_US:
        return None
    return asked, compared(_counted(before[-RUNS:]), _counted(after[:RUNS]))


def _done(tx: Connection, case: dict[str, Any]) -> tuple[SetPointChange, int] | None:
    """The request that the MES has done, and when it said so."""
    for row in cases.commands_of(tx, case["case_id"]):
        work = Payload.from_json(row["payload"]).work
        if isinstance(work, SetPointChange) and row["state"] == CommandState.DONE:
            said = cases.receipts_of(tx, row["command_id"])
            times = [one["at_us"] for one in said if one["status"] == ReceiptStatus.DONE]
            return work, min(times, default=case["closed_us"])
    return None


def split(
    every: Sequence[Run], asked: SetPointChange, decided_us: int, done_us: int
) -> tuple[list[Run], list[Run], bool]:
    """Operations with parts before and after the change, oldest first; and was it moved again since?"""
    before: list[Run] = []
    after: list[Run] = []
    for run in every:
        if _set_so(run, asked, decided_us, done_us):
            after.append(run)
        elif after:
            return _parts(before), _parts(after), True
        else:
            before.append(run)
    return _parts(before), _parts(after), False


def _set_so(run: Run, asked: SetPointChange, decided_us: int, done_us: int) -> bool:
    point = run.set_points.get(asked.parameter)
    if point is None:
        return run.operation.at_us >= done_us
    return run.operation.at_us >= decided_us and math.isclose(point, asked.to_value)


def _parts(some: Sequence[Run]) -> list[Run]:
    return [run for run in some if run.operation.parts > 0]


def _counted(some: Sequence[Run]) -> list[Counted]:
    return [Counted(run.operation.parts, run.operation.bad) for run in some]


def _judge(tx: Connection, site: Site, case: dict[str, Any], asked: SetPointChange, outcome: Outcome) -> bool:
    """Close the case with what came; False when it has changed meanwhile."""
    values = {"state": CaseState.JUDGED.value, "version": case["version"] + 1}
    if not cases.change(tx, case["case_id"], case["version"], values):
        return False
    before, after = outcome.before, outcome.after
    tx.execute(
        insert(t.set_point_outcomes).values(
            case_id=case["case_id"], judged_us=site.now_us, judged_wall_us=wall_us(),
            verdict=outcome.verdict.value, to_value=asked.to_value, before_operations=before.operations,
            before_parts=before.parts, before_bad=before.bad, after_operations=after.operations,
            after_parts=after.parts, after_bad=after.bad, change=outcome.change, change_low=outcome.low,
            change_high=outcome.high,
        )
    )  # fmt: skip
    detail = {"verdict": outcome.verdict.value, "text": words(outcome)}
    audit.of_case(tx, case["case_id"], "judged by its operations", site.now_us, detail)
    return True


def words(outcome: Outcome) -> str:
    """The outcome in a sentence without its stop."""
    said, before, after = VERDICTS[outcome.verdict], outcome.before, outcome.after
    if outcome.change is None or before.share is None or after.share is None:
        return f"{said}: {before.operations} before, {after.operations} after"
    shares = f"{percent(after.share)} after, {percent(before.share)} before"
    return f"{said}: {shares}, {points(outcome.change)} points"
