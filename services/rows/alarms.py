"""What the alarm screens show."""

from dataclasses import dataclass

from domain.alarms.kpis import AlarmKpis
from domain.alarms.life import Priority, State


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm that is not normal. `note_by` and `note` are the last person's name and words."""

    alarm_id: str
    name: str
    equipment_id: str
    equipment_name: str
    position_id: str
    state: State
    priority: Priority
    active: bool
    since_us: int
    value: float | None
    metric: str
    high: bool
    limit: float
    unit: str
    consequence: str
    response: str
    note: str
    note_by: str
    shelved_until_us: int | None


@dataclass(frozen=True, slots=True)
class AlarmBoard:
    """The list of an operator position, the most urgent first. `defined`: how many alarms it has."""

    rows: tuple[AlarmRow, ...]
    positions: tuple[tuple[str, str], ...]
    defined: int
    flood: bool
    last_ten: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the journal."""

    at_us: int
    name: str
    equipment_name: str
    priority: Priority
    event: str
    value: float | None
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Figures of an operator position, with names, and the journal's newest lines."""

    kpis: AlarmKpis
    stale: tuple[AlarmRow, ...]
    names: dict[str, tuple[str, str]]
    journal: tuple[JournalRow, ...]
    days: float
