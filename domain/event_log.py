"""Figures out of a plain event log: who worked on which case from when to when, and what came of it.

For plants that have no more than that, and for checking our figures against logs of others. Work of
one resource that overlaps counts once: a machine that serves two cases at a time is busy once.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from domain.kpi import Measures
from domain.order_kpi import OrderFigures, OrderTimes, order_figures
from domain.time_model import Span, merged


class Event(NamedTuple):
    """One piece of work on a case; times in microseconds, parts as booked with it. A plant has thousands a
    month: a tuple is made in a third of the time of a dataclass."""

    case_id: str
    resource: str
    from_us: int
    to_us: int
    good: float = 0.0
    scrap: float = 0.0
    rework: float = 0.0


def by_resource(events: Iterable[Event], from_us: int, to_us: int) -> dict[str, Measures]:
    """Measures per resource over [from_us, to_us): it runs while it works, and waits the rest of the time.

    Availability is its utilisation. Parts count where their work ended.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    parts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for event in events:
        low, high, worked = max(event.from_us, from_us), min(event.to_us, to_us), spans[event.resource]
        if high > low:
            worked.append(Span(low, high))
        if from_us <= event.to_us <= to_us and (event.good or event.scrap or event.rework):
            its = parts[event.resource]
            its[0], its[1], its[2] = its[0] + event.good, its[1] + event.scrap, its[2] + event.rework
    result = {}
    for resource, found in spans.items():
        busy = sum(s.to_us - s.from_us for s in merged(found))
        good, scrap, rework = parts[resource]
        result[resource] = Measures(
            production_us=busy, delay_us=to_us - from_us - busy, good=good, scrap=scrap, rework=rework
        )
    return result


def by_case(events: Iterable[Event]) -> dict[str, OrderFigures]:
    """Lead time and work content per case: from the start of its first work to the end of its last."""
    mine: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        mine[event.case_id].append(event)
    result = {}
    for case, found in mine.items():
        begin, end = min(e.from_us for e in found), max(e.to_us for e in found)
        work = sum(e.to_us - e.from_us for e in found)
        good, scrap = sum(e.good for e in found), sum(e.scrap for e in found)
        times = OrderTimes(good + scrap, end, end, begin, begin, end, work, work, good + scrap, good)
        result[case] = order_figures(times, end)
    return result
