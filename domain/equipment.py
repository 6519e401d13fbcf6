"""Equipment after ISA-95: an id is the path `site/area/line/unit`, and is never used again."""

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import InvalidInput

_SEGMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LEVELS = ("site", "area", "line", "unit")


class MachineType(StrEnum):
    """The kinds of machine that models tell apart."""

    CNC = "cnc"
    PRESS = "press"
    ROBOT = "robot"
    OVEN = "oven"
    PACKER = "packer"
    ENGINE = "engine"
    OTHER = "other"


_PLURALS = {
    MachineType.CNC: "CNC machines", MachineType.PRESS: "presses", MachineType.ROBOT: "robots",
    MachineType.OVEN: "ovens", MachineType.PACKER: "packers", MachineType.ENGINE: "engines",
}  # fmt: skip


def plural(machine_type: str) -> str:
    """Machines of a kind, as people say: `presses`."""
    return _PLURALS.get(MachineType(machine_type), "machines")


@dataclass(frozen=True, slots=True)
class Equipment:
    """One node of the equipment tree. `assigned` is False until a person placed it."""

    equipment_id: str
    name: str
    machine_type: MachineType = MachineType.OTHER
    assigned: bool = True

    def __post_init__(self) -> None:
        parts = self.equipment_id.split("/")
        if not 1 <= len(parts) <= len(LEVELS) or not all(_SEGMENT.fullmatch(p) for p in parts):
            raise InvalidInput(f"{self.equipment_id!r} is no ISA-95 path in lower case")

    @property
    def level(self) -> str:
        """site, area, line or unit."""
        return LEVELS[self.equipment_id.count("/")]


def site_of(equipment_id: str) -> str:
    """The site segment of an id."""
    return equipment_id.split("/", 1)[0]


def line_of(equipment_id: str) -> str:
    """The id of the line that a unit stands in (`site/area/line`)."""
    return "/".join(equipment_id.split("/")[:3])


def with_all_above(equipment_id: str) -> list[str]:
    """The equipment itself and what it belongs to, nearest first."""
    parts = equipment_id.split("/")
    return ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]


def within(equipment_id: str, scope: str) -> bool:
    """True when the id is the scope itself or lies below it."""
    return equipment_id == scope or equipment_id.startswith(scope + "/")
