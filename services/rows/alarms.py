"""What the alarm screens show."""

from dataclasses import dataclass

from domain.alarms.kpis import AlarmKpis
from domain.alarms.life import Priority, State
from services.alarms.definition import Definition


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm. `stale`: nothing is known of its value now, and no delay of it runs. `note_by` and `note`
    are the last person's name and words. `from_gateway`: a gateway judges its limit."""

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
    stale: bool = False
    from_gateway: bool = False


@dataclass(frozen=True, slots=True)
class AlarmBoard:
    """The list of an operator position or of all, the most urgent first. `defined`: how many alarms there
    are; `flood`: whether one runs at any single position, `last_ten`: the count of the last ten minutes at
    the position with most; `stale`: those of whose value nothing is known now, whatever their state."""

    rows: tuple[AlarmRow, ...]
    positions: tuple[tuple[str, str], ...]
    defined: int
    flood: bool
    last_ten: int
    stale: tuple[AlarmRow, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the journal; `historical`: kept at a gateway, it came long after its own time."""

    at_us: int
    name: str
    equipment_name: str
    priority: Priority
    event: str
    value: float | None
    who: str
    note: str
    unit: str = ""
    historical: bool = False


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Figures of an operator position or of all, with names. `lines`: of the journal. `positions`:
    the figures of each position, the busiest first, since targets hold for one; `stale`: there for more than
    a day now; `stale_a_day`: how many were, on the mean day of the stretch."""

    kpis: AlarmKpis
    positions: tuple[tuple[str, AlarmKpis], ...]
    stale: tuple[AlarmRow, ...]
    names: dict[str, tuple[str, str]]
    lines: int
    days: float
    stale_a_day: float = 0.0


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
