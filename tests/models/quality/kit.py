"""Operations of a virtual plant's presses and ovens, straight from its MES, and a model of them."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from domain.clock import DAY, MINUTE, SECOND
from models.quality.cases import Operation
from simulator.floor import open_floor
from simulator.layout import Layout, demo
from simulator.mes.names import machine_no
from simulator.world import World

START = 1_767_247_200 * SECOND
LINES = (1, 3)  # of the demo's plant: presses, ovens


def layout(site: str = "north") -> Layout:
    """The demo's plant under a name of its own, of which the true links of its products are drawn."""
    return replace(demo(), site=site)


def simulated(folder: Path, days: float, seed: int = 3, site: str = "north") -> list[Operation]:
    """All operations of so many days that have ended."""
    plant = layout(site)
    floor = open_floor(plant, seed, folder)
    for _ in World(plant, seed, START, floor).ticks(START + round(days * DAY), 15 * MINUTE):
        pass
    floor.close()
    units = {machine_no(unit): unit.equipment_id for unit in plant.units}
    found = []
    for line in LINES:
        with sqlite3.connect(f"file:{folder}/mes-line-{line + 1}.db?mode=ro", uri=True) as mes:
            settings: dict[str, dict[str, float]] = {}
            for number, name, value in mes.execute(
                "SELECT operation_no, setting, actual FROM process_values"
            ):
                settings.setdefault(number, {})[name] = value
            rows = mes.execute(
                "SELECT operation_no, machine_id, product_no, started_at, good, scrap FROM operations"
                " WHERE ended_at IS NOT NULL ORDER BY started_at, operation_no"
            )
            found += [
                Operation(number, units[machine], product, at, settings[number], good, bad, simulated=True)
                for number, machine, product, at, good, bad in rows
            ]
        mes.close()
    return found
