"""The sheet of shifts as the screens ask for it."""

from sqlalchemy import Connection

from services.kpi import closing, reading, shift_list
from services.queries.kpi import KpiQueries
from services.rows.kpi import ShiftRow


def shown(queries: KpiQueries, lines: list[str], from_us: int, to_us: int) -> tuple[ShiftRow, ...]:
    """Every shift of lines that begins in a stretch, newest first."""
    return queries.shifts(queries.begun(lines, from_us, to_us), to_us)


def sheet(tx: Connection, line: str, from_us: int, to_us: int) -> tuple[ShiftRow, ...]:
    """The same for who has a transaction and no actor."""
    lines = reading.lines_of(tx, line)
    return closing.read(tx, lines, shift_list.begun(tx, lines, from_us, to_us), to_us)
