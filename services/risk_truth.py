"""What became of a stated risk: failed, did not fail, or nobody can know.

A failure within the horizon makes a risk true, its absence makes it false once the horizon has passed.
A preventive maintenance that comes first hides what would have been: the risk is censored and counts
neither way (the same rule as in training and in the backtest).
"""

from bisect import bisect_right
from dataclasses import dataclass

from sqlalchemy import Connection, select

from data.store import tables as t
from domain.policy import CALM_PREDICTIONS
from services.failures import failures


@dataclass(frozen=True, slots=True)
class Life:
    """One machine: when it failed and when it was maintained before failing; known up to `until_us`."""

    failed: tuple[int, ...]
    maintained: tuple[int, ...]
    until_us: int

    def outcome(self, at_us: int, horizon_us: int) -> bool | None:
        """Did it fail in (at, at + horizon]? None while nobody knows, or when nobody ever will."""
        end = at_us + horizon_us
        failure = _after(self.failed, at_us)
        work = _after(self.maintained, at_us)
        if work is not None and work <= end and (failure is None or work <= failure):
            return None
        if failure is not None and failure <= min(end, self.until_us):
            return True
        return None if end > self.until_us else False

    def failure_after(self, at_us: int) -> int | None:
        """The first failure after a time."""
        return _after(self.failed, at_us)

    def maintained_after(self, at_us: int) -> int | None:
        """The first preventive maintenance after a time."""
        return _after(self.maintained, at_us)


def life_of(tx: Connection, equipment_id: str, from_us: int, until_us: int) -> Life:
    """The facts of one machine in (from, until]."""
    m = t.maintenance.c
    worked = tx.execute(
        select(m.start_us)
        .where(m.equipment_id == equipment_id, m.kind == "preventive")
        .where(m.start_us > from_us, m.start_us <= until_us)
        .order_by(m.start_us)
    ).scalars()
    return Life(tuple(failures(tx, equipment_id, from_us, until_us)), tuple(worked), until_us)


def alarms(said: list[tuple[int, bool]]) -> list[int]:
    """When a run of risks above the threshold began. (time, above) in order of time; a run ends after
    CALM_PREDICTIONS risks below it."""
    began, calm = [], CALM_PREDICTIONS
    for at, above in said:
        if above and calm >= CALM_PREDICTIONS:
            began.append(at)
        calm = 0 if above else calm + 1
    return began


def _after(times: tuple[int, ...], at_us: int) -> int | None:
    place = bisect_right(times, at_us)
    return times[place] if place < len(times) else None
