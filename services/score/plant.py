"""Inputs of the plant's machines: half-hour bins of their readings, kept between calls.

Reading a week of values for every score would be most of the work, so the bins of each machine are
remembered, and only the last REREAD_BINS and what came after are read again: a value that arrives
later than that changes no bin in this process. They are kept in the store as well (`remember`): a
process that starts reads raw values from the first half hour on that is not there. Stops and running
time are taken anew every time, since MES logs come late. Windows are the same as
`models.features.plant.build` gives (tested).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.store import half_hours, holding, window_data
from data.store.half_hours import HalfHour
from data.store.window_data import Ignored
from models.features import plant as features
from models.features.plant import BIN_US, Bins, NotKnown, States
from services.score.inputs import Input, Unit

REREAD_BINS = 3
KEPT_UNITS = 1_000
ALL_IGNORED = "every sensor of this machine is being ignored"

Places = NDArray[np.int64]


class PlantInputs:
    """Windows of plant machines on the half-hour grid. Each worker has its own: what it keeps has no lock."""

    def __init__(self, machine_types: Iterable[str]) -> None:
        self.machine_types = frozenset(machine_types)
        self._kept: dict[str, tuple[int, Bins]] = {}  # read from bin .. on, and the bins
        self._stored: dict[str, int] = {}  # up to which bin the store has them

    def due(self, tx: Connection, unit: Unit, after_us: int, until_us: int) -> list[int]:  # noqa: ARG002
        """The ends of the half hours in (after, until]."""
        first, last = after_us // BIN_US + 1, until_us // BIN_US
        return [end * BIN_US for end in range(first, last + 1)]

    def build(self, tx: Connection, unit: Unit, times: Sequence[int]) -> list[Input]:
        """An input for each of the times, which are ends of half hours in order."""
        if not times:
            return []
        bins, heard = self._bins(tx, unit, times)
        if bins is None:
            return [_unknown(unit, at, "data too old") for at in times]
        ignored = window_data.ignored(tx, unit.equipment_id)
        answers: dict[int, Input] = {}
        for names, chosen in _by_ignored(times, ignored).items():
            answers |= _windows(unit, _without(bins, names), chosen, heard, names)
        sent = holding.sent(tx, unit.equipment_id, features.GAUGES)
        return [replace(answers[at], sent=sent) if sent else answers[at] for at in times]

    def _bins(self, tx: Connection, unit: Unit, times: Sequence[int]) -> tuple[Bins | None, Places]:
        """The machine's bins up to the last of the times, and the times at which it was heard."""
        oldest = times[0] - features.LOOKBACK_US - features.HOLD_US
        end, last = times[-1], times[-1] // BIN_US - 1
        log = States(*window_data.states(tx, unit.equipment_id, times[0] - features.STATES_BACK_US, end))
        sure = min(last, times[0] // BIN_US - 1) - REREAD_BINS
        held = self._held(unit, oldest // BIN_US, sure) or _loaded(tx, unit, times[0], sure, log)
        start = oldest if held is None else (held.first + len(held.seen)) * BIN_US - features.HOLD_US
        sent = window_data.readings(tx, unit.equipment_id, features.GAUGES, start, end)
        readings = holding.held(tx, unit.equipment_id, sent, start, end, features.HOLD_US)
        ends = window_data.maintenance_ends(tx, unit.equipment_id, end).tolist()
        heard = np.unique(np.concatenate([us for us, _ in readings.values()] or [np.zeros(0, np.int64)]))
        known = [int(us[0]) for us, _ in readings.values() if len(us)] + log.us[:1].tolist()
        if held is None and not known:
            return None, heard
        first = (
            max(min(known) // BIN_US, last + 1 - features.STATES_BACK_BINS) if held is None else held.first
        )
        fresh_from = first if held is None else held.first + len(held.seen)
        fresh = features.bin_readings(readings, log, ends, fresh_from, last + 1 - fresh_from, until_us=end)
        bins = fresh if held is None else held.join(fresh)
        bins = _with_stops(bins, log, ends, end)
        self._keep(unit, oldest // BIN_US, bins)
        return bins, heard

    def remember(self, tx: Connection) -> None:
        """Store the bins that are old enough to be sure, and not stored yet."""
        for equipment_id, (_, bins) in self._kept.items():
            end = bins.first + len(bins.seen) - REREAD_BINS
            after = max(self._stored.get(equipment_id, 0), end - features.LOOKBACK_BINS - 2 * features.STEPS)
            rows = [
                HalfHour(bins.first + place, bins.mean[place].tobytes(), float(bins.seen[place]))
                for place in range(max(0, after - bins.first), end - bins.first)
            ]
            if rows:
                half_hours.save(tx, equipment_id, rows)
                self._stored[equipment_id] = end

    def _held(self, unit: Unit, oldest: int, last: int) -> Bins | None:
        """What is remembered of a machine up to bin `last`, when it was read back to `oldest`."""
        reach, kept = self._kept.get(unit.equipment_id, (0, None))
        if kept is None or reach > oldest or last < kept.first:
            return None
        return _cut(kept, min(last, kept.first + len(kept.seen) - 1 - REREAD_BINS))

    def _keep(self, unit: Unit, oldest: int, bins: Bins) -> None:
        """Remember the newest bins of a machine, and forget the machine not asked for longest."""
        reach, kept = self._kept.pop(unit.equipment_id, (oldest, None))
        if kept is not None and kept.first + len(kept.seen) > bins.first + len(bins.seen):
            oldest, bins = reach, kept
        tail = _tail(bins, features.STATES_BACK_BINS)
        whole = tail.first == bins.first
        self._kept[unit.equipment_id] = (min(reach, oldest) if whole else tail.first, tail)
        if len(self._kept) > KEPT_UNITS:
            del self._kept[next(iter(self._kept))]


def _loaded(tx: Connection, unit: Unit, at_us: int, last: int, log: States) -> Bins | None:
    """The stored bins that a window at `at_us` looks back on, up to `last`; before them the log counts."""
    first = (at_us - features.LOOKBACK_US) // BIN_US
    rows = half_hours.load(tx, unit.equipment_id, first, last)
    if not rows:
        return None
    oldest = max(at_us // BIN_US - features.STATES_BACK_BINS, 0)
    begin = min(max(int(log.us[0]) // BIN_US, oldest), first) if len(log.us) else first
    before, count = first - begin, first - begin + len(rows)
    mean = np.full((count, len(features.GAUGES)), np.nan)
    mean[before:] = [np.frombuffer(row.mean) for row in rows]
    seen = np.concatenate((np.zeros(before), [row.seen for row in rows]))
    return Bins(begin, mean, np.zeros(count, np.int64), seen, np.zeros(count, bool))


def _windows(
    unit: Unit, bins: Bins, times: Sequence[int], heard: Places, ignored: frozenset[str]
) -> dict[int, Input]:
    ends = np.asarray(times, dtype=np.int64)
    places = ends // BIN_US - 1 - bins.first
    newest = np.concatenate(([-features.STALE_US - 1], heard))[np.searchsorted(heard, ends, side="right")]
    fresh = (ends - newest <= features.STALE_US) & (places >= 0)
    good = fresh & features.usable(bins)[np.maximum(places, 0)]
    data = iter(features.windows(unit.machine_type, bins, places[good]))
    answers = {}
    for at, place, current, able in zip(times, places.tolist(), fresh, good, strict=True):
        if ignored >= set(features.GAUGES):
            answers[at] = _unknown(unit, at, ALL_IGNORED)
        elif able:
            answers[at] = Input(unit, at, at - features.STEPS * BIN_US, next(data))
        else:
            reason = _reason(unit, bins, place) if current else "data too old"
            answers[at] = _unknown(unit, at, reason)
    return answers


def _reason(unit: Unit, bins: Bins, place: int) -> str:
    found = features.window_of(unit.machine_type, _cut(bins, bins.first + place), bins.first + place)
    return found.reason if isinstance(found, NotKnown) else "too little data"


def _unknown(unit: Unit, at: int, reason: str) -> Input:
    return Input(unit, at, at - features.STEPS * BIN_US, None, reason)


def _cut(bins: Bins, last: int) -> Bins:
    """The bins up to bin `last`."""
    n = last + 1 - bins.first
    return Bins(bins.first, bins.mean[:n], bins.run_us[:n], bins.seen[:n], bins.stop[:n])


def _tail(bins: Bins, count: int) -> Bins:
    """The last `count` bins."""
    drop = max(0, len(bins.seen) - count)
    return Bins(bins.first + drop, bins.mean[drop:], bins.run_us[drop:], bins.seen[drop:], bins.stop[drop:])


def _with_stops(bins: Bins, log: States, ends: Sequence[int], until_us: int) -> Bins:
    """The bins with running time and stops as the logs tell them now."""
    told = features.bin_readings({}, log, ends, bins.first, len(bins.seen), until_us=until_us)
    return replace(bins, run_us=told.run_us, stop=told.stop)


def _without(bins: Bins, names: frozenset[str]) -> Bins:
    """The bins as if some sensors had never said anything."""
    columns = [place for place, name in enumerate(features.GAUGES) if name in names]
    if not columns:
        return bins
    mean = bins.mean.copy()
    mean[:, columns] = np.nan
    return replace(bins, mean=mean)


def _by_ignored(times: Sequence[int], ignored: Sequence[Ignored]) -> dict[frozenset[str], list[int]]:
    groups: dict[frozenset[str], list[int]] = {}
    for at in times:
        groups.setdefault(window_data.ignored_at(ignored, at), []).append(at)
    return groups
