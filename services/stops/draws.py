"""Which stops nobody is shown a proposal of: drawn once, when a stop is first looked at, and kept.

The draw is kept with the time of the stop as it was then. Late data may move a stop's beginning or its end,
split or join stops: what lies in the time of a draw has it, so what was seen stays seen, and what was hidden
stays hidden. Of several draws within one stop a shown one counts.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import insert_ignore
from domain.stops import Stop, is_hidden

Draws = dict[str, bool]
Drawn = tuple[int, int, bool]  # from, to, hidden
_D = t.stop_draws.c


def kept(tx: Connection, stops: Sequence[Stop]) -> Draws:
    """What was drawn, by the key of the stop as it is now; stops never looked at are left out."""
    if not stops:
        return {}
    first, last = min(s.from_us for s in stops), max(s.to_us for s in stops)
    query = select(_D.equipment_id, _D.from_us, _D.to_us, _D.hidden).where(
        _D.equipment_id.in_({s.equipment_id for s in stops}), _D.to_us > first, _D.from_us < last
    )
    drawn: dict[str, list[Drawn]] = defaultdict(list)
    for unit, begin, end, hidden in tx.execute(query.order_by(_D.from_us)):
        drawn[unit].append((begin, end, bool(hidden)))
    longest = {unit: max(end - begin for begin, end, _ in rows) for unit, rows in drawn.items()}
    found: Draws = {}
    for stop in stops:
        mine = _within(drawn[stop.equipment_id], longest.get(stop.equipment_id, 0), stop)
        if mine:
            found[stop.key] = all(mine)
    return found


def _within(drawn: Sequence[Drawn], longest: int, stop: Stop) -> list[bool]:
    """What was drawn in the time of a stop; `drawn` in order of time, none longer than `longest`."""
    first = bisect_left(drawn, stop.from_us - longest, key=lambda d: d[0])
    near = drawn[first : bisect_left(drawn, stop.to_us, key=lambda d: d[0])]
    return [hidden for begin, end, hidden in near if begin < stop.to_us and end > stop.from_us]


def draw(tx: Connection, stops: Sequence[Stop]) -> Draws:
    """Draw for stops that were never looked at, in the caller's transaction; returns all of them."""
    known = kept(tx, stops)
    fresh = [s for s in stops if s.key not in known]
    rows = [
        {
            "equipment_id": s.equipment_id,
            "from_us": s.from_us,
            "to_us": s.to_us,
            "hidden": is_hidden(s.key),
        }
        for s in fresh
    ]
    insert_ignore(tx, t.stop_draws, rows)
    return known | {s.key: is_hidden(s.key) for s in fresh}


def looked_at(database: Database, known: Draws, stops: Sequence[Stop]) -> Draws:
    """The draws of stops that are about to be shown; a write only where one is new."""
    if all(s.key in known for s in stops):
        return known
    with database.write() as tx:
        return draw(tx, stops)
