"""OEE of a stretch as screens and reports show it: measures, their figures, and what is odd in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from domain.clock import HOUR, MINUTE, SECOND
from domain.kpi import Figures, Measures, MinorModel, figures, total
from domain.measures import LEAF_COLUMNS
from domain.time_model import Leaf

STANDING_FROM_S = 600.0  # planned time of parts that a machine cannot have made while it stood


@dataclass(frozen=True, slots=True)
class Oee:
    """Figures of [from_us, to_us): ratios as fractions, times in seconds; None without a denominator or a
    rate. All formulas are those of `domain.kpi`."""

    from_us: int
    to_us: int
    measures: Measures
    model: MinorModel = MinorModel.AVAILABILITY
    figures: Figures = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "figures", figures(self.measures, self.model))

    @property
    def seconds(self) -> dict[Leaf, float]:
        """How long each leaf lasted."""
        return {leaf: getattr(self.measures, name) / SECOND for leaf, name in LEAF_COLUMNS.items()}

    @property
    def pbt_s(self) -> float:
        """Planned busy time that is known, in seconds."""
        return self.measures.pbt_us / SECOND

    @property
    def minor_s(self) -> float:
        """Seconds in minor stops."""
        return self.measures.minor_us / SECOND

    @property
    def good(self) -> float:
        """Good parts."""
        return self.measures.good

    @property
    def scrap(self) -> float:
        """Scrapped parts."""
        return self.measures.scrap

    @property
    def produced(self) -> float:
        """PQ: good and scrap."""
        return self.measures.produced

    @property
    def ideal_s(self) -> float:
        """sum(PRI x PQ)."""
        return self.measures.ideal_s

    @property
    def ideal_good_s(self) -> float:
        """sum(PRI x GQ)."""
        return self.measures.ideal_good_s

    @property
    def rated(self) -> bool:
        """True when (nearly) all parts have a planned cycle time."""
        return self.measures.rated

    @property
    def availability(self) -> float | None:
        """APT / PBT."""
        return self.figures.availability

    @property
    def effectiveness(self) -> float | None:
        """sum(PRI x PQ) / APT; may pass 1, and is then flagged."""
        return self.figures.effectiveness

    @property
    def quality(self) -> float | None:
        """GQ / PQ; over several products each part counts by its planned time."""
        return self.figures.quality

    @property
    def oee(self) -> float | None:
        """sum(PRI x GQ) / PBT."""
        return self.figures.oee

    @property
    def coverage(self) -> float | None:
        """Share of the planned time that is known."""
        known = self.measures.pbt_us
        every = known + self.measures.no_data_us
        return known / every if every else None

    @property
    def standing_s(self) -> float:
        """Planned time of parts for which the machine did not work, in seconds; 0 or less when it did."""
        m = self.measures
        return m.ideal_s - (m.production_us + m.setup_us + m.off_plan_us) / SECOND

    @property
    def flags(self) -> tuple[str, ...]:
        """What is odd, in words."""
        m, found = self.measures, []
        if m.unrated:
            found.append(f"{m.unrated:.0f} parts without an order or a planned cycle time")
        if m.uncounted_us:
            found.append(f"{_hours(m.uncounted_us)} of a machine without a part counter, left out of OEE")
        if m.production_us and m.ideal_s * SECOND > m.production_us:
            found.append("faster than planned: check the planned cycle time")
        elif self.standing_s >= STANDING_FROM_S:
            found.append("parts were counted while the machine stood: check its state and its counter")
        if m.unplanned:
            found.append(
                f"{_hours(m.off_plan_us)} of work without a shift plan: availability and OEE are not known"
            )
        elif m.off_plan_us:
            found.append(f"{_hours(m.off_plan_us)} of production in a break or outside the shift plan")
        if m.no_data_us:
            found.append(f"{_hours(m.no_data_us)} without data, left out")
        return tuple(found)


def _hours(us: int) -> str:
    return f"{us / HOUR:.1f} h" if us >= HOUR / 10 else f"{max(1, round(us / MINUTE))} min"


def combine(parts: Iterable[Oee]) -> Oee:
    """Sum over several constraints (lines of a plant): times and ideal times add, ratios follow."""
    found = list(parts)
    return Oee(
        min((p.from_us for p in found), default=0),
        max((p.to_us for p in found), default=0),
        total(p.measures for p in found),
        found[0].model if found else MinorModel.AVAILABILITY,
    )
