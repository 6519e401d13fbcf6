"""What the cost of a choice depends on: the risk, the work, the part, the plan and the plant's rates.

How much longer a part lasts when the machine runs at a share s of its speed: s ** -k times as long. k is
WEAR_EXPONENTS by cause. Rolling bearings: ISO 281 counts life in turns, so k = 1. Cutting tools: Taylor's
equation v x T^n = C with n = 0.25 (carbide), so k = 4. Heat and current: k = 1, an assumption. A leak does
not wait for the speed, and of an unknown cause nothing can be said: k = 0, slowing down is no choice.
"""

from dataclasses import dataclass

from domain.errors import InvalidInput

WEAR_EXPONENTS = {"bearing": 1.0, "tool": 4.0, "overheating": 1.0, "electrical": 1.0, "leak": 0.0}


@dataclass(frozen=True, slots=True)
class Rates:
    """What a plant states once, per machine, line or site. Shares are 0..1, money in cents."""

    downtime_cents_per_hour: int = 45_000
    labour_cents_per_hour: int = 6_500
    unplanned_factor: float = 2.5
    call_out_s: int = 3_600
    collateral_cents: int = 80_000
    emergency_delivery_s: int = 86_400
    alarm_catches: float = 0.35
    alarm_lead_s: int = 7_200
    inspection_finds: float = 0.85
    inspection_misleads: float = 0.1
    slow_speed: float = 0.7

    def __post_init__(self) -> None:
        shares = (self.alarm_catches, self.inspection_finds, self.inspection_misleads)
        if not all(0 <= share <= 1 for share in shares) or self.unplanned_factor < 1:
            raise InvalidInput("shares are 0..1, and an unplanned repair takes no less than a planned one")
        if not 0 < self.slow_speed < 1:
            raise InvalidInput("slow running is a share of the usual speed between 0 and 1")


@dataclass(frozen=True, slots=True)
class Task:
    """The work for a cause on a type of machine. `part_id` None: no part is needed.

    `wear_exponent` says how the remaining life grows when the machine runs slower (WEAR_EXPONENTS).
    """

    task: str
    skill: str
    duration_s: int
    inspect_s: int
    part_id: str | None
    part_name: str
    wear_exponent: float = 0.0


@dataclass(frozen=True, slots=True)
class Stock:
    """The part's unreserved stock, price, and how long a new one takes."""

    unreserved: float
    price_cents: int
    lead_time_s: int


@dataclass(frozen=True, slots=True)
class Risk:
    """The prediction, as far as costs need it. Remaining life in microseconds of plant time."""

    at_us: int
    horizon_us: int
    probability: float
    life_low_us: int | None = None
    life_us: int | None = None
    life_high_us: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or self.horizon_us <= 0:
            raise InvalidInput("a probability is 0..1 and a horizon is above 0")


@dataclass(frozen=True, slots=True)
class Spare:
    """A machine that can take the work meanwhile: `share` (0..1] of what is lost, after a setup."""

    equipment_id: str
    name: str
    share: float
    setup_s: int


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything that the cost of a choice depends on. `producing` None: production never stops.

    `spare` None: no other machine can take the work, `no_spare` says why.
    """

    risk: Risk
    task: Task
    stock: Stock | None
    rates: Rates
    producing: tuple[tuple[int, int], ...] | None = None
    spare: Spare | None = None
    no_spare: str = "no other machine that could take the work is known"

    @property
    def part_in_stock(self) -> bool:
        """True when the work needs no part, or one lies unreserved in stock."""
        return self.task.part_id is None or (self.stock is not None and self.stock.unreserved >= 1)
