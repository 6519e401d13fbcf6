"""Reads of KPIs on behalf of an actor: figures of a scope, orders, shifts to close."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from auth.permissions import Permission
from domain.errors import NotFound
from domain.order_kpi import Adherence
from services.context import Context
from services.kpi import booked_scrap, closing, orders, reading, remarks, shift_list
from services.kpi.lines import Line
from services.rows.booked_scrap import BookedScrap
from services.rows.kpi import Ask, Begun, FlagRow, KpiView, OrderKpiRow, ShiftRow


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

    def booked_scrap(self, ask: Ask) -> BookedScrap:
        """Scrap that the MES booked with work that ended in the stretch, beside what was counted of it."""
        self._check(ask.scope)
        with self._context.database.read() as tx:
            return booked_scrap.read(tx, ask, self._context.now_us)

    def begun(self, lines: Sequence[str], from_us: int, to_us: int) -> tuple[Begun, ...]:
        """The shifts of lines that begin in [from_us, to_us), newest first, without their figures."""
        with self._context.database.read() as tx:
            return shift_list.begun(tx, self._lines(tx, lines), from_us, to_us)

    def shifts(self, chosen: Sequence[Begun], by_us: int) -> tuple[ShiftRow, ...]:
        """These shifts, in their order: open ones to close, closed ones as reported and as corrected. By the
        model of minor stops that holds at `by_us`, the end of the stretch that is looked at."""
        with self._context.database.read() as tx:
            lines = self._lines(tx, {one.line_id for one in chosen})
            return closing.read(tx, lines, chosen, by_us)

    def _lines(self, tx: Connection, wanted: Collection[str]) -> list[Line]:
        for line in wanted:
            self._check(line)
        every = reading.lines_of(tx, self._context.site.site_id) if wanted else []
        return [line for line in every if line.node.equipment_id in wanted]

    def lines(self) -> list[tuple[str, str]]:
        """(id, name) of the lines of this site that the actor may see."""
        with self._context.database.read() as tx:
            found = [line.node for line in reading.lines_of(tx, self._context.site.site_id)]
        may = self._context.actor.may
        return [(n.equipment_id, n.name) for n in found if may(Permission.SEE_FLOOR, n.equipment_id)]

    def _check(self, scope: str) -> None:
        if not self._context.actor.may(Permission.SEE_FLOOR, scope):
            raise NotFound("there is no such part of the plant within your area")
