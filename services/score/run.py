"""Scoring what is due, and scoring history. One transaction per batch: all of it is stored, or nothing.

Guarantees. A machine has one prediction per model version and time, however often and by however
many workers it is scored. A prediction above the threshold is never stored without its window and
its explanation, nor without a row in `to_consider`, which is deleted only when the recommender has
looked at it: a process that is killed in between goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from data.store import predictions as store
from data.store import stops
from data.store.database import Database
from domain.clock import DAY
from domain.policy import CALM_PREDICTIONS
from services.score.inputs import Input, Inputs, Unit
from services.score.judge import Judge, Judged
from services.score.origin import barred, silenced, speaks_since

CATCH_UP_US = DAY
ALWAYS = 1_000_000
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Served:
    """A model at work: its judge, and where its windows come from."""

    judge: Judge
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run stored: predictions, of which so many not known, above the threshold, to be considered."""

    predictions: int = 0
    not_known: int = 0
    above: int = 0
    to_consider: int = 0

    def __add__(self, other: "Scored") -> "Scored":
        return Scored(
            self.predictions + other.predictions,
            self.not_known + other.not_known,
            self.above + other.above,
            self.to_consider + other.to_consider,
        )


def score_due(
    database: Database, served: Served, now_us: int, *, site_id: str, catch_up_us: int = CATCH_UP_US
) -> Scored:
    """Score every assigned machine of a site at the times that came since its last prediction.

    After a pause at most `catch_up_us` is made up for; a machine never scored gets its newest time.
    A model that has learned from a simulator alone says "not known" of real machines.
    A stopped model stores nothing, not even what it was counting when it was stopped; what it would
    have said while it was stopped, or before it took the champion's place, is never made up for.
    """
    with database.read() as tx:
        if stops.stopped(tx, site_id, served.judge.key[0]):
            return Scored()
        begun = speaks_since(tx, served.judge.key, site_id, shadow=served.judge.shadow)
        units = [Unit(*row) for row in store.units(tx, served.inputs.machine_types, site_id, now=True)]
        last = store.last_at(tx, served.judge.key, [unit.equipment_id for unit in units])
        inputs: list[Input] = []
        for unit in units:
            known = last.get(unit.equipment_id)
            after = max(now_us - catch_up_us, -1 if known is None else known, begun)
            times = served.inputs.due(tx, unit, after, now_us)
            inputs += served.inputs.build(tx, unit, times if known is not None else times[-1:])
        if barred(tx, served.judge.model.card, site_id):
            inputs = silenced(inputs)
    with database.write() as tx:
        served.inputs.remember(tx)
    return _store(database, served.judge, served.judge.judge(inputs, keep_windows=True), obey=site_id)


def score_range(
    database: Database,
    served: Served,
    from_us: int,
    to_us: int,
    *,
    site_id: str,
    every: int = 1,
    consider: bool = True,
    progress: Progress | None = None,
) -> Scored:
    """Score history: every machine of a site at each of its times in (from, to], a machine at a time.

    `every` keeps each n-th time counted back from the last. Without `consider` nothing is queued for
    the recommender. Windows below the threshold are not kept (their hash is).
    """
    with database.read() as tx:
        units = [Unit(*row) for row in store.units(tx, served.inputs.machine_types, site_id)]
    total = Scored()
    for place, unit in enumerate(units):
        with database.read() as tx:
            times = served.inputs.due(tx, unit, from_us, to_us)[::-1][::every][::-1]
            inputs = served.inputs.build(tx, unit, times)
            if barred(tx, served.judge.model.card, site_id):
                inputs = silenced(inputs)
        judged = served.judge.judge(inputs, keep_windows=False)
        total += _store(database, served.judge, judged, consider=consider)
        with database.write() as tx:
            served.inputs.remember(tx)
        if progress is not None:
            progress((place + 1) / len(units))
    return total


def _store(
    database: Database, judge: Judge, judged: Sequence[Judged], *, consider: bool = True, obey: str = ""
) -> Scored:
    """`obey`: the site whose stop of this model counts."""
    if not judged:
        return Scored()
    with database.write() as tx:
        if obey and stops.stopped(tx, obey, judge.key[0], hold=True):
            return Scored()
        watched = {
            unit: _watched(tx, judge, unit, first) for unit, first in _firsts(judged).items() if consider
        }
        new = {one.prediction["prediction_id"] for one in store.add(tx, judge.key, [j.made for j in judged])}
        stored = [one for one in judged if one.made.prediction["prediction_id"] in new]
        wanted = list(to_be_considered(stored, watched)) if consider else []
        store.put_to_consider(tx, [one.made.prediction for one in wanted])
    return Scored(
        predictions=len(stored),
        not_known=sum(not one.scored for one in stored),
        above=sum(one.above for one in stored),
        to_consider=len(wanted),
    )


def _firsts(judged: Iterable[Judged]) -> dict[str, int]:
    firsts: dict[str, int] = {}
    for one in judged:
        row = one.made.prediction
        firsts[row["equipment_id"]] = min(row["at_us"], firsts.get(row["equipment_id"], row["at_us"]))
    return firsts


def _watched(tx: Connection, judge: Judge, equipment_id: str, before_us: int) -> int:
    """How many calm predictions are still of interest; ALWAYS while a case is open."""
    if store.has_open_case(tx, equipment_id):
        return ALWAYS
    above = store.last_above(tx, judge.key, equipment_id, before_us, CALM_PREDICTIONS)
    return next((CALM_PREDICTIONS - place for place, one in enumerate(above) if one), 0)


def to_be_considered(judged: Iterable[Judged], watched: dict[str, int]) -> Iterator[Judged]:
    """Those above the threshold, and what follows them until CALM_PREDICTIONS in a row lie below it.

    `judged` in order of time within each machine; `watched` says for each how many calm ones are
    still of interest at the beginning. What is not known counts neither way.
    """
    left = dict(watched)
    for one in judged:
        unit = one.made.prediction["equipment_id"]
        if one.above:
            left[unit] = max(CALM_PREDICTIONS, left.get(unit, 0))
            yield one
        elif left.get(unit, 0) > 0:
            left[unit] -= one.scored
            yield one
