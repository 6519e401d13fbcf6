"""Hours from minutes, shifts from hours and the minutes at their edges. Nothing here commits."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from data.store import rolled
from data.store.rolled import Stretch
from data.store.statements import Row
from domain.clock import HOUR
from services.history import folding, shift_grid
from services.history.metrics import Held
from services.history.shift_grid import Turn
from services.kpi.grid import NEAR_US


def roll_hours(tx: Connection, stretches: Sequence[Stretch]) -> list[Stretch]:
    """Fold the hours that the stretches touch from their minutes; returns them."""
    touched = _merged([Stretch(m, a - a % HOUR, -(-b // HOUR) * HOUR) for m, a, b in stretches])
    finer = [rolled.read(tx, "minute", stretch) for stretch in touched]
    rolled.replace(tx, "hour", touched, folding.coarser(touched, finer, HOUR))
    return touched


def roll_shifts(tx: Connection, stretches: Sequence[Stretch], known: Mapping[int, Held]) -> None:
    """Fold the shifts that the stretches touch, of those that are rolled up at all (`shift_grid`)."""
    spans: dict[str, tuple[int, int]] = {}
    for metric_id, a, b in stretches:
        low, high = spans.get(known[metric_id].line_id, (a, b))
        spans[known[metric_id].line_id] = (min(low, a), max(high, b))
    turns = {line: shift_grid.known(tx, line, low - NEAR_US, high) for line, (low, high) in spans.items()}
    touched, rows = [], []
    for metric_id, a, b in stretches:
        for turn in turns[known[metric_id].line_id]:
            if turn.to_us > a and turn.at_us < b:
                touched.append(Stretch(metric_id, turn.at_us, turn.at_us + 1))
                rows += shift_row(tx, metric_id, turn)
    unique = list(dict.fromkeys(touched))
    rolled.replace(tx, "shift", unique, list({row[:2]: row for row in rows}.values()))


def shift_row(tx: Connection, metric_id: int, turn: Turn) -> list[Row]:
    """The row of one shift: of whole hours, and of minutes at its edges."""
    stretch = Stretch(metric_id, turn.at_us, turn.to_us)
    begin, end = -(-turn.at_us // HOUR) * HOUR, turn.to_us - turn.to_us % HOUR
    if begin >= end:
        return folding.whole(stretch, rolled.read(tx, "minute", stretch))
    finer = rolled.read(tx, "hour", Stretch(metric_id, begin, end))
    if turn.at_us < begin:
        finer = rolled.read(tx, "minute", Stretch(metric_id, turn.at_us, begin)) + finer
    if end < turn.to_us:
        finer = finer + rolled.read(tx, "minute", Stretch(metric_id, end, turn.to_us))
    return folding.whole(stretch, finer)


def _merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    """In order, those that touch made one."""
    found: list[Stretch] = []
    for one in sorted(stretches):
        last = found[-1] if found else None
        if last and last.metric_id == one.metric_id and one.from_us <= last.to_us:
            found[-1] = Stretch(one.metric_id, last.from_us, max(last.to_us, one.to_us))
        else:
            found.append(one)
    return found
