"""What the alarm screens show."""

from dataclasses import dataclass

from domain.alarms.kpis import AlarmKpis
from domain.alarms.life import Priority, State
from services.alarms.definition import Definition


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
    unit: str = ""


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Figures of an operator position, with names, and the journal's newest lines."""

    kpis: AlarmKpis
    stale: tuple[AlarmRow, ...]
    names: dict[str, tuple[str, str]]
    journal: tuple[JournalRow, ...]
    days: float


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    """A version of an alarm's definition with the names around it, and who made it when and why."""

    definition: Definition
    equipment_name: str
    position_name: str
    unit: str
    changed_by: str
    changed_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class DefinitionList:
    """The newest version of every alarm, and how many of them are off."""

    rows: tuple[DefinitionRow, ...]
    positions: tuple[tuple[str, str], ...]
    off: int
