"""The demo plant as rows of ours: equipment, aliases, parts, and the accounts to try it with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auth import passwords
from auth.permissions import Role
from data.store.database import Database
from domain.costs import Rates
from domain.equipment import Equipment, MachineType
from services.bootstrap import Place, Site, add_account, place_site
from simulator.layout import SPARKPLUG, Layout, Unit, parts

STOP_CENTS_PER_HOUR = {"cnc": 45_000, "press": 48_000, "robot": 44_000, "oven": 52_000, "packer": 38_000}
TARGET_OEE = {"cnc": 0.80, "press": 0.78, "robot": 0.78, "oven": 0.78, "packer": 0.75}
ACCOUNTS = (
    ("operator", "Demo operator", Role.OPERATOR),
    ("technician", "Demo technician", Role.TECHNICIAN),
    ("supervisor", "Demo supervisor", Role.SUPERVISOR),
    ("planner", "Demo planner", Role.MAINTENANCE_PLANNER),
    ("manager", "Demo plant manager", Role.PLANT_MANAGER),
    ("admin", "Demo administrator", Role.ADMINISTRATOR),
    ("controller", "Demo controller", Role.CONTROLLER),
)


def place(database: Database, layout: Layout, mes_names: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Write the plant. `mes_names`: equipment id -> (alias source, name in that MES)."""
    site = Site(layout.site, layout.name, layout.time_zone, layout.currency, virtual=True)
    places = [Place(Equipment(layout.site, layout.name))]
    for line in layout.lines:
        area = line.equipment_id.rpartition("/")[0]
        places.append(Place(Equipment(area, line.area_name), position=line.index))
        places.append(
            Place(
                Equipment(line.equipment_id, line.name, line.machine_type),
                position=line.index,
                target_oee=TARGET_OEE[line.machine_type.value],
                aliases=tuple(mes_names.get(line.equipment_id, ())),
            )
        )
    places += [_unit(layout, unit, mes_names.get(unit.equipment_id, ())) for unit in layout.units]
    place_site(database, site, places, _parts(layout), _rates(layout))


def _unit(layout: Layout, unit: Unit, mes: Sequence[tuple[str, str]]) -> Place:
    line = layout.lines[unit.line]
    if unit.protocol == SPARKPLUG:
        wire = ("sparkplug", f"{layout.site}/{line.instance}/{unit.device}")
    else:
        wire = ("json", unit.equipment_id)
    return Place(
        Equipment(unit.equipment_id, unit.name, unit.machine_type),
        position=unit.position,
        constraint_unit=unit.constraint_unit,
        target_oee=TARGET_OEE[unit.machine_type.value],
        aliases=(wire, *mes),
    )


def _rates(layout: Layout) -> dict[str, Rates]:
    """What the demo plant states: one row for the site, and the hour of a stop on each line."""
    lines = {
        line.equipment_id: Rates(downtime_cents_per_hour=STOP_CENTS_PER_HOUR[line.machine_type.value])
        for line in layout.lines
    }
    return {layout.site: Rates(), **lines}


def _parts(layout: Layout) -> list[dict[str, Any]]:
    used: set[MachineType] = {unit.machine_type for unit in layout.units}
    return [
        {
            "machine_type": part.machine_type.value,
            "cause": part.cause,
            "part_id": part.part_id,
            "task": part.task,
            "skill": part.skill,
            "duration_s": part.duration_s,
            "inspect_s": part.inspect_s,
        }
        for part in parts()
        if part.machine_type in used
    ]


def make_accounts(database: Database, site_id: str, note: Path) -> None:
    """One account a role, all with one random password, noted in a file that only the owner reads."""
    password = passwords.temporary()
    for username, name, role in ACCOUNTS:
        add_account(database, username, name, [role], [site_id], password)
    names = ", ".join(username for username, _, _ in ACCOUNTS)
    note.touch(mode=0o600)
    note.write_text(f"Sign in as {names}\nPassword for each of them: {password}\n")
