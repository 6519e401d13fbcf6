"""What one turn of the keeper folds: marks that belong together, and the readings that they are about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from data.store.roll_marks import Mark
from data.store.rolled import Stretch
from domain.clock import DAY, FOR_EVER_US, HOUR, MINUTE
from domain.equipment import site_of
from services.history import folding, metrics
from services.history.folding import Window
from services.history.metrics import Held

LONGEST_US = 31 * DAY  # of one stretch at once
LEAST = 2_000  # readings are cut no smaller


@dataclass(slots=True)
class Batch:
    """Windows to fold, the marks that each answers, and what of them is left for another turn."""

    windows: list[Window] = field(default_factory=list)
    answers: list[list[Mark]] = field(default_factory=list)
    rest: list[Mark | None] = field(default_factory=list)
    without: list[Mark] = field(default_factory=list)  # of metrics that are not rolled up
    after: tuple[int, int] | None = None  # the last mark that was looked at

    @property
    def readings(self) -> int:
        """How many were read."""
        return sum(len(window.readings) for window in self.windows)


def gather(
    tx: Connection, marks: Sequence[Mark], known: Mapping[int, Held], nows: Mapping[str, int], rows: int
) -> Batch:
    """Read what these marks (in order) are about, about `rows` readings at most."""
    batch = Batch()
    silent: dict[str, list[tuple[int, int]]] = {}
    for group in _groups(tx, marks, known, nows):
        batch.after = group[-1][:2]
        held = known.get(group[0].metric_id)
        if held is None:
            batch.without += group
            continue
        now = nows.get(site_of(held.equipment_id), FOR_EVER_US)
        if held.by_exception and held.equipment_id not in silent:
            silent[held.equipment_id] = [*metrics.silences(tx, held.equipment_id), (now, FOR_EVER_US)]
        whole = _joined(group)
        most = max(rows - batch.readings, LEAST)
        window, rest = _window(tx, whole, held, now, most, silent.get(held.equipment_id, ()))
        batch.windows.append(window)
        batch.answers.append(group)
        batch.rest.append(rest)
        if batch.readings >= rows:
            break
    return batch


def _groups(
    tx: Connection, marks: Sequence[Mark], known: Mapping[int, Held], nows: Mapping[str, int]
) -> Iterator[list[Mark]]:
    """Marks of one metric whose stretches touch, together."""
    group: list[Mark] = []
    high = 0
    for mark in marks:
        held = known.get(mark.metric_id)
        if group and (held is None or group[0].metric_id != mark.metric_id or mark.from_us > high):
            yield group
            group = []
        group = [*group, mark]
        if held is not None:
            now = nows.get(site_of(held.equipment_id), FOR_EVER_US)
            high = _ceil(_reach(tx, _joined(group), held, now))
    if group:
        yield group


def _joined(group: Sequence[Mark]) -> Mark:
    return Mark(group[0].metric_id, group[0].from_us, max(mark.to_us for mark in group))


def _window(
    tx: Connection, mark: Mark, held: Held, now_us: int, most: int, silences: folding.Silences
) -> tuple[Window, Mark | None]:
    """The stretch whose minutes a mark may change, with its readings; what does not fit is left over."""
    low = mark.from_us
    high = _ceil(_reach(tx, mark, held, now_us))
    end = min(high, low + LONGEST_US)
    if held.by_exception:
        found = metrics.before(tx, mark.metric_id, low)
        found += metrics.readings(tx, mark.metric_id, low, end, most)
    else:
        found = metrics.readings(tx, mark.metric_id, low - held.hold_us, end, most)
    if len(found) >= most and found[-1][0] >= low + MINUTE:
        end = found[-1][0] - found[-1][0] % MINUTE
        found = [row for row in found if row[0] < end]
    elif len(found) >= most:  # one minute may hold more than a turn's share: take it whole
        end = low + MINUTE
        found = metrics.readings(tx, mark.metric_id, low - HOUR, end, FOR_EVER_US)
    rest = Mark(mark.metric_id, end, max(mark.to_us, end)) if end < high else None
    return Window(Stretch(mark.metric_id, low, end), held.hold_us, found, silences), rest


def _reach(tx: Connection, mark: Mark, held: Held, now_us: int) -> int:
    """Up to when a value that came by the end of the mark may stand."""
    if not held.by_exception:
        return mark.to_us + held.hold_us
    following = metrics.next_after(tx, mark.metric_id, mark.to_us)
    return max(mark.to_us + 1, now_us if following is None else min(following, max(now_us, mark.to_us + 1)))


def _ceil(us: int) -> int:
    return -(-us // MINUTE) * MINUTE
