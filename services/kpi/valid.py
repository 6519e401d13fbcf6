"""What holds for a scope at a moment: target, model of minor stops, name, and how far figures reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.equipment import site_of
from domain.kpi import MinorModel


@dataclass(frozen=True, slots=True)
class Goals:
    """Targets of some scopes with the dates from which they hold."""

    dated: Mapping[str, Sequence[tuple[int, float]]]
    stated: Mapping[str, float]

    def at(self, scope: str, at_us: int) -> float | None:
        """The target that holds at a moment; before any was set with a date, the one of the equipment."""
        known = [value for since, value in self.dated.get(scope, ()) if since <= at_us]
        return known[-1] if known else self.stated.get(scope)


def goals(tx: Connection, scopes: Sequence[str], kpi: str = "oee") -> Goals:
    """The targets of these scopes, read at once."""
    g, e = t.targets.c, t.equipment.c
    dated: dict[str, list[tuple[int, float]]] = {}
    query = select(g.scope, g.valid_from_us, g.value).where(g.scope.in_(list(scopes)), g.kpi == kpi)
    for scope, since, value in tx.execute(query.order_by(g.valid_from_us)):
        dated.setdefault(scope, []).append((since, value))
    if kpi != "oee":
        return Goals(dated, {})
    stated = select(e.equipment_id, e.target_oee).where(
        e.equipment_id.in_(list(scopes)), e.target_oee.is_not(None)
    )
    return Goals(dated, {row[0]: row[1] for row in tx.execute(stated)})


def model_of(tx: Connection, scope: str, at_us: int) -> MinorModel:
    """The site's model of minor stops that holds at a moment; a stretch is read by that of its end."""
    p = t.stop_policies.c
    held = select(p.minor_model).where(p.scope == site_of(scope), p.valid_from_us <= at_us)
    found = tx.execute(held.order_by(p.valid_from_us.desc()).limit(1)).scalar()
    return MinorModel(found or MinorModel.AVAILABILITY)


def name_of(tx: Connection, scope: str) -> str:
    """The name of a node."""
    e = t.equipment.c
    return tx.execute(select(e.name).where(e.equipment_id == scope)).scalar() or scope


def upto(tx: Connection, units: Sequence[str]) -> int | None:
    """How far the figures of all of these reach."""
    p = t.kpi_progress.c
    found: int | None = tx.execute(
        select(func.min(p.upto_us)).where(p.equipment_id.in_(list(units)))
    ).scalar()
    return found


def shift_at(tx: Connection, line_id: str, at_us: int) -> tuple[int, int, str] | None:
    """(start, end, name) of the shift of a line that runs at a moment; of several, the last to begin."""
    s = t.shifts.c
    row = tx.execute(
        select(s.start_us, s.end_us, s.name)
        .where(s.line_id == line_id, s.start_us <= at_us, s.end_us > at_us)
        .order_by(s.start_us.desc())
        .limit(1)
    ).first()
    return (row[0], row[1], row[2]) if row else None
