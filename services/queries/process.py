"""Reads for the screen *Process settings*: what machines ran with, and the limits that hold."""

from typing import Any

from sqlalchemy import Connection, and_, select

from auth.permissions import Permission
from data.store import process as store
from data.store import process_advice, registry, stops
from data.store import tables as t
from domain.clock import DAY
from domain.model_gates import Stage
from services.context import Context
from services.process.limits import InForce
from services.queries.calendars import changes_of
from services.queries.common import in_scope, names_of, under
from services.rows.process import AdviceRow, AdviceView, SettingRow, SettingsView

DAYS = 30
CAPABILITY = "quality"
FIGURES = ("from_value", "to_value", "share", "change", "change_low", "change_high")
NONE_TRAINED = "No model of scrap has been trained for this plant (docs/process.md)."
STOPPED = "The model of scrap is stopped: nothing is advised."
LIMITS_CHANGED = "the validated limits have changed; looked at again within minutes"


class ProcessQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def settings(self, line_id: str = "", product_id: str = "") -> SettingsView:
        """What operations of the last DAYS days ran with: of the plant or a line, of a product or all."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_FLOOR)
        units = select(e.equipment_id).where(
            e.level == "unit",
            in_scope(e.equipment_id, c.actor),
            under(e.equipment_id, line_id or c.site.site_id),
        )
        mine = t.operations.c.equipment_id.in_(units)
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

    def advice(self, line_id: str = "", product_id: str = "") -> AdviceView:
        """Which settings the champion would move, as far as it may be shown: nothing of a stopped model or of
        an earlier version, and nothing that the limits that hold now do not allow."""
        c, unit = self._context, t.process_advice.c.equipment_id
        c.actor.require(Permission.SEE_PREDICTIONS)
        mine = and_(in_scope(unit, c.actor), under(unit, line_id or c.site.site_id))
        if product_id:
            mine = and_(mine, t.process_advice.c.product_id == product_id)
        with c.database.read() as tx:
            model = _champion(tx)
            if model is None:
                return AdviceView((), silent=NONE_TRAINED)
            said = f"{model['name'].replace('_', ' ')} {model['version']}"
            if stops.stopped(tx, c.site.site_id, model["name"]):
                return AdviceView((), said, STOPPED)
            mine = and_(mine, t.process_advice.c.model_version == model["version"])
            found = process_advice.of(tx, mine, c.now_us - DAYS * DAY)
            names, products = names_of(tx, {row.equipment_id for row in found}), _products(tx)
            held = InForce.read(tx, c.site.site_id)
        rows = [_advice(row, names, products, held) for row in found]
        rows.sort(key=lambda row: (not row.parameter, row.change, row.product, row.equipment_name))
        return AdviceView(tuple(rows), said)


def _champion(tx: Connection) -> Any:
    rows = registry.versions(tx, (Stage.CHAMPION,))
    return next((row for row in rows if row["capability"] == CAPABILITY), None)


def _products(tx: Connection) -> dict[str, str]:
    p = t.products.c
    return {row.product_id: row.name for row in tx.execute(select(p.product_id, p.name))}


def _advice(row: Any, names: dict[str, str], products: dict[str, str], held: InForce) -> AdviceRow:
    limits = held.of(row.equipment_id, row.product_id, row.parameter) if row.parameter else None
    allowed = limits is not None and limits[1].holds(row.to_value)
    said = {name: getattr(row, name) if allowed else 0.0 for name in FIGURES}
    return AdviceRow(
        equipment_id=row.equipment_id, equipment_name=names.get(row.equipment_id, row.equipment_id),
        product=products.get(row.product_id, row.product_id), parameter=row.parameter if allowed else "",
        unit=row.unit, **said, at_us=row.at_us, operations=row.operations, taught=row.taught, came=row.came,
        why_not=row.why_not or ("" if allowed else LIMITS_CHANGED),
    )  # fmt: skip
