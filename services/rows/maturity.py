"""How far the data carry what is said of machines, as the screens show it."""

from dataclasses import dataclass

from domain.maturity import Facts, Level


@dataclass(frozen=True, slots=True)
class MaturityRow:
    """One failure mode of one machine ("": any): its level, the facts behind it, and what would lift it."""

    cause: str
    level: Level
    facts: Facts
    lifts: str


@dataclass(frozen=True, slots=True)
class MaturityGroup:
    """One failure mode of one machine type: how many machines stand at each level, from the lowest, and what
    lifts most of them."""

    machine_type: str
    cause: str
    machines: tuple[int, ...]
    lifts: str
