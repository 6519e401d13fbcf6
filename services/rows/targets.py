"""What the screen of targets shows."""

from dataclasses import dataclass

from services.rows.calendars import ChangeRow


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One version of a target. `until_us` is when the next one holds, None for no end; `state` is holds, to
    come or past. `reached` is the figure of the last seven days, for a target that holds."""

    scope: str
    scope_name: str
    kpi: str
    value: float
    valid_from_us: int
    until_us: int | None
    state: str
    set_by: str
    reached: float | None = None


@dataclass(frozen=True, slots=True)
class Targets:
    """Every version, those that hold first; `without` names lines that have no OEE target at all."""

    rows: tuple[TargetRow, ...]
    without: tuple[str, ...]
    changes: tuple[ChangeRow, ...]
