"""KPIs after ISO 22400-2 from measures that add up (domain.measures). Pure functions.

A ratio without a denominator is None, never 0 and never 100 %. OEE = sum(PRI x GQ) / PBT, whichever
way minor stops are read: they move loss between availability and effectiveness, not in or out.
TEEP is no ISO 22400 KPI and is named apart. MTBF is operating time by failures (standards: the mean
of completed intervals is biased once maintenance censors), with an exact Poisson interval; MTTF is the
time in which the machine was able to run (waits and idle time included) by failures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from domain.clock import SECOND
from domain.measures import REAL, WHOLE, paid

UNRATED_SHARE = 0.01


class MinorModel(StrEnum):
    """Where minor stops count: ISO 22400 puts them into availability, the six big losses into
    performance. One model per site."""

    AVAILABILITY = "availability"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Measures:
    """What adds up. Times in microseconds; see domain.measures for the names."""

    outside_us: int = 0
    planned_us: int = 0
    no_data_us: int = 0
    delay_us: int = 0
    down_us: int = 0
    setup_us: int = 0
    production_us: int = 0
    waiting_us: int = 0
    blocked_us: int = 0
    starved_us: int = 0
    minor_us: int = 0
    off_plan_us: int = 0
    corrective_us: int = 0
    preventive_us: int = 0
    minor_stops: int = 0
    failures: int = 0
    uncounted_us: int = 0
    uncounted_run_us: int = 0
    unordered_us: int = 0
    unordered_run_us: int = 0
    good: float = 0.0
    scrap: float = 0.0
    startup_scrap: float = 0.0
    rework: float = 0.0
    inspected: float = 0.0
    first_pass: float = 0.0
    ideal_s: float = 0.0
    ideal_good_s: float = 0.0
    unrated: float = 0.0
    energy_kwh: float = 0.0

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Measures":
        """From a row with these columns; others are passed over."""
        whole = {name: int(row[name] or 0) for name in WHOLE}
        return cls(**whole, **{name: float(row[name] or 0) for name in REAL})  # type: ignore[arg-type]

    @property
    def calendar_us(self) -> int:
        """All time, known or not."""
        return self.outside_us + self.planned_us + self.no_data_us + self.pbt_us

    @property
    def pbt_us(self) -> int:
        """Planned busy time that is known."""
        return self.delay_us + self.down_us + self.setup_us + self.production_us

    @property
    def produced(self) -> float:
        """PQ: good and scrap."""
        return self.good + self.scrap

    @property
    def rated(self) -> bool:
        """True when (nearly) all parts have a planned cycle time."""
        return self.unrated <= UNRATED_SHARE * self.produced

    @property
    def unplanned(self) -> bool:
        """True where all busy time lay outside the shift plan. No standstill counts there, so that machine
        would be 100 % available however long it stood: the share is not known."""
        return self.pbt_us > 0 and self.off_plan_us == self.pbt_us

    @property
    def told_us(self) -> int:
        """Planned busy time of machines that count their parts: what OEE is of."""
        return self.pbt_us - self.uncounted_us

    def told_run_us(self, model: MinorModel) -> float:
        """The same of the APT; minor stops by the share that the production has."""
        if not self.uncounted_us:
            return self.run_us(model)
        return self.run_us(model) * (1 - (ratio(self.uncounted_run_us, self.production_us) or 0.0))

    @property
    def aubt_us(self) -> int:
        """AUBT: busy on an order. What runs or is set up without one is busy on none."""
        return self.waiting_us + self.down_us + self.setup_us + self.production_us - self.unordered_us

    def run_us(self, model: MinorModel) -> int:
        """APT; with the six big losses minor stops are part of it, and lower the effectiveness."""
        return self.production_us + (self.minor_us if model is MinorModel.PERFORMANCE else 0)


_NAMES = [f.name for f in fields(Measures)]
_VALUES = attrgetter(*_NAMES)
_PAID = attrgetter("good", "scrap", "ideal_good_s")
_GOOD, _SCRAP, _IDEAL_GOOD = (_NAMES.index(name) for name in ("good", "scrap", "ideal_good_s"))


def total(parts: Iterable[Measures]) -> Measures:
    """The sum."""
    found = list(parts)
    if len(found) == 1:
        return found[0]
    return Measures(*map(sum, zip(*map(_VALUES, found), strict=True))) if found else Measures()


def behind(constraint: Measures, scrap_after: float) -> Measures:
    """A line at its constraint: its time and rate, the line's good output. What machines behind it
    scrapped was paid for with constraint time."""
    values = list(_VALUES(constraint))
    values[_GOOD], values[_SCRAP], values[_IDEAL_GOOD] = paid(*_PAID(constraint), scrap_after)
    return Measures(*values)


@dataclass(frozen=True, slots=True)
class Figures:
    """Every KPI of a stretch; ratios as fractions, times in seconds, None where there is none."""

    availability: float | None
    effectiveness: float | None
    quality: float | None
    oee: float | None
    nee: float | None
    teep: float | None
    allocation_efficiency: float | None
    utilisation: float | None
    technical_efficiency: float | None
    setup_rate: float | None
    scrap_ratio: float | None
    rework_ratio: float | None
    first_pass_yield: float | None
    corrective_ratio: float | None
    energy_per_part: float | None
    energy_per_made: float | None
    mtbf_s: float | None
    mttf_s: float | None
    mttr_s: float | None
    throughput_per_hour: float | None


def figures(m: Measures, model: MinorModel = MinorModel.AVAILABILITY, *, by_part: bool = True) -> Figures:
    """The KPIs of ISO 22400-2 but those of orders (`order_figures`); energy `by_part` where it adds up."""
    run = m.run_us(model)
    aubt = m.aubt_us
    aupt = m.setup_us + run
    effectiveness = ratio(m.ideal_s * SECOND, m.told_run_us(model)) if told_of(m) else None
    quality = ratio(m.ideal_good_s, m.ideal_s) if m.rated and m.ideal_s else ratio(m.good, m.produced)
    down, told = m.down_us - m.minor_us, 1 - (ratio(m.uncounted_us, m.pbt_us) or 0.0)
    busy_us = 0 if m.unplanned else m.pbt_us
    return Figures(
        availability=ratio(run, busy_us),
        effectiveness=effectiveness,
        quality=quality,
        oee=oee_of(m),
        nee=product(ratio(aupt, busy_us), effectiveness, quality),
        teep=ratio(m.ideal_good_s * SECOND, (m.calendar_us - m.no_data_us) * told) if told_of(m) else None,
        allocation_efficiency=ratio(aubt, busy_us),
        utilisation=None if m.unplanned else ratio(run - m.unordered_run_us, aubt),
        technical_efficiency=None if m.unplanned else ratio(run, m.production_us + m.down_us),
        setup_rate=ratio(m.setup_us, aupt),
        scrap_ratio=ratio(m.scrap, m.produced),
        rework_ratio=ratio(m.rework, m.produced),
        first_pass_yield=ratio(m.first_pass, m.inspected),
        corrective_ratio=ratio(m.corrective_us, m.corrective_us + m.preventive_us),
        energy_per_part=energy_each(m.energy_kwh, m.good) if by_part else None,
        energy_per_made=energy_each(m.energy_kwh, m.produced) if by_part else None,
        mtbf_s=ratio((m.setup_us + m.production_us) / SECOND, m.failures),
        mttf_s=ratio((m.pbt_us - down) / SECOND, m.failures),
        mttr_s=ratio(down / SECOND, m.failures),
        throughput_per_hour=ratio(m.produced * 3600 * SECOND, m.told_us),
    )


def oee_of(m: Measures) -> float | None:
    """OEE alone; None where parts have no planned cycle, without planned time that is known, or where all
    work lay outside the shift plan. Machines that count no parts are left out, as are those without data:
    they are no 0 %."""
    return ratio(m.ideal_good_s * SECOND, m.told_us) if m.rated and not m.unplanned else None


def told_of(m: Measures) -> bool:
    """Whether there are a counter of good parts and planned cycles to judge the speed by."""
    return m.rated and (not m.uncounted_us or m.told_us > 0)


def energy_each(kwh: float, parts: float) -> float | None:
    """kWh per part; None without a part, or where no energy is known. By good parts it is what a part that
    can be sold took, scrap included; by the produced quantity (good and scrap) it is ISO 22400's energy
    consumption. Both of a machine, or of a line with all its machines, never of several lines."""
    return ratio(kwh, parts) if kwh > 0 else None


def ratio(part: float, whole: float) -> float | None:
    """part / whole, None without a whole."""
    return part / whole if whole > 0 else None


def weighted_mean(pairs: Iterable[tuple[float | None, int]]) -> float | None:
    """The mean of (value, weight), of those that have a value and a weight."""
    known = [(value, weight) for value, weight in pairs if value is not None and weight > 0]
    weights = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weights if weights else None


def product(*factors: float | None) -> float | None:
    """The product, None when a factor is missing."""
    result = 1.0
    for factor in factors:
        if factor is None:
            return None
        result *= factor
    return result


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the waterfall from calendar time to good parts; hours."""

    name: str
    label: str
    hours: float


