"""Bad parts of one kind in a row: a machine whose camera sees more of a defect than it usually does.

Counted are pictures that a person has named, and those of which the model is sure; FEWEST of one kind within
SERIES_US are a series when so many would come by chance only once in `1 / CHANCE` such spans, at the share
that the same camera saw in the week before (negative binomial: that share is itself only counted). The
pictures stay the evidence: the case leads to them, by machine and kind.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import exp, lgamma, log

from sqlalchemy import Connection, case, func, select

from data.store import inspections as store
from data.store import stops
from data.store import tables as t
from domain.clock import DAY, HOUR
from domain.inspection import GOOD, UNKNOWN, label_words
from services.joining import Signal, Source
from services.queries.common import names_of

SERIES_US, BEFORE_US = 2 * HOUR, 7 * DAY
FEWEST, CHANCE = 5, 1e-4
SURE = 0.9
_PRIOR = (0.5, 10.0)  # before anything was seen: about one part in twenty, known badly


@dataclass(slots=True)
class _Seen:
    """Pictures of one machine in one span, and how many showed each kind."""

    total: int = 0
    kinds: Counter[str] = field(default_factory=Counter)


def found(tx: Connection, site_id: str, now_us: int) -> list[Signal]:
    """A signal for each machine and kind of defect with a series now."""
    now = _seen(tx, site_id, now_us - SERIES_US, now_us)
    worth = {unit: one for unit, one in now.items() if max(one.kinds.values(), default=0) >= FEWEST}
    if not worth:
        return []
    before = _seen(tx, site_id, now_us - SERIES_US - BEFORE_US, now_us - SERIES_US)
    names = names_of(tx, worth)
    return [
        _signal(unit, names.get(unit, unit), kind, count, one.total, now_us)
        for unit, one in sorted(worth.items())
        for kind, count in sorted(one.kinds.items())
        if count >= FEWEST and chance(count, one.total, before.get(unit, _Seen()), kind) < CHANCE
    ]


def chance(count: int, total: int, usual: _Seen, kind: str) -> float:
    """How likely `count` or more of `total` pictures show a kind at the share that was seen before."""
    shape, rate = usual.kinds[kind] + _PRIOR[0], usual.total + _PRIOR[1]
    return 1.0 - sum(_mass(k, shape, rate / (rate + total)) for k in range(count))


def _mass(k: int, shape: float, p: float) -> float:
    """Negative binomial: k events of a Poisson process whose rate is gamma distributed."""
    return exp(lgamma(k + shape) - lgamma(shape) - lgamma(k + 1) + shape * log(p) + k * log(1 - p))


def _seen(tx: Connection, site_id: str, from_us: int, to_us: int) -> dict[str, _Seen]:
    """Pictures by machine in (from, to]; what a stopped model said of them counts for nothing."""
    i = t.inspections.c
    sure = (i.state == store.JUDGED) & ~i.unknown & (i.confidence >= SURE)
    kind = case((i.said_label != "", i.said_label), (sure, i.label), else_=UNKNOWN).label("kind")
    person = (i.said_label != "").label("person")
    looked = (
        select(i.equipment_id, i.model_name, kind, person)
        .where(i.site_id == site_id, i.taken_us > from_us, i.taken_us <= to_us)
        .where((i.state == store.JUDGED) | (i.said_label != ""))
        .subquery()
    )
    query = select(looked, func.count().label("pictures")).group_by(*looked.c)
    seen: dict[str, _Seen] = {}
    for row in tx.execute(query):
        if not row.person and stops.stopped(tx, site_id, row.model_name):
            continue
        one = seen.setdefault(row.equipment_id, _Seen())
        one.total += row.pictures
        if row.kind not in (GOOD, UNKNOWN):
            one.kinds[row.kind] += row.pictures
    return seen


def _signal(unit: str, name: str, kind: str, count: int, total: int, now_us: int) -> Signal:
    return Signal(
        source=Source.PICTURES,
        source_id=kind,
        said_by="pictures of parts",
        equipment_id=unit,
        cause="",
        at_us=now_us,
        words=f"{count} of the last {total} pictures after {name}, within {SERIES_US // HOUR} hours, show "
        f"the same defect: {label_words(kind).lower()}. So many are not usual there.",
        opens=True,
    )
