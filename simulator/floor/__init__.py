"""The floor: MES and ERP stand-ins that run the plant's orders, and take ours from the queues.

`open_floor` for the physics, `serve` for the queues, `reader_urls` for whoever reads the databases,
`master_data` for what a real plant would export once.
"""

import threading
from pathlib import Path
from typing import Any

from simulator.erp.office import ErpOffice
from simulator.floor.access import erp_records, mes_records, reader_urls
from simulator.floor.plant import PlantFloor
from simulator.layout import Layout, demo, parts
from simulator.mes.names import aliases
from simulator.mes.system import Mes

ABSENCE = 0.03

__all__ = ["ABSENCE", "PlantFloor", "master_data", "open_floor", "reader_urls", "serve"]


def open_floor(
    layout: Layout,
    seed: int,
    directory: Path,
    *,
    url: str | None = None,
    absence: float = ABSENCE,
) -> PlantFloor:
    """Open or make the databases: SQLite files in `directory`, or schemas of a PostgreSQL `url`.

    `absence` is the share of shifts in which nobody with a given skill is there; orders for such a
    shift are refused.
    """
    systems = [
        Mes(layout, line, seed, mes_records(line.instance, directory, url), absence) for line in layout.lines
    ]
    return PlantFloor(layout, systems, ErpOffice(layout, seed, erp_records(directory, url)))


def serve(floor: PlantFloor, queue_url: str, stop: threading.Event) -> None:
    """Consume the queues and send receipts until `stop` is set. Reconnects by itself."""
    from simulator.records.serve import serve_posts  # brings both queues' clients along

    serve_posts(floor.posts, lambda: floor.now_us, queue_url, stop)


def master_data(layout: Layout | None = None) -> dict[str, list[dict[str, Any]]]:
    """Rows that a plant hands over once: `parts_of_machines` and `equipment_aliases`."""
    work = [
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
    ]
    return {"parts_of_machines": work, "equipment_aliases": aliases(layout or demo())}
