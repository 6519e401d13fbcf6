"""The measured values of control charts, packed by chart and UTC day beside `spc_samples`, so that a month of
every chart is read as columns. Written in the transaction that writes the samples. Nothing here commits."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete

from data.store import tables as t
from data.store.statements import Among, Statement
from data.store.upsert import upsert
from domain.clock import DAY
from domain.spc.model import Sample

# A sample: when its stretch ended, and how many values it has; the values of a day follow each other.
PLACED = np.dtype([("at_us", "<i8"), ("count", "<i4")])
VALUE = np.dtype("<f8")
_DAYS = Among(
    "SELECT chart_id, placed, content FROM spc_days WHERE chart_id {among:charts}"
    " AND day_us >= :first AND day_us <= :last ORDER BY chart_id, day_us"
)
_DROP = Statement("DELETE FROM spc_days WHERE chart_id = :chart AND day_us = :day")


class Values(NamedTuple):
    """Samples in order of time: when each ended (n,), how many values it has (n,), and those in a row."""

    at_us: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: NDArray[np.float64]

    def between(self, from_us: int, to_us: int) -> "Values":
        """Those that end in (from, to]."""
        first, after = np.searchsorted(self.at_us, [from_us, to_us], side="right").tolist()
        low, high = (int(self.sizes[:place].sum()) for place in (first, after))
        return Values(self.at_us[first:after], self.sizes[first:after], self.values[low:high])


NONE = Values(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def read(tx: Connection, charts: Sequence[str], from_us: int, to_us: int) -> dict[str, Values]:
    """The values of the samples that end in (from, to], by chart; charts without one are left out."""
    found = _packed(tx, charts, from_us, to_us)
    cut = {chart: each.between(from_us, to_us) for chart, each in found.items()}
    return {chart: each for chart, each in cut.items() if len(each.at_us)}


def put(tx: Connection, chart: str, samples: Sequence[Sample]) -> None:
    """Store the values of samples; of one that is there already they are replaced. Counted ones have none."""
    if not samples:
        return
    ends = [sample.at_us for sample in samples]
    days = _by_day(tx, chart, min(ends) - 1, max(ends))
    for sample in samples:
        its = days.setdefault(sample.at_us - sample.at_us % DAY, {})
        its.pop(sample.at_us, None)
        if sample.values:
            its[sample.at_us] = sample.values
    _write(tx, chart, days)


def drop(tx: Connection, chart: str, from_us: int, to_us: int) -> None:
    """Forget the values of the samples that end in (from, to]."""
    days = _by_day(tx, chart, from_us, to_us)
    kept = {
        day: {at: values for at, values in its.items() if not from_us < at <= to_us}
        for day, its in days.items()
    }
    _write(tx, chart, {day: its for day, its in kept.items() if its != days[day]})


def forget(tx: Connection, chart: str) -> None:
    """Forget all values of a chart."""
    tx.execute(delete(t.spc_days).where(t.spc_days.c.chart_id == chart))


def _days(from_us: int, to_us: int) -> tuple[int, int]:
    """The first and the last day in which a sample of (from, to] may end."""
    return (from_us + 1) - (from_us + 1) % DAY, to_us - to_us % DAY


def _packed(tx: Connection, charts: Sequence[str], from_us: int, to_us: int) -> dict[str, Values]:
    """Whole days around (from, to]."""
    first, last = _days(from_us, to_us)
    days: dict[str, list[tuple[bytes, bytes]]] = {}
    for chart, placed, content in _DAYS.rows(tx, [], {"charts": list(charts), "first": first, "last": last}):
        days.setdefault(chart, []).append((placed, content))
    found = {}
    for chart, rows in days.items():
        placed = np.frombuffer(b"".join([row[0] for row in rows]), PLACED)
        values = np.frombuffer(b"".join([row[1] for row in rows]), VALUE)
        found[chart] = Values(placed["at_us"].astype(np.int64), placed["count"].astype(np.int64), values)
    return found


def _by_day(tx: Connection, chart: str, from_us: int, to_us: int) -> dict[int, dict[int, Sequence[float]]]:
    """The values by day and end of each sample, of the whole days around (from, to]."""
    found = _packed(tx, [chart], from_us, to_us).get(chart, NONE)
    days: dict[int, dict[int, Sequence[float]]] = {}
    values, begin = found.values.tolist(), 0
    for at, count in zip(found.at_us.tolist(), found.sizes.tolist(), strict=True):
        days.setdefault(at - at % DAY, {})[at] = values[begin : begin + count]
        begin += count
    return days


def _write(tx: Connection, chart: str, days: Mapping[int, Mapping[int, Sequence[float]]]) -> None:
    rows = []
    for day, its in days.items():
        if not its:
            _DROP.run(tx, {"chart": chart, "day": day})
            continue
        ends = sorted(its)
        placed = np.array([(at, len(its[at])) for at in ends], PLACED)
        content = np.array([value for at in ends for value in its[at]], VALUE)
        rows.append(
            {"chart_id": chart, "day_us": day, "placed": placed.tobytes(), "content": content.tobytes()}
        )
    upsert(tx, t.spc_days, rows, ["chart_id", "day_us"])
