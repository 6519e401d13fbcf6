"""The journal of alarms, rolled up for the figures: annunciations by position and UTC day, and long stays.

It follows the journal by the number of its events. What is not rolled up yet is read from the journal
itself, so that figures are the same at any time, however far the roll-up has come; it can be thrown away
and made again. An event that is written later than others of its time finds its place.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete

from data.store import alarm_days as store
from data.store import tables as t
from data.store.alarm_days import ASKED, Asked
from data.store.database import Database
from data.store.statements import Row
from domain.alarms.kpis import STALE_US
from domain.clock import DAY

FEWEST, MOST = 200, 20_000  # events: fewer are read from the journal as fast
Ints = NDArray[np.int64]
Key = tuple[str, str, str]  # alarm, equipment, priority


@dataclass(frozen=True, slots=True)
class Annunciations:
    """Of one position, or of several together, in order of time: `at` in microseconds (n,), and what asked
    as a place in `keys` (n,)."""

    at: Ints
    key: Ints
    keys: Sequence[Key]


def pack(database: Database, fewest: int = FEWEST) -> int:
    """Roll up what has been written since, MOST events at a time; returns how many it were."""
    with database.read() as tx:
        _, count = store.waiting(tx, MOST)
    if count < max(1, fewest):
        return 0
    with database.write() as tx:
        store.hold_journal(tx)
        before = store.rolled_upto(tx)
        upto, count = store.waiting(tx, MOST)
        rows = store.events(tx, before, upto)
        _add_days(tx, [row for row in rows if row[6]])
        _add_stays(tx, rows, upto)
        store.remember(tx, upto)
    return count


def rebuild(database: Database) -> None:
    """Throw the roll-up away and make it from the journal."""
    with database.write() as tx:
        store.hold_journal(tx)
        for table in (t.alarm_days, t.alarm_stays, t.alarm_rolled, t.alarm_keys):
            tx.execute(delete(table))
    while pack(database, 1):
        pass


def _add_days(tx: Connection, rows: Sequence[Row]) -> None:
    numbers = _numbers(tx, {(row[2], row[3], row[5]) for row in rows})
    fresh: dict[tuple[str, int], list[tuple[int, int, int]]] = defaultdict(list)
    for event, at, alarm, unit, position, priority, _ in rows:
        fresh[position, at - at % DAY].append((event, at, numbers[alarm, unit, priority]))
    store.store_days(
        tx,
        {
            place: _in_order([store.day(tx, *place), np.array(found, ASKED)])
            for place, found in sorted(fresh.items())
        },
    )


def _numbers(tx: Connection, wanted: set[Key]) -> dict[Key, int]:
    known = store.keys(tx)
    if new := sorted(wanted - known.keys()):
        store.add_keys(tx, new)
        known = store.keys(tx)
    return known


def _in_order(parts: Sequence[Asked]) -> Asked:
    """By time, events of the same time as they were written; an event that is in twice counts once."""
    asked = np.concatenate(parts)
    asked = asked[np.unique(asked["event"], return_index=True)[1]]
    return asked[np.argsort(asked["at"], kind="stable")]


def _add_stays(tx: Connection, rows: Sequence[Row], upto: int) -> None:
    """What an event changes lies behind its time, and behind the beginning of a stay that it falls in."""
    first: dict[str, int] = {}
    for _, at, alarm, *_ in rows:
        first[alarm] = min(at, first.get(alarm, at))
    for alarm, at in sorted(first.items()):
        begin = store.forget_stays(tx, alarm, at)
        found = stays_of(store.events_of(tx, alarm, begin, upto))
        kept = [stay for stay in found if stay[1] is None or stay[1] - stay[0] > STALE_US]
        rows_ = [
            {
                "alarm_id": alarm,
                "came_us": came,
                "gone_us": gone,
                "position_id": row[4],
                "equipment_id": row[3],
            }
            for came, gone, row in kept
        ]
        store.store_stays(tx, rows_)


def stays_of(rows: Iterable[Row]) -> list[tuple[int, int | None, Row]]:
    """(came, gone, the event with which it came) of one alarm, from its events in order of time."""
    found: list[tuple[int, int | None, Row]] = []
    came: Row | None = None
    for row in rows:
        if row[6]:
            came = came or row
        elif came is not None:
            found.append((came[1], row[1], came))
            came = None
    return found if came is None else [*found, (came[1], None, came)]


def asked(
    tx: Connection, position_id: str, sees: Callable[[str], bool], from_us: int
) -> dict[str, Annunciations]:
    """Annunciations since a time by position, of one or of all with "", of the equipment that `sees` says."""
    upto = store.rolled_upto(tx)  # before the days: what is rolled up meanwhile is in twice, not in neither
    parts: dict[str, list[Asked]] = defaultdict(list)
    for position, packed in store.days(tx, position_id, from_us - from_us % DAY):
        parts[position].append(np.frombuffer(packed, ASKED))
    known = store.keys(tx)
    for position, found in _fresh(tx, upto, known).items():
        if position_id in ("", position):
            parts[position].append(found)
    keys = [key for key in known if sees(key[1])]
    place = np.full(max(known.values(), default=0) + 1, -1, np.int64)
    place[[known[key] for key in keys]] = np.arange(len(keys))
    return {position: _those(found, place, keys, from_us) for position, found in sorted(parts.items())}


def _fresh(tx: Connection, upto: int, known: dict[Key, int]) -> dict[str, Asked]:
    """What is in the journal only, by position; what asked is numbered on in `known`."""
    fresh: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    following = max(known.values(), default=0) + 1
    for event, at, alarm, unit, position, priority, asks in store.events(tx, upto):
        if asks:
            number = known.setdefault((alarm, unit, priority), following)
            following = max(following, number + 1)
            fresh[position].append((event, at, number))
    return {position: np.array(rows, ASKED) for position, rows in fresh.items()}


def _those(parts: Sequence[Asked], place: Ints, keys: Sequence[Key], from_us: int) -> Annunciations:
    found = _in_order(parts)
    key = place[found["key"]]
    wanted = (key >= 0) & (found["at"] >= from_us)
    return Annunciations(found["at"][wanted], key[wanted], keys)


def together(parts: Iterable[Annunciations]) -> Annunciations:
    """Those of several positions as of one."""
    known = list(parts)
    if not known:
        return Annunciations(np.zeros(0, np.int64), np.zeros(0, np.int64), ())
    at, key = (np.concatenate([getattr(one, name) for one in known]) for name in ("at", "key"))
    order = np.argsort(at, kind="stable")
    return Annunciations(at[order], key[order], known[0].keys)


def stays(
    tx: Connection, position_id: str, sees: Callable[[str], bool], from_us: int, to_us: int
) -> list[tuple[int, int]]:
    """From when to when alarms were there for more than STALE_US, where that touches the stretch; what still
    is ends with it."""
    upto = store.rolled_upto(tx)
    found: dict[str, list[tuple[int, int | None, str, str]]] = defaultdict(list)
    for alarm, came, gone, position, unit in store.stays(tx, from_us):
        found[alarm].append((came, gone, position, unit))
    newest = store.newest(tx)
    first: dict[str, int] = {}
    for _, at, alarm, *_ in store.events(tx, upto, newest):
        first[alarm] = min(at, first.get(alarm, at))
    for alarm, at in first.items():
        begin = min([at, *(came for came, gone, *_ in found[alarm] if gone is None or gone >= at)])
        fresh = stays_of(store.events_of(tx, alarm, begin, newest))
        found[alarm] = [stay for stay in found[alarm] if stay[0] < begin]
        found[alarm] += [(came, gone, row[4], row[3]) for came, gone, row in fresh]
    return [
        (came, min(to_us if gone is None else gone, to_us))
        for rows in found.values()
        for came, gone, position, unit in rows
        if position_id in ("", position) and sees(unit)
        and min(to_us if gone is None else gone, to_us) - came > STALE_US
        and (gone is None or gone > from_us)
    ]  # fmt: skip