def waterfall(m: Measures, model: MinorModel = MinorModel.AVAILABILITY) -> tuple[Step, ...]:
    """Calendar time, what is taken from it, and what is left as time of good parts; the sum is exact.

    Slow cycles may be negative: the machine was faster than planned. Without a rate the time of
    production stays one step.
    """
    hour = 3600 * SECOND
    minor = Step("minor_stops", "Minor stops", m.minor_us / hour)
    down = Step("failures", "Failures", (m.down_us - m.minor_us) / hour)
    waits = m.blocked_us + m.starved_us
    steps = [
        Step("outside", "No shift", m.outside_us / hour),
        Step("planned", "Breaks and planned stops", m.planned_us / hour),
        Step("no_data", "No data", m.no_data_us / hour),
        Step("waits", "Blocked or starved", waits / hour),
        Step("no_work", "No order, idle", (m.delay_us - waits) / hour),
        down,
        Step("setup", "Setup", m.setup_us / hour),
        minor,
    ]
    if model is MinorModel.AVAILABILITY:
        steps[6], steps[7] = steps[7], steps[6]
    if m.rated and m.ideal_s:
        counted_s = (m.production_us - m.uncounted_run_us) / SECOND
        if m.uncounted_run_us:
            steps.append(Step("uncounted", "Running, parts not counted", m.uncounted_run_us / hour))
        steps.append(Step("speed", "Slow cycles", (counted_s - m.ideal_s) / 3600))
        steps.append(Step("scrap", "Scrap", (m.ideal_s - m.ideal_good_s) / 3600))
    return tuple(steps)
