"""Reads for *Data quality*: what the data of each machine are good for, and which signals look wrong."""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import signal_quality as store
from data.store import tables as t
from domain.clock import DAY
from domain.equipment import line_of
from domain.signal_quality import Look, Odd, odds
from services import readiness
from services.context import Context
from services.queries.common import in_scope, names_of, under
from services.rows.data_quality import MachineData

GAPS_US = DAY


class DataQualityQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes. Permission: see health."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def machines(self) -> tuple[MachineData, ...]:
        """Every placed machine in the plant, in the order of its lines."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_HEALTH)
        with c.database.read() as tx:
            rows = tx.execute(
                select(e.equipment_id, e.name, e.machine_type)
                .where(e.level == "unit", e.assigned.is_(True), under(e.equipment_id, c.site.site_id))
                .where(in_scope(e.equipment_id, c.actor), e.removed_us.is_(None))
                .order_by(e.position, e.equipment_id)
            ).all()
            found = readiness.facts(tx, c.site.site_id, c.now_us)
            looks = store.load(tx, [row.equipment_id for row in rows])
            lost = _lost(tx, c.now_us - GAPS_US, c.now_us)
            lines = names_of(tx, {line_of(row.equipment_id) for row in rows})
        known = (found, looks, lost, lines)
        machines = [_machine(row.equipment_id, row.name, row.machine_type, known) for row in rows]
        return tuple(sorted(machines, key=lambda one: one.line))


_Known = tuple[readiness.Facts, Mapping[str, list[Look]], Mapping[str, int], Mapping[str, str]]


def _machine(equipment_id: str, name: str, machine_type: str, known: _Known) -> MachineData:
    found, looks, lost, lines = known
    own, line_id = looks.get(equipment_id, []), line_of(equipment_id)
    return MachineData(
        equipment_id,
        name,
        line_id,
        lines.get(line_id, line_id),
        readiness.for_oee(found, equipment_id),
        readiness.for_prediction(found, equipment_id, machine_type),
        readiness.for_traceability(found, equipment_id),
        _odd(own),
        lost.get(equipment_id, 0),
        max((look.to_us for look in own), default=None),
    )


def _odd(looks: list[Look]) -> tuple[tuple[Odd, Look], ...]:
    """What looks wrong; a clock belongs to the whole machine and is named once."""
    found = [(odd, look) for look in looks for odd in odds(look)]
    clock = next((one for one in found if one[0] is Odd.CLOCK), None)
    others = tuple(one for one in found if one[0] is not Odd.CLOCK)
    return others if clock is None else (clock, *others)


def _lost(tx: Connection, since: int, now_us: int) -> dict[str, int]:
    """Time that sources reported as lost since then, by machine; overlapping gaps count once."""
    a, g = t.equipment_aliases.c, t.gaps.c
    rows = tx.execute(
        select(a.equipment_id, g.from_us, g.to_us)
        .join_from(t.gaps, t.equipment_aliases, (a.source == g.source) & (a.external_id == g.external_id))
        .where(g.to_us > since, g.from_us < now_us)
        .order_by(a.equipment_id, g.from_us)
    )
    lost: dict[str, int] = {}
    reached: dict[str, int] = {}
    for equipment_id, start, end in rows:
        begin = max(start, since, reached.get(equipment_id, since))
        reached[equipment_id] = max(min(end, now_us), begin)
        lost[equipment_id] = lost.get(equipment_id, 0) + reached[equipment_id] - begin
    return lost
