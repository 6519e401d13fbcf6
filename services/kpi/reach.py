"""How far a change of one machine's facts reaches: further than the stretch in which they lie.

Parts around a switch of order tell where its setup lies, up to LONGEST_US before and behind it, and end a
silence. So a late count may change a cell that nobody marked, with the waits that others spent on it. What
inspections scrapped of an order is held against all that the machine counted of it.
"""

from sqlalchemy import Connection

from data.store import inspected, kpi_facts
from data.store.kpi_counts import BUCKET_US, SILENCE_US
from data.store.statements import Statement
from domain.setups import LONGEST_US
from domain.time_model import Span
from services.kpi.taken import taken_since

_SWITCHES = Statement(
    "SELECT start_us FROM operations WHERE equipment_id = :unit AND start_us >= :from_us"
    " AND start_us <= :to_us"
)
_NEXT = Statement(
    "SELECT bucket_us FROM counts WHERE equipment_id = :unit AND bucket_us >= :at ORDER BY bucket_us LIMIT 1"
)
_LATER = Statement(
    "SELECT DISTINCT q.order_id FROM quality_results q WHERE q.equipment_id = :unit AND q.scrap > 0"
    " AND q.at_us > :seen_us AND EXISTS (SELECT 1 FROM operations o WHERE o.order_id = q.order_id"
    " AND o.equipment_id = :unit AND o.start_us < :to_us AND (o.end_us IS NULL OR o.end_us >= :from_us))"
)
_EVER = Statement(
    "SELECT DISTINCT q.order_id FROM operations o JOIN quality_results q ON q.order_id = o.order_id"
    " AND q.equipment_id = o.equipment_id AND q.scrap > 0 WHERE o.equipment_id = :unit"
    " AND o.start_us < :to_us AND (o.end_us IS NULL OR o.end_us >= :from_us)"
)


def with_orders(tx: Connection, unit: str, span: Span, now_us: int) -> Span:
    """A stretch with the work on orders in it of which inspections scrapped parts, as far as what the machine
    counted in the stretch matters there: what they scrapped beyond its count is taken from parts made before
    the inspection, and given back where the machine counts it later. Before the stretch only inspections
    matter that come after its begin."""
    seen_us = span.from_us - BUCKET_US
    near = {"unit": unit, "from_us": span.from_us, "to_us": span.to_us, "seen_us": seen_us}
    later = {row[0] for row in _LATER.rows(tx, near)}
    ever = {row[0] for row in _EVER.rows(tx, near)} if span.to_us < now_us else later
    if not ever:
        return span
    worked = inspected.worked_on(tx, unit, ever | later)
    low = min((taken_since(tx, unit, one, worked[one], seen_us) for one in later), default=span.from_us)
    high = max((s.to_us for order in ever for s in worked[order]), default=span.to_us)
    return Span(min(low, span.from_us), max(span.to_us, min(high, now_us)))


def with_setups(tx: Connection, unit: str, span: Span, now_us: int) -> Span:
    """A stretch with the setups that counts in it may move, the time for which they say that the machine
    was heard, and the count behind it; not beyond `now_us`. A stretch without the start of a bucket has no
    counts."""
    if -(-span.from_us // BUCKET_US) * BUCKET_US >= span.to_us:
        return span
    low, high = span.from_us, span.to_us + SILENCE_US - BUCKET_US
    if behind := _NEXT.rows(tx, {"unit": unit, "at": span.to_us}):
        high = max(high, behind[0][0] + BUCKET_US)  # it may not be the first after a silence any more
    near = {"unit": unit, "from_us": span.from_us - LONGEST_US, "to_us": span.to_us + LONGEST_US}
    for (at,) in _SWITCHES.rows(tx, near):
        late = at + 2 * BUCKET_US < span.from_us  # parts so long after a switch do not move its beginning
        low = min(low, at if late else at - LONGEST_US)
        high = max(high, at + LONGEST_US)
    return Span(low, max(span.to_us, min(high, now_us)))


def with_stops(tx: Connection, unit: str, span: Span, now_us: int) -> Span:
    """A stretch with the stops that reach into it: it decides what they are called and where they count."""
    since = kpi_facts.stood_since(tx, unit, span.from_us - 1)
    until = kpi_facts.stands_until(tx, unit, span.to_us, now_us)
    return Span(min(since, span.from_us), max(span.to_us, until))
