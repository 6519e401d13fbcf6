"""What the screen of machines shows."""

from dataclasses import dataclass

from services.rows.calendars import ChangeRow


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A machine of the plant. `heard_us` is its newest value. `out_us` is since when it is out of the plant,
    None for one that is in; `flagged` counts the stretches in which it spoke all the same, of 35 days."""

    equipment_id: str
    name: str
    line_id: str
    line_name: str
    sets_pace: bool
    heard_us: int | None
    out_us: int | None
    out_by: str
    out_reason: str
    flagged: int


@dataclass(frozen=True, slots=True)
class Machines:
    """The machines within an actor's scopes, those that are out first, and who changed what."""

    rows: tuple[MachineRow, ...]
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Numbers of the cases that were withdrawn, and of those whose ordered work goes on."""

    withdrawn: tuple[int, ...]
    under_way: tuple[int, ...]
