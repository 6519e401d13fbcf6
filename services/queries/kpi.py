"""Reads of KPIs on behalf of an actor: figures of a scope, orders, shifts to close."""

from collections.abc import Sequence

from auth.permissions import Permission
from domain.errors import NotFound
from domain.order_kpi import Adherence
from services.context import Context
from services.kpi import closing, orders, reading, remarks
from services.rows.kpi import Ask, FlagRow, KpiView, OrderKpiRow, ShiftRow


class KpiQueries:
    """Each read checks the permission and that the scope lies within the actor's."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self, ask: Ask) -> KpiView:
        """Figures of a plant, an area, a line or a machine. Raises NotFound outside the actor's scopes."""
        self._check(ask.scope)
        with self._context.database.read() as tx:
            return reading.read(tx, ask)

    def remarks(self, ask: Ask) -> list[FlagRow]:
        """Every remark of the machines of a scope in the stretch, newest first, with its record."""
        self._check(ask.scope)
        with self._context.database.read() as tx:
            units = {u.equipment_id: u.name for line in reading.lines_of(tx, ask.scope) for u in line.units}
            alone = {ask.scope: units[ask.scope]} if ask.scope in units else units
            return remarks.every(tx, alone, ask)

    def orders(self, ask: Ask) -> tuple[OrderKpiRow, ...]:
        """Orders that were worked on in the stretch, newest first, with their figures."""
        self._check(ask.scope)
        with self._context.database.read() as tx:
            return orders.read(tx, ask, self._context.now_us)

    def kept(self, ask: Ask) -> Adherence:
        """How many of the orders that were due in the stretch ended in time."""
        self._check(ask.scope)
        with self._context.database.read() as tx:
            return orders.kept(tx, ask, self._context.now_us)

    def shifts(self, lines: Sequence[str], from_us: int, to_us: int) -> tuple[ShiftRow, ...]:
        """Shifts of lines, newest first: open ones to close, closed ones as reported and as corrected."""
        for line in lines:
            self._check(line)
        with self._context.database.read() as tx:
            found = [row for line in lines for row in closing.read(tx, line, from_us, to_us)]
        return tuple(sorted(found, key=lambda row: (-row.from_us, row.line)))

    def lines(self) -> list[tuple[str, str]]:
        """(id, name) of the lines of this site that the actor may see."""
        with self._context.database.read() as tx:
            found = [line.node for line in reading.lines_of(tx, self._context.site.site_id)]
        may = self._context.actor.may
        return [(n.equipment_id, n.name) for n in found if may(Permission.SEE_FLOOR, n.equipment_id)]

    def _check(self, scope: str) -> None:
        if not self._context.actor.may(Permission.SEE_FLOOR, scope):
            raise NotFound("there is no such part of the plant within your area")
