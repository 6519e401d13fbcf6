"""What holds for a scope at a moment: target, model of minor stops, name, and how far figures reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from data.store.plan_facts import OVER_US
from data.store.statements import Among, Statement
from domain.equipment import site_of
from domain.kpi import MinorModel

_DATED = Among(
    "SELECT scope, valid_from_us, value FROM targets WHERE scope {among} AND kpi = :kpi"
    " ORDER BY valid_from_us"
)
_STATED = Among(
    "SELECT equipment_id, target_oee FROM equipment WHERE equipment_id {among} AND target_oee IS NOT NULL"
)
_MODEL = Statement(
    "SELECT minor_model FROM stop_policies WHERE scope = :site AND valid_from_us <= :at_us"
    " ORDER BY valid_from_us DESC LIMIT 1"
)
_NAME = Statement("SELECT name FROM equipment WHERE equipment_id = :scope")
_UPTO = Among("SELECT MIN(upto_us) FROM kpi_progress WHERE equipment_id {among}")
_SHIFTS = Among(
    "SELECT line_id, start_us, end_us, name FROM shifts WHERE line_id {among} AND start_us <= :at_us"
    " AND start_us > :old_us AND end_us > :at_us ORDER BY start_us"
)


@dataclass(frozen=True, slots=True)
class Goals:
    """Targets of some scopes with the dates from which they hold."""

    dated: Mapping[str, Sequence[tuple[int, float]]]
    stated: Mapping[str, float]

    def at(self, scope: str, at_us: int) -> float | None:
        """The target that holds at a moment; before any was set with a date, the one of the equipment."""
        known = [value for since, value in self.dated.get(scope, ()) if since <= at_us]
        return known[-1] if known else self.stated.get(scope)


def goal_moments(tx: Connection, ends: Mapping[str, int]) -> dict[str, int]:
    """By line the moment whose target holds for a stretch that ends then: the beginning of its last shift,
    since a shift counts whole to the day on which it begins."""
    last = shifts_at(tx, {line: to_us - 1 for line, to_us in ends.items()})
    return {line: last[line][0] if line in last else to_us - 1 for line, to_us in ends.items()}


def goals(tx: Connection, scopes: Sequence[str], kpi: str = "oee") -> Goals:
    """The targets of these scopes, read at once."""
    return Goals(dated(tx, scopes, kpi), dict(_STATED.rows(tx, scopes, {})) if kpi == "oee" else {})


def dated(tx: Connection, scopes: Sequence[str], kpi: str) -> dict[str, list[tuple[int, float]]]:
    """By scope the targets that were set with a date, and from when each holds, in order."""
    found: dict[str, list[tuple[int, float]]] = {}
    for scope, since, value in _DATED.rows(tx, scopes, {"kpi": kpi}):
        found.setdefault(scope, []).append((since, value))
    return found


def model_of(tx: Connection, scope: str, at_us: int) -> MinorModel:
    """The site's model of minor stops that holds at a moment; a stretch is read by that of its end."""
    found = _MODEL.rows(tx, {"site": site_of(scope), "at_us": at_us})
    return MinorModel((found and found[0][0]) or MinorModel.AVAILABILITY)


def models_of(tx: Connection, ends: Mapping[str, int]) -> dict[str, MinorModel]:
    """The same of several scopes, of each at its moment; what is alike is asked for once."""
    known = {(site_of(scope), at_us): scope for scope, at_us in ends.items()}
    found = {key: model_of(tx, scope, key[1]) for key, scope in known.items()}
    return {scope: found[site_of(scope), at_us] for scope, at_us in ends.items()}


def name_of(tx: Connection, scope: str) -> str:
    """The name of a node."""
    found = _NAME.rows(tx, {"scope": scope})
    return (found and found[0][0]) or scope


def upto(tx: Connection, units: Sequence[str]) -> int | None:
    """How far the figures of all of these reach."""
    found: int | None = _UPTO.rows(tx, units, {})[0][0]
    return found


def shift_at(tx: Connection, line_id: str, at_us: int) -> tuple[int, int, str] | None:
    """(start, end, name) of the shift of a line that runs at a moment; of several, the last to begin."""
    return shifts_at(tx, {line_id: at_us}).get(line_id)


def shifts_at(tx: Connection, moments: Mapping[str, int]) -> dict[str, tuple[int, int, str]]:
    """The same by line, of each at its moment, without the lines that have none; lines with the same moment
    are asked for at once."""
    found = {}
    for at_us in set(moments.values()):
        lines = [line for line, at in moments.items() if at == at_us]
        for line, start_us, end_us, name in _SHIFTS.rows(
            tx, lines, {"at_us": at_us, "old_us": at_us - OVER_US}
        ):
            found[line] = (start_us, end_us, name)
    return found
