"""What is odd in the parts and energy of a cell: resets, silences, changes of shift."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data.store.kpi_counts import Counted
from data.store.kpi_facts import Recorded
from domain.clock import MINUTE, utc
from services.kpi.grid import Cell
from services.kpi.measuring import after_silence, split_buckets

OVER_A_CHANGE = "over_a_shift_change"


@dataclass(frozen=True, slots=True)
class Flag:
    """One oddity. `code` is stable, `record` names what to look at, `words` say it."""

    cell_us: int
    code: str
    record: str
    at_us: int
    words: str


def of_counts(cells: list[Cell], starts: np.ndarray, recorded: Recorded) -> Iterator[Flag]:
    """What is odd in counters and inspections; `starts` are the beginnings of the cells."""
    odd = (
        ("counter_reset", recorded.resets, "A counter fell: it was reset, and counts from zero."),
        ("counter_fell", recorded.fell, "A counter read a little less than before: that counts nothing."),
        ("negative_counter", recorded.negative, "A counter was below zero: that reading is left out."),
    )
    for code, found, words in odd:
        for at in found:
            index = int(np.searchsorted(starts, at, side="right")) - 1
            if index >= 0 and at < cells[index].to_us:
                yield Flag(cells[index].from_us, code, recorded_from("counts", at), at, words)
    counted, silent = recorded.counted, after_silence(recorded)
    for at, made in zip(counted.bucket_us[silent].tolist(), _made(counted)[silent].tolist(), strict=True):
        index = int(np.searchsorted(starts, at, side="right")) - 1
        if made and index >= 0 and at < cells[index].to_us:
            words = f"{made:.0f} parts came to light after a silence: counted here, without a rate."
            yield Flag(cells[index].from_us, "parts_of_a_gap", recorded_from("counts", at), at, words)
    yield from _over_a_change(cells, starts, recorded)
    yield from _over_an_edge(cells, counted)
    for at, record in recorded.inspected.refused:
        index = int(np.searchsorted(starts, at - 1, side="right")) - 1
        if index >= 0 and at - 1 < cells[index].to_us:
            words = f"Inspection {record} has a negative quantity; left out."
            yield Flag(cells[index].from_us, "negative_quantity", record, at, words)


def _over_a_change(cells: list[Cell], starts: np.ndarray, recorded: Recorded) -> Iterator[Flag]:
    """What came at once after a gap that began before the shift: nobody knows whose it is."""
    for at, parts_since, energy_since, parts, kwh in recorded.at_once:
        index = int(np.searchsorted(starts, at, side="right")) - 1
        if index < 0 or at >= cells[index].to_us:
            continue
        begin, much, since = cells[index].from_us, [], at
        for before, words in ((parts_since, f"{parts:,.0f} parts"), (energy_since, f"{kwh:,.1f} kWh")):
            if before is not None and before < begin:
                much.append(words)
                since = min(since, before)
        if much:
            before_min, whole_min = (begin - since) // MINUTE, (at - since) // MINUTE
            words = (
                f"{' and '.join(much)} came at once after {whole_min:,} min without a reading, of which"
                f" {before_min:,} min lie before this shift: all count here, some may belong before it."
            )
            record = f"{recorded_from('counts', since)} to {utc(at):%Y-%m-%d %H:%M} UTC"
            yield Flag(begin, OVER_A_CHANGE, record, at, words)


def _over_an_edge(cells: list[Cell], counted: Counted) -> Iterator[Flag]:
    """Parts of a bucket that the end of a shift lies within: nobody knows on which side they were made."""
    made = dict(zip(counted.bucket_us.tolist(), _made(counted).tolist(), strict=True))
    for cell in cells:
        for at in split_buckets(np.array([cell.to_us])).tolist():
            if parts := made.get(at, 0.0) if at >= cell.from_us else 0.0:
                words = (
                    f"{parts:,.0f} parts came in the five minutes in which the shift changed"
                    f" ({utc(cell.to_us):%H:%M} UTC): all count before the change, some may belong behind it."
                )
                yield Flag(cell.from_us, "edge_in_a_bucket", recorded_from("counts", at), at, words)


def _made(counted: Counted) -> np.ndarray:
    return counted.good + counted.scrap


def recorded_from(what: str, at_us: int) -> str:
    """The record to look at, by its UTC time."""
    return f"{what} from {utc(at_us):%Y-%m-%d %H:%M} UTC"
