"""Reads for the floor: plant, lines, machines. What the screens draw comes by push (services.live)."""

from sqlalchemy import func, select

from auth.permissions import Permission
from data.store import tables as t
from domain.equipment import within
from domain.errors import NotFound
from services.context import Context
from services.floor import facts
from services.queries.common import in_scope, under
from services.rows.floor import Node

_LEVELS = {"unit": "machine"}


class FloorQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def scopes(self) -> tuple[str, ...]:
        """The parts of this site that the actor may see, outermost only."""
        self._context.actor.require(Permission.SEE_FLOOR)
        site = self._context.site.site_id
        mine = sorted({s for s in self._context.actor.scopes if within(s, site)}, key=len)
        return tuple(s for i, s in enumerate(mine) if not any(within(s, outer) for outer in mine[:i]))

    def own_places(self) -> tuple[str, ...]:
        """The names of what the actor's account may see, at every site."""
        e, scopes = t.equipment.c, self._context.actor.scopes
        with self._context.database.read() as tx:
            rows = tx.execute(select(e.equipment_id, e.name).where(e.equipment_id.in_(scopes))).all()
        names = {row[0]: row[1] for row in rows}
        return tuple(names.get(scope, scope) for scope in scopes)

    def node(self, equipment_id: str, level: str) -> Node:
        """A line or a unit by id. Raises NotFound, also for what the actor may not see."""
        if not self._context.actor.may(Permission.SEE_FLOOR, equipment_id):
            raise NotFound(f"there is no such {_LEVELS.get(level, level)} within your area")
        e = t.equipment.c
        columns = (e.equipment_id, e.name, e.machine_type, e.constraint_unit, e.position, e.target_oee)
        with self._context.database.read() as tx:
            row = tx.execute(select(*columns).where(e.equipment_id == equipment_id, e.level == level)).first()
        if row is None:
            raise NotFound(f"there is no such {_LEVELS.get(level, level)} within your area")
        return Node(*row)

    def node_or_none(self, equipment_id: str, level: str) -> Node | None:
        """The same, or None."""
        try:
            return self.node(equipment_id, level)
        except NotFound:
            return None

    def open_cases(self) -> int:
        """How many undecided cases lie within the actor's scopes at this site; 0 without the permission."""
        context = self._context
        if not context.actor.may(Permission.SEE_CASES):
            return 0
        unit = t.cases.c.equipment_id
        query = select(func.count()).where(
            facts.undecided(), in_scope(unit, context.actor), under(unit, context.site.site_id)
        )
        with context.database.read() as tx:
            return int(tx.execute(query).scalar_one())
