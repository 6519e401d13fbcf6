"""Which machines stand where, what they make, and which parts they use up.

`demo()` is the fixed demo plant `north`; `drawn(seed, machines)` is a plant of any size for training
and testing, with the same machine types and products but lines and names of its own.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from domain.equipment import MachineType

SPARKPLUG, JSON = "sparkplug", "json"
H = 3_600
PER_LINE = 10


@dataclass(frozen=True, slots=True)
class Unit:
    """One machine. `index` is its place in every array; `device` its id on the wire and in the MES."""

    index: int
    equipment_id: str
    name: str
    machine_type: MachineType
    line: int
    device: str
    protocol: str
    position: int
    constraint_unit: bool
    cycle_factor: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line: units work in series, in order of `units`; `instance` is its MES and its edge node."""

    index: int
    equipment_id: str
    name: str
    area_name: str
    instance: str
    machine_type: MachineType
    units: tuple[int, ...]
    products: tuple[int, ...]
    shifts: tuple["Shift", ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily shift in local time of the site; it may pass midnight. Break inside the shift."""

    name: str
    start_hour: int
    hours: int
    break_after_s: int
    break_s: int


@dataclass(frozen=True, slots=True)
class Product:
    """What a line makes. Factors multiply the machine's speed, load and heat; `cycle_s` is planned."""

    index: int
    product_id: str
    name: str
    line: int
    cycle_s: float
    speed_factor: float
    load_factor: float
    heat_factor: float


@dataclass(frozen=True, slots=True)
class Part:
    """The spare part and the work for one cause on one machine type."""

    machine_type: MachineType
    cause: str
    part_id: str
    name: str
    task: str
    skill: str
    duration_s: int
    inspect_s: int
    price_cents: int
    lead_time_s: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole plant. `variant` names the set of physical parameters (`plant`, `other` or `unseen`)."""

    site: str
    name: str
    time_zone: str
    currency: str
    lines: tuple[Line, ...]
    units: tuple[Unit, ...]
    products: tuple[Product, ...]
    variant: str = "plant"

    def part(self, machine_type: MachineType, cause: str) -> Part:
        """The part for a cause; KeyError when there is none."""
        return _parts_by_key()[machine_type, cause]


THREE = (
    Shift("Early", 6, 8, 4 * H, 1_800),
    Shift("Late", 14, 8, 4 * H, 1_800),
    Shift("Night", 22, 8, 4 * H, 1_800),
)
TWO = THREE[:2]

# type, area id, area name, line name, unit prefix, unit name, planned cycle of the constraint in s
_LINES = (
    (MachineType.CNC, "machining", "Machining", "cnc", "CNC-{}", 48.0, THREE),
    (MachineType.PRESS, "forming", "Forming", "press", "Press {}", 12.0, THREE),
    (MachineType.ROBOT, "assembly", "Assembly", "robot", "Robot {}", 30.0, THREE),
    (MachineType.OVEN, "heat-treat", "Heat treatment", "oven", "Oven {}", 90.0, THREE),
    (MachineType.PACKER, "packaging", "Packaging", "packer", "Packer {}", 6.0, TWO),
)
# name, cycle, speed, load and heat against the line's base
_PRODUCTS = {
    MachineType.CNC: (
        ("Pump housing", 1.0, 1.0, 1.0, 1.0),
        ("Valve body", 1.25, 0.85, 1.18, 1.1),
        ("Flange", 0.8, 1.15, 0.85, 0.95),
    ),
    MachineType.PRESS: (
        ("Bracket", 1.0, 1.0, 1.0, 1.0),
        ("Cover plate", 1.2, 0.88, 1.22, 1.08),
        ("Clip", 0.75, 1.2, 0.8, 0.95),
    ),
    MachineType.ROBOT: (
        ("Pump unit", 1.0, 1.0, 1.0, 1.0),
        ("Valve unit", 1.3, 0.85, 1.1, 1.02),
        ("Sensor unit", 0.85, 1.12, 0.82, 0.98),
    ),
    MachineType.OVEN: (
        ("Hardened shaft", 1.0, 1.0, 1.0, 1.0),
        ("Tempered spring", 0.9, 1.05, 0.9, 0.9),
        ("Annealed plate", 1.3, 0.9, 1.12, 1.1),
    ),
    MachineType.PACKER: (
        ("Carton of 12", 1.0, 1.0, 1.0, 1.0),
        ("Carton of 48", 1.6, 0.8, 1.2, 1.05),
        ("Blister pack", 0.7, 1.2, 0.85, 1.0),
    ),
}
_WORK = {
    "bearing": ("bearing set", "Replace bearings", "mechanic", 3 * H, 2_400, 48_000, 3 * 24 * H),
    "tool": ("tool set", "Change tools", "machine fitter", 3_600, 1_200, 22_000, 24 * H),
    "overheating": ("cooling kit", "Clean and repair cooling", "mechanic", 2 * H, 1_800, 31_000, 2 * 24 * H),
    "leak": ("seal kit", "Replace seals and hoses", "hydraulics fitter", 2 * H, 1_800, 14_000, 24 * H),
    "electrical": ("drive module", "Replace drive module", "electrician", 2 * H, 2_400, 95_000, 5 * 24 * H),
}
_PRICE = {"cnc": 1.6, "press": 1.8, "robot": 1.3, "oven": 1.2, "packer": 0.8}


@cache
def parts() -> tuple[Part, ...]:
    """Every (machine type, cause) with its part, e.g. `PRT-CNC-BEARING`."""
    return tuple(
        Part(
            machine_type,
            cause,
            f"PRT-{machine_type.value}-{cause}".upper(),
            f"{prefix.replace('-{}', '').replace(' {}', '')} {name}",
            task,
            skill,
            duration,
            inspect,
            round(price * _PRICE[machine_type.value]),
            lead,
        )
        for machine_type, _, _, _, prefix, _, _ in _LINES
        for cause, (name, task, skill, duration, inspect, price, lead) in _WORK.items()
    )


@cache
def _parts_by_key() -> dict[tuple[MachineType, str], Part]:
    return {(part.machine_type, part.cause): part for part in parts()}


def demo() -> Layout:
    """The demo plant: 5 lines of 10 units; odd numbers speak Sparkplug, even ones JSON."""
    return _build("north", "Plant North", 5, np.random.default_rng(2_026), "plant")


def drawn(seed: int, machines: int, *, variant: str = "plant") -> Layout:
    """A plant of `machines` units (multiples of 10 fill whole lines), cycle factors drawn from the seed."""
    lines = -(-machines // PER_LINE)
    full = _build(f"plant-{seed}", f"Plant {seed}", lines, np.random.default_rng(seed), variant)
    last = full.lines[-1]
    shorter = replace(last, units=tuple(index for index in last.units if index < machines))
    return replace(full, lines=(*full.lines[:-1], shorter), units=full.units[:machines])


def _build(site: str, name: str, lines: int, rng: np.random.Generator, variant: str) -> Layout:
    all_lines: list[Line] = []
    all_units: list[Unit] = []
    products: list[Product] = []
    for number in range(lines):
        machine_type, area, area_name, _, _, cycle, shifts = _LINES[number % len(_LINES)]
        line_id = f"{site}/{area}/line-{number + 1}"
        own = _products(number, machine_type, cycle, len(products))
        units = _units(line_id, number, len(all_units), rng)
        all_lines.append(
            Line(
                number,
                line_id,
                f"Line {number + 1} {area_name}",
                area_name,
                f"line-{number + 1}",
                machine_type,
                tuple(unit.index for unit in units),
                tuple(product.index for product in own),
                shifts,
            )
        )
        products += own
        all_units += units
    return Layout(
        site, name, "Europe/Berlin", "EUR", tuple(all_lines), tuple(all_units), tuple(products), variant
    )


def _products(line: int, machine_type: MachineType, cycle: float, first: int) -> list[Product]:
    return [
        Product(
            first + k, f"P-{line + 1}{k + 1:02d}", text, line, round(cycle * factor, 2), speed, load, heat
        )
        for k, (text, factor, speed, load, heat) in enumerate(_PRODUCTS[machine_type])
    ]


def _units(line_id: str, line: int, first: int, rng: np.random.Generator) -> list[Unit]:
    machine_type, _, _, prefix, label, _, _ = _LINES[line % len(_LINES)]
    slowest = int(rng.integers(2, PER_LINE - 2))
    factors = rng.uniform(0.8, 0.94, PER_LINE).round(3)
    factors[slowest] = 1.0
    numbers = range((line + 1) * 10 + 1, (line + 1) * 10 + 1 + PER_LINE)
    return [
        Unit(
            index=first + k,
            equipment_id=f"{line_id}/{prefix}-{number}",
            name=label.format(number),
            machine_type=machine_type,
            line=line,
            device=f"{prefix}-{number}",
            protocol=SPARKPLUG if k % 2 == 0 else JSON,
            position=k,
            constraint_unit=k == slowest,
            cycle_factor=float(factors[k]),
        )
        for k, number in enumerate(numbers)
    ]
