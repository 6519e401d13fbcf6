"""Delayed truth: what a model stated, and what came, by case and by machine.

A case is one stated chance per machine and horizon, the last within the hour before each multiple of the
horizon, so that no stretch of a machine's life counts twice. An alarm is a run of chances above the
threshold.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from data.store import registry as store
from domain.calibration import Case
from domain.clock import DAY, HOUR
from domain.prediction import PredictionStatus
from services.risk_truth import Life, alarms, life_of
from services.rows.model_watch import Tally

BACK_US = 60 * DAY
LEAD_US = 4 * HOUR
NEAR_US = HOUR
SCORED = PredictionStatus.SCORED


def told(
    tx: Connection, units: Iterable[tuple[str, str]], model: tuple[str, str], now_us: int, horizon_us: int
) -> tuple[list[Case], Tally, tuple[Tally, ...], float]:
    """Cases, the tally of all, a tally per machine (id, name) that ever alarmed or failed, and the days."""
    cases: list[Case] = []
    tallies, first = [], now_us
    for equipment_id, name in units:
        said = store.spoken(tx, *model, equipment_id, now_us - BACK_US)
        if not said:
            continue
        first = min(first, said[0].at_us)
        life = life_of(tx, equipment_id, said[0].at_us, now_us)
        cases += cases_of(said, life, horizon_us)
        tallies.append(tally(name, said, life, horizon_us))
    busy = [one for one in tallies if one.alarms or one.failures]
    total = Tally("", *(sum(getattr(one, name) for one in tallies) for name in Tally.__slots__[1:]))
    return cases, total, tuple(sorted(busy, key=_order)), (now_us - first) / DAY


def cases_of(said: Sequence[Any], life: Life, horizon_us: int) -> list[Case]:
    """One case per horizon; those whose horizon is not over yet are left out."""
    edge = horizon_us - NEAR_US
    last: dict[int, Any] = {
        row.at_us // horizon_us: row
        for row in said
        if row.status == SCORED and row.at_us % horizon_us >= edge
    }
    found = []
    for row in last.values():
        end = row.at_us + horizon_us
        failure, work = life.failure_after(row.at_us), life.maintained_after(row.at_us)
        failed = failure is not None and failure <= min(end, life.until_us)
        censored = work is not None and work <= end and (failure is None or work <= failure)
        if end > life.until_us and not failed and not censored:
            continue
        stop = work if censored else failure if failed else end
        assert stop is not None  # noqa: S101 - each branch has its time
        found.append(Case(row.probability, stop - row.at_us, failed and not censored, censored, row.at_us))
    return found


def tally(name: str, said: Sequence[Any], life: Life, horizon_us: int) -> Tally:
    """One machine's alarms and failures."""
    began = alarms([(row.at_us, row.above_threshold) for row in said if row.status == SCORED])
    came = [(at, life.outcome(at, horizon_us)) for at in began]
    open_ones = sum(
        outcome is None and at + horizon_us > life.until_us and not _worked(life, at, horizon_us)
        for at, outcome in came
    )
    unknown = sum(outcome is None for _, outcome in came)
    warned = sum(any(LEAD_US <= failed - at <= horizon_us for at in began) for failed in life.failed)
    return Tally(
        machine=name, alarms=len(began), true=sum(o is True for _, o in came),
        false=sum(o is False for _, o in came), censored=unknown - open_ones, waiting=open_ones,
        failures=len(life.failed), warned=warned,
    )  # fmt: skip


def _worked(life: Life, at_us: int, horizon_us: int) -> bool:
    work = life.maintained_after(at_us)
    return work is not None and work <= at_us + horizon_us


def _order(one: Tally) -> tuple[int, int, str]:
    return -one.failures, -one.alarms, one.machine
