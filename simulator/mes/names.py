"""What the MES calls things: machines `M-L1-011`, lines `L1`."""

from datetime import datetime
from zoneinfo import ZoneInfo

from domain.clock import utc
from simulator.layout import PER_LINE, Layout, Line, Unit


def line_no(line: Line) -> str:
    """`L1` for the first line."""
    return f"L{line.index + 1}"


def machine_no(unit: Unit) -> str:
    """`M-L1-011` for the first machine of the first line."""
    number = (unit.line + 1) * PER_LINE + unit.position + 1
    return f"M-L{unit.line + 1}-{number:03d}"


def mes_queue(line: Line) -> str:
    """The queue that the line's MES listens to."""
    return f"mes.{line.instance}"


def aliases(layout: Layout) -> list[dict[str, str]]:
    """Rows for `equipment_aliases`: source `mes:<instance>`, for machines and lines."""
    rows = []
    for line in layout.lines:
        source = f"mes:{line.instance}"
        rows.append(
            {"source": source, "external_id": line_no(line), "equipment_id": line.equipment_id},
        )
        rows += [
            {
                "source": source,
                "external_id": machine_no(layout.units[index]),
                "equipment_id": layout.units[index].equipment_id,
            }
            for index in line.units
        ]
    return rows


def local(us: int, zone: ZoneInfo) -> str:
    """A time as people on the floor read it: `Sat 21 Nov, 14:05`."""
    moment: datetime = utc(us).astimezone(zone)
    return moment.strftime("%a %d %b, %H:%M")
