"""Since when inspections of an order take from the parts that a machine counted as good.

Ingest asks it while it marks what a reading may change, so nothing of it needs arrays.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from data.store.statements import Statement
from domain.clock import DAY, HOUR
from domain.time_model import Span, merged
from services.rollups import BUCKET_US

_SCRAPPED = Statement(
    "SELECT SUM(scrap) FROM quality_results WHERE equipment_id = :unit AND order_id = :order"
    " AND at_us > :low AND scrap > 0"
)
_GOOD = Statement(
    "SELECT SUM(c.good) FROM counts c WHERE c.equipment_id = :unit AND c.bucket_us >= :low"
    " AND c.bucket_us < :high AND NOT EXISTS (SELECT 1 FROM absences a WHERE a.equipment_id = :unit"
    " AND a.from_us <= c.bucket_us AND (a.to_us IS NULL OR a.to_us > c.bucket_us))"
)
_STEPS_US = (HOUR // 4, 2 * HOUR, 12 * HOUR, 4 * DAY)


def taken_since(
    tx: Connection, unit: str, order: str, worked: Sequence[Span], at_us: int, beside: float = 0.0
) -> int:
    """Since when inspections after a moment may make scrap of an order's parts: from there up to it at least
    as many good ones were made as inspections scrapped after it; `beside` are parts that they said before."""
    first = min(span.from_us for span in worked)
    for back_us in _STEPS_US:
        low = at_us - back_us
        if low <= first:
            break
        values = {"unit": unit, "order": order, "low": low}
        scrapped = _SCRAPPED.rows(tx, values)[0][0] or 0.0
        good = (
            _GOOD.rows(tx, {"unit": unit, "low": max(low, begin), "high": min(at_us, end)})[0][0] or 0.0
            for begin, end in ((s.from_us - BUCKET_US // 2, s.to_us - BUCKET_US // 2) for s in merged(worked))
            if begin < at_us and end > low
        )
        if sum(good) >= scrapped + beside:
            return low
    return first
