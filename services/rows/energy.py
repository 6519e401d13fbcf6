"""What the energy screen shows."""

from dataclasses import dataclass

from domain.energy import Band, Quarter
from domain.load_profile import TypicalDay


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """One line or machine. `per_part_kwh` is by good part, `per_made_kwh` by any part made
    (None without one), `cost_cents` None without a tariff,
    `base_kw` for less than a day of data. `known` is the share of time with data, `estimated` that which
    was spread over gaps, both 0..1."""

    equipment_id: str
    name: str
    level: str
    kwh: float
    good: float
    per_part_kwh: float | None
    per_made_kwh: float | None
    idle_kwh: float
    cost_cents: int | None
    peak_kw: float | None
    peak_us: int | None
    peak_lacks: bool
    base_kw: float | None
    known: float
    estimated: float


@dataclass(frozen=True, slots=True)
class Priced:
    """A tariff or an emission factor in force, and who set it."""

    name: str
    valid_from_us: int
    set_by: str
    reason: str
    detail: str
    bands: tuple[Band, ...] = ()
    value: float = 0.0
    valid_to_us: int | None = None


@dataclass(frozen=True, slots=True)
class EnergyView:
    """A stretch of time of a site or a line: the whole, its parts, its quarter hours, its typical days.
    `unpriced` counts the quarter hours with energy and without a tariff, `unmetered` names the machines
    without any reading of an energy meter."""

    whole: EnergyRow
    rows: tuple[EnergyRow, ...]
    quarters: tuple[Quarter, ...]
    by_band: tuple[tuple[str, int], ...]
    peak_charge_cents: int | None
    co2_kg: float | None
    tariff: Priced | None
    factor: Priced | None
    unpriced: int
    resets: tuple[tuple[str, int, float, float], ...]
    typical: tuple[TypicalDay, ...] = ()
    unmetered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prices:
    """Every version, newest first; `tariff` and `factor` are the places of those that hold now."""

    tariffs: tuple[Priced, ...]
    factors: tuple[Priced, ...]
    tariff: int | None
    factor: int | None
