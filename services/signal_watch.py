"""Looks at every signal in turn: one machine at a time, so that a look costs the plant nothing."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import holding, window_data
from data.store import signal_quality as store
from data.store.database import Database
from domain.clock import MINUTE, passed_us
from domain.signal_quality import STRETCH_US, Look, usual_after
from domain.telemetry import MachineState, Quality

AGAIN_US = 10 * MINUTE  # of plant time, between two looks at one machine
TIMELY = 0.05  # what comes late was kept and sent again; the timeliest share shows the clock
Times = NDArray[np.int64]


class SignalWatch:
    """Keeps the looks of a site's machines new. Not thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, int] = {}  # machine -> plant time of its last look

    def turn(self, site_id: str, now_us: int) -> int:
        """Look at the machine that waits longest, if one is due; returns how many metrics were looked at."""
        with self._database.read() as tx:
            machines = store.machines(tx, site_id)
            waiting = min(machines, key=lambda one: self._seen.get(one, -1), default=None)
            if waiting is None or passed_us(self._seen.get(waiting, -AGAIN_US), now_us) < AGAIN_US:
                return 0
            looks = _looks(tx, waiting, now_us)
        self._seen[waiting] = now_us
        if looks:
            with self._database.write() as tx:
                store.save(tx, waiting, looks)
        return len(looks)


def _looks(tx: Connection, equipment_id: str, now_us: int) -> list[Look]:
    since = now_us - STRETCH_US
    ran = _running(*window_data.states(tx, equipment_id, since, now_us)[:2], since, now_us)
    before = {look.metric: look for look in store.load(tx, [equipment_id]).get(equipment_id, [])}
    standing = holding.standing(tx, equipment_id)
    found = []
    for name, metric_id in store.metrics(tx, equipment_id):
        usual = usual_after(before[name]) if name in before else 0.0
        seen = _look(name, store.readings(tx, metric_id, since, now_us), ran, (since, now_us), usual)
        found.append(_by_exception(seen, standing[name]) if name in standing else seen)
    return found


def _by_exception(seen: Look, deadband: float) -> Look:
    """Sent only when it changes, by a source that lives: silence is no fault, nor is a value that stays
    within its deadband. One that is sent at every change and never has any still looks flat."""
    return replace(seen, silent_us=0, flat_us=0 if deadband else seen.flat_us)


def _look(
    name: str, got: store.Readings, ran: Callable[[int], int], span: tuple[int, int], usual: float
) -> Look:
    since, now_us = span
    good = got.quality == Quality.GOOD
    changed = np.flatnonzero(np.diff(got.value)) + 1
    last = int(got.source_us[-1]) if len(got.value) else since
    change = int(got.source_us[changed[-1]]) if len(changed) else since
    late = int(np.quantile(got.receive_us[good] - got.source_us[good], TIMELY)) if good.any() else 0
    return Look(
        metric=name,
        from_us=since,
        to_us=now_us,
        running_us=ran(since),
        readings=len(got.value),
        out_of_range=int((got.quality == Quality.UNCERTAIN).sum()),
        silent_us=ran(last),
        flat_us=ran(change),
        late_us=late,
        noise=noise_of(got.value[good]),
        usual_noise=usual,
    )


def noise_of(values: NDArray[np.float64]) -> float:
    """Standard deviation by differences of neighbours, in the unit of the values; 0 below three values."""
    if len(values) < 3:
        return 0.0
    return 1.4826 * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2)


def _running(at: Times, state: Times, since: int, now_us: int) -> Callable[[int], int]:
    """Running time from a moment of the stretch until now, in microseconds."""
    begin = np.clip(at, since, now_us)
    end = np.append(begin[1:], now_us)
    runs = state == MachineState.EXECUTE

    def after(moment: int) -> int:
        return int((np.maximum(end, moment) - np.maximum(begin, moment))[runs].sum())

    return after
