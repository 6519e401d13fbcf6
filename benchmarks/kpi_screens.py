"""What screens read of figures and energy, each as one call with a transaction."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from benchmarks.kpi_plant import START, Size
from domain.clock import DAY, HOUR
from domain.time_model import Span
from services.energy.load import load
from services.kpi import closing, orders, reading, window
from services.rows.kpi import Ask

Read = Callable[[Connection], object]


def screens(size: Size, until_us: int, *, energy: bool) -> dict[str, Read]:
    """The reads by name, at the end of a history. `energy` needs the counts themselves."""
    line, unit = size.units[4]
    units = [u for where, u in size.units if where == line]
    shift = Span(until_us - 10 * HOUR, until_us - 2 * HOUR)
    week, month, year = (until_us - days * DAY for days in (7, 30, min(365, size.days)))
    found: dict[str, Read] = {
        "plant, 7 days": lambda tx: reading.read(tx, Ask("north", week, until_us)),
        "plant, 30 days": lambda tx: reading.read(tx, Ask("north", month, until_us)),
        "plant, all": lambda tx: reading.read(tx, Ask("north", max(START, year), until_us)),
        "line, 30 days, one shift": lambda tx: reading.read(tx, Ask(line, month, until_us, "Early")),
        "line, 30 days, one product": lambda tx: reading.read(tx, Ask(line, month, until_us, "", "P-1")),
        "machine, 30 days": lambda tx: reading.read(tx, Ask(unit, month, until_us)),
        "orders, 7 days": lambda tx: orders.read(tx, Ask("north", week, until_us), until_us),
        "shifts of a line, 7 days": lambda tx: closing.read(tx, line, week, until_us),
        "strips of a line, last shift": lambda tx: window.read(tx, line, units, shift, until_us),
    }
    if energy:
        found["energy of a line, 24 hours"] = partial(_energy, units, until_us - DAY, until_us)
        every = [u for _, u in size.units]
        found["energy of the plant, 30 days"] = partial(_energy, every, month, until_us)
    return found


def _energy(units: list[str], from_us: int, until_us: int, tx: Connection) -> object:
    return load(tx, units, from_us, until_us).quarters()
