"""OEE after ISO 22400-2, from the time model and the counts. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.time_model import BUSY, Facts, Leaf, OperationSpan, Segment, seconds_by_leaf, segments

UNRATED_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Oee:
    """Ratios as fractions, times in seconds. A ratio is None when it has no denominator or no rate.

    `ideal_s` is sum(PRI x PQ), `ideal_good_s` is sum(PRI x GQ); oee = ideal_good_s / pbt_s. `unrated`
    parts were made without an order or a planned cycle time: up to UNRATED_SHARE of all they are left
    out of the ideal times and flagged, beyond it there is no rate.
    """

    from_us: int
    to_us: int
    seconds: dict[Leaf, float]
    good: float
    scrap: float
    ideal_s: float
    ideal_good_s: float
    unrated: float
    flags: tuple[str, ...] = field(default=())

    @property
    def pbt_s(self) -> float:
        """Planned busy time that is known, in seconds."""
        return sum(self.seconds[leaf] for leaf in BUSY)

    @property
    def produced(self) -> float:
        """PQ: good and scrap."""
        return self.good + self.scrap

    @property
    def rated(self) -> bool:
        """True when (nearly) all parts have a planned cycle time."""
        return self.unrated <= UNRATED_SHARE * self.produced

    @property
    def availability(self) -> float | None:
        """APT / PBT."""
        return _ratio(self.seconds[Leaf.PRODUCTION], self.pbt_s)

    @property
    def effectiveness(self) -> float | None:
        """sum(PRI x PQ) / APT; None without a rate."""
        return _ratio(self.ideal_s, self.seconds[Leaf.PRODUCTION]) if self.rated else None

    @property
    def quality(self) -> float | None:
        """GQ / PQ; over several products, each part counts by its planned time, so that the product of
        the three ratios is the OEE."""
        if self.rated and self.ideal_s:
            return self.ideal_good_s / self.ideal_s
        return _ratio(self.good, self.produced)

    @property
    def oee(self) -> float | None:
        """sum(PRI x GQ) / PBT, which equals availability x effectiveness x quality."""
        return _ratio(self.ideal_good_s, self.pbt_s) if self.rated else None

    @property
    def coverage(self) -> float | None:
        """Share of the planned time that is known."""
        return _ratio(self.pbt_s, self.pbt_s + self.seconds[Leaf.NO_DATA])


def measure(facts: Facts, from_us: int, to_us: int) -> Oee:
    """OEE of one work unit in [from_us, to_us)."""
    parts = segments(facts, from_us, to_us)
    seconds = seconds_by_leaf(parts)
    good = scrap = ideal = ideal_good = unrated = 0.0
    for count in facts.counts:
        if not from_us <= count.bucket_us < to_us or not (count.good or count.scrap):
            continue
        good, scrap = good + count.good, scrap + count.scrap
        cycle = _cycle_at(facts.operations, count.bucket_us, facts.bucket_us)
        if cycle is None:
            unrated += count.good + count.scrap
        else:
            ideal += cycle * (count.good + count.scrap)
            ideal_good += cycle * count.good
    flags = _flags(parts, seconds, ideal, unrated)
    return Oee(from_us, to_us, seconds, good, scrap, ideal, ideal_good, unrated, flags)


def combine(parts: Sequence[Oee]) -> Oee:
    """Sum over several constraints (lines of a plant): times and ideal times add, ratios follow."""
    seconds = {leaf: sum(p.seconds[leaf] for p in parts) for leaf in Leaf}
    flags = tuple(sorted({flag for p in parts for flag in p.flags}))
    return Oee(
        min((p.from_us for p in parts), default=0),
        max((p.to_us for p in parts), default=0),
        seconds,
        sum(p.good for p in parts),
        sum(p.scrap for p in parts),
        sum(p.ideal_s for p in parts),
        sum(p.ideal_good_s for p in parts),
        sum(p.unrated for p in parts),
        flags,
    )


def at_constraint(constraint: Oee, downstream_scrap: float) -> Oee:
    """OEE of a line: the constraint's time and rate, the line's good output.

    Parts that the units after the constraint scrapped were paid for with constraint time.
    """
    lost = min(downstream_scrap, constraint.good)
    share = 1 - lost / constraint.good if constraint.good else 1.0
    return Oee(
        constraint.from_us,
        constraint.to_us,
        constraint.seconds,
        constraint.good - lost,
        constraint.scrap + lost,
        constraint.ideal_s,
        constraint.ideal_good_s * share,
        constraint.unrated,
        constraint.flags,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _cycle_at(operations: Sequence[OperationSpan], bucket_us: int, width_us: int) -> float | None:
    """PRI for a bucket: the operation that covers most of it."""
    best, cycle = 0, None
    for operation in operations:
        if operation.from_us >= bucket_us + width_us:
            break
        overlap = min(operation.to_us, bucket_us + width_us) - max(operation.from_us, bucket_us)
        if overlap > best:
            best, cycle = overlap, operation.planned_cycle_s
    return cycle


def _flags(
    parts: Sequence[Segment], seconds: dict[Leaf, float], ideal: float, unrated: float
) -> tuple[str, ...]:
    flags = []
    if unrated:
        flags.append(f"{unrated:.0f} parts without an order or a planned cycle time")
    if seconds[Leaf.PRODUCTION] and ideal > seconds[Leaf.PRODUCTION]:
        flags.append("faster than planned: check the planned cycle time")
    if any(p.off_plan and p.leaf is Leaf.PRODUCTION for p in parts):
        flags.append("produced in a break or outside the shift plan")
    if seconds[Leaf.NO_DATA]:
        flags.append("time without data is left out")
    return tuple(flags)
