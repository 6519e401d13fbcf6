"""A machine's sensors hour by hour, against its frozen usual pattern."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import activity, window_data
from data.store import patterns as store
from data.store.database import Database
from domain.clock import HOUR
from domain.equipment import within
from domain.errors import TaktwiseError
from services.spc import multivariate, pattern_cases
from services.spc.sampling import Times, ignored, usable

METRICS = (
    "temperature",
    "pressure",
    "current",
    "power",
    "vibration_rms",
    "envelope_low",
    "envelope_high",
    "speed",
    "load",
)
BACK_US = 35 * 24 * HOUR
AGAIN_US = 6 * HOUR
FEWEST_VALUES = 3
log = logging.getLogger("taktwise.watch")


def hours_of(
    tx: Connection, equipment_id: str, metrics: Sequence[str], from_us: int, to_us: int
) -> tuple[Times, NDArray[np.float64]]:
    """Medians by hour of running time: the ends (k,) and the values (k, m).

    Only hours in which every metric has three good values. A median, so that one spike is no pattern.
    """
    found = window_data.readings(tx, equipment_id, metrics, from_us, to_us)
    columns: list[dict[int, float]] = []
    for metric in metrics:
        times, values = found.get(metric, (np.zeros(0, np.int64), np.zeros(0)))
        keep = (times > from_us) & (times <= to_us) & usable(tx, equipment_id, times)
        keep &= ~ignored(tx, equipment_id, metric, times)
        columns.append(_medians(times[keep], values[keep]))
    ends = sorted(set.intersection(*map(set, columns))) if columns else []
    table = [[column[end] for column in columns] for end in ends]
    return np.array(ends, np.int64), np.array(table, float).reshape(-1, len(metrics))


def _medians(times: Times, values: NDArray[np.float64]) -> dict[int, float]:
    if not len(times):
        return {}
    ends = -(-times // HOUR) * HOUR
    order = np.lexsort((values, ends))
    ends, values = ends[order], values[order]
    hours, starts, counts = np.unique(ends, return_index=True, return_counts=True)
    middle = (values[starts + (counts - 1) // 2] + values[starts + counts // 2]) / 2
    kept = counts >= FEWEST_VALUES
    return dict(zip(hours[kept].tolist(), middle[kept].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Judged:
    """What one turn came to."""

    hours: int
    breaks: int
    cases: int


class PatternWatch:
    """Judges each machine's new hours by its frozen pattern."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done: dict[str, tuple[int, int]] = {}

    def turn(self, site_id: str, now_us: int) -> Judged:
        """Bring every machine of a site up to `now_us`, plant time."""
        with self._database.read() as tx:
            models = {key: row for key, row in store.newest(tx).items() if within(key, site_id)}
            ends = store.ends(tx)
            upto = {key: min(now_us, activity.upto(tx, key) or 0) // HOUR * HOUR for key in models}
        total = [0, 0, 0]
        for equipment_id, row in models.items():
            to_us = upto[equipment_id]
            mark = (to_us, row["version"])
            if self._done.get(equipment_id) == mark:
                continue
            try:
                found = self._machine(equipment_id, row, ends.get(equipment_id), to_us)
            except TaktwiseError as error:
                log.warning("pattern of %s: %s", equipment_id, error)
                continue
            self._done[equipment_id] = mark
            total = [a + b for a, b in zip(total, found, strict=True)]
        return Judged(*total)

    def _machine(
        self, equipment_id: str, row: dict[str, Any], end: int | None, to_us: int
    ) -> tuple[int, int, int]:
        pattern = multivariate.from_json(row["content"])
        from_us = to_us - BACK_US if end is None else min(end, to_us) - AGAIN_US
        with self._database.write() as tx:
            hours, values = hours_of(tx, equipment_id, pattern.metrics, from_us, to_us)
            if not len(hours):
                return 0, 0, 0
            found = multivariate.judge(pattern, values)
            rows = [
                {
                    "equipment_id": equipment_id,
                    "at_us": int(at),
                    "version": row["version"],
                    "content": json.dumps([float(f"{v:.6g}") for v in vector]),
                    "t2": float(t2),
                    "spe": float(spe),
                }
                for at, vector, t2, spe in zip(hours, values, found.t2, found.spe, strict=True)
            ]
            store.store_points(tx, rows)
            live = [point for point in rows if point["at_us"] > row["to_us"]]  # phase I made the limits
            breaks, cases = pattern_cases.note_and_open(tx, row, live, to_us)
        return len(rows), breaks, cases
