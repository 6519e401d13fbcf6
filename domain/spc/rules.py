"""Rules that find unnatural patterns: Western Electric (1956) and Nelson (1984), switchable one by one.

A rule flags the point that completes its pattern, and every later point while the pattern holds. A
value on the centre line lies on neither side and ends a run. Zones are in sigmas of each point: C
within 1, B within 2, A within 3. Zone rules hold for charts of independent, roughly symmetric
values; for ranges, EWMA and CUSUM only "beyond the limits" is asked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from domain.spc.model import Series


class Rule(StrEnum):
    """The rules. Western Electric 1 and Nelson 1 are the same; their rules on runs differ in length."""

    BEYOND = "beyond"
    WE_2 = "we2"
    WE_3 = "we3"
    WE_4 = "we4"
    NELSON_2 = "nelson2"
    NELSON_3 = "nelson3"
    NELSON_4 = "nelson4"
    NELSON_5 = "nelson5"
    NELSON_6 = "nelson6"
    NELSON_7 = "nelson7"
    NELSON_8 = "nelson8"


WESTERN_ELECTRIC = (Rule.BEYOND, Rule.WE_2, Rule.WE_3, Rule.WE_4)
REACH = 15  # points that the longest rule looks at
NELSON = (Rule.BEYOND, *(rule for rule in Rule if rule.value.startswith("nelson")))
RULE_LABELS = {
    Rule.BEYOND: "Beyond the limits",
    Rule.WE_2: "2 of 3 beyond 2 sigma on one side (Western Electric 2)",
    Rule.WE_3: "4 of 5 beyond 1 sigma on one side (Western Electric 3)",
    Rule.WE_4: "8 in a row on one side (Western Electric 4)",
    Rule.NELSON_2: "9 in a row on one side (Nelson 2)",
    Rule.NELSON_3: "6 in a row rising or falling (Nelson 3)",
    Rule.NELSON_4: "14 in a row up and down in turn (Nelson 4)",
    Rule.NELSON_5: "2 of 3 beyond 2 sigma on one side (Nelson 5)",
    Rule.NELSON_6: "4 of 5 beyond 1 sigma on one side (Nelson 6)",
    Rule.NELSON_7: "15 in a row within 1 sigma (Nelson 7)",
    Rule.NELSON_8: "8 in a row beyond 1 sigma on either side (Nelson 8)",
}


@dataclass(frozen=True, slots=True)
class Break:
    """A rule is broken at a point of a series. `index` counts from 0; `above`: over the centre line."""

    rule: Rule
    series: str
    index: int
    at_us: int
    value: float
    above: bool


def breaks_of(series: Series, rules: Iterable[Rule]) -> tuple[Break, ...]:
    """Every break of the wanted rules in one series, by point and then by rule."""
    wanted = [rule for rule in Rule if rule in set(rules) and (series.zones or rule is Rule.BEYOND)]
    z = [(p.value - p.center) / p.sigma if p.sigma > 0 else 0.0 for p in series.points]
    values = [p.value for p in series.points]
    found = []
    for order, rule in enumerate(wanted):
        if rule is Rule.BEYOND:
            hits = [i for i, p in enumerate(series.points) if p.outside]
        else:
            hits = _PATTERNS[rule](values if rule in (Rule.NELSON_3, Rule.NELSON_4) else z)
        found += [(i, order, rule) for i in hits]
    points = series.points
    return tuple(
        Break(rule, series.name, i, points[i].at_us, points[i].value, points[i].value > points[i].center)
        for i, _, rule in sorted(found)
    )


def _share(z: Sequence[float], need: int, of: int, beyond: float) -> list[int]:
    """Points that lie beyond and complete `need` of the last `of` on their side.

    A window that is still shorter than `of` counts with what it has.
    """
    hits = []
    for i, here in enumerate(z):
        last = z[max(0, i - of + 1) : i + 1]
        above, below = sum(v > beyond for v in last), sum(v < -beyond for v in last)
        if (here > beyond and above >= need) or (here < -beyond and below >= need):
            hits.append(i)
    return hits


def _run(holds: Sequence[bool], length: int) -> list[int]:
    hits, count = [], 0
    for i, yes in enumerate(holds):
        count = count + 1 if yes else 0
        if count >= length:
            hits.append(i)
    return hits


def _one_side(z: Sequence[float], length: int) -> list[int]:
    return sorted(_run([v > 0 for v in z], length) + _run([v < 0 for v in z], length))


def _trend(values: Sequence[float], length: int) -> list[int]:
    """`length` points in a row, each above (below) the one before: length - 1 steps."""
    steps = list(pairwise(values))
    up, down = [b > a for a, b in steps], [b < a for a, b in steps]
    return sorted(i + 1 for i in _run(up, length - 1) + _run(down, length - 1))


def _alternating(values: Sequence[float], length: int) -> list[int]:
    steps = [b - a for a, b in pairwise(values)]
    turns = [a * b < 0 for a, b in pairwise(steps)]
    return [i + 2 for i in _run(turns, length - 2)]


_PATTERNS: dict[Rule, Callable[[Sequence[float]], list[int]]] = {
    Rule.WE_2: lambda z: _share(z, 2, 3, 2.0),
    Rule.WE_3: lambda z: _share(z, 4, 5, 1.0),
    Rule.WE_4: lambda z: _one_side(z, 8),
    Rule.NELSON_2: lambda z: _one_side(z, 9),
    Rule.NELSON_3: lambda v: _trend(v, 6),
    Rule.NELSON_4: lambda v: _alternating(v, 14),
    Rule.NELSON_5: lambda z: _share(z, 2, 3, 2.0),
    Rule.NELSON_6: lambda z: _share(z, 4, 5, 1.0),
    Rule.NELSON_7: lambda z: _run([abs(v) < 1 for v in z], 15),
    Rule.NELSON_8: lambda z: _run([abs(v) > 1 for v in z], 8),
}
