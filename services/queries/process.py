"""Reads for the screen *Process settings*: what machines ran with, and the limits that hold."""

from sqlalchemy import and_

from auth.permissions import Permission
from data.store import process as store
from data.store import tables as t
from domain.clock import DAY
from services.context import Context
from services.process.limits import InForce
from services.queries.calendars import changes_of
from services.queries.common import in_scope, names_of, under
from services.rows.process import SettingRow, SettingsView

DAYS = 30


class ProcessQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def settings(self, line_id: str = "", product_id: str = "") -> SettingsView:
        """What operations of the last DAYS days ran with: of the plant or a line, of a product or all."""
        c, unit = self._context, t.process_parameters.c.equipment_id
        c.actor.require(Permission.SEE_FLOOR)
        mine = and_(in_scope(unit, c.actor), under(unit, line_id or c.site.site_id))
        with c.database.read() as tx:
            found = store.spread(tx, mine, c.now_us - DAYS * DAY)
            names, held = names_of(tx, {row.equipment_id for row in found}), InForce.read(tx, c.site.site_id)
            changes = changes_of(tx, c, "parameter limits")
        products = {row.product_id: row.product or row.product_id for row in found}
        rows = []
        for row in found:
            if product_id and row.product_id != product_id:
                continue
            scope, limits = held.of(row.equipment_id, row.product_id, row.parameter) or ("", None)
            name = names.get(row.equipment_id, row.equipment_id)
            rows.append(
                SettingRow(
                    row.equipment_id, name, row.product_id, products[row.product_id], row.parameter, row.unit,
                    row.at_us, row.value, row.set_point, row.runs, row.lowest, row.highest, limits, scope,
                )
            )  # fmt: skip
        return SettingsView(tuple(rows), tuple(products.items()), DAYS, changes)
