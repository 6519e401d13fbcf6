"""Reads for the screen *Lots*: which lot went into which order, and what it became."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from auth.permissions import Permission
from data.store import tables as t
from domain.errors import NotFound
from services.context import Context
from services.queries.common import in_scope, names_of, under
from services.rows.lots import Genealogy, LotOrder, LotRow, LotsView

SHOWN = 200
CONSUMED, PRODUCED = "Consumed", "Produced"
_L, _U, _O, _M = t.material_lots.c, t.lot_uses.c, t.orders.c, t.materials.c
_OF_LOT = and_(_U.instance == _L.instance, _U.lot_id == _L.lot_id)
_OF_ORDER = and_(_O.instance == _U.instance, _O.order_id == _U.order_id)
_MATERIAL = and_(_M.instance == _L.instance, _M.material_id == _L.material_id)


class LotQueries:
    """Reads on behalf of `context.actor`: lots that an order on one of the actor's lines used or made."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lots(self, text: str = "") -> LotsView:
        """The newest lots whose number, material or order holds a text, SHOWN at most."""
        self._context.actor.require(Permission.SEE_FLOOR)
        seen = self._joined(*_LOT, func.count(_U.order_id.distinct())).where(self._mine())
        if text:
            seen = seen.where(
                or_(self._holds(_L.lot_id, text), self._holds(_M.name, text), self._holds(_U.order_id, text))
            )
        seen = seen.where(tuple_(_L.instance, _L.lot_id).in_(self._newest(text)))
        seen = seen.group_by(*_LOT).order_by(_L.at_us.desc(), _L.lot_id).limit(SHOWN)
        trades = select(t.personnel_classes.c.name).distinct().order_by(t.personnel_classes.c.name)
        with self._context.database.read() as tx:
            return LotsView(
                tuple(LotRow(*row) for row in tx.execute(seen)),
                tuple(tx.execute(trades).scalars()),
                tx.execute(select(func.count(_M.material_id.distinct()))).scalar_one(),
            )

    def _newest(self, text: str) -> Select[Any]:
        """The newest lots that hold a text, by their time alone: what was used long ago is not looked at, or
        its numbers only."""
        used = select(_U.use_id).join(t.orders, _OF_ORDER).where(_OF_LOT, self._mine())
        newest = select(_L.instance, _L.lot_id)
        if text:
            called = select(_M.instance, _M.material_id).where(self._holds(_M.name, text))
            ordered = select(_U.instance, _U.lot_id).join(t.orders, _OF_ORDER)
            ordered = ordered.where(self._holds(_O.order_id, text), self._mine())
            newest = newest.where(
                or_(
                    self._holds(_L.lot_id, text),
                    tuple_(_L.instance, _L.material_id).in_(called),
                    tuple_(_L.instance, _L.lot_id).in_(ordered),
                )
            )
        newest = newest.where(used.correlate(t.material_lots).exists())
        return newest.order_by(_L.at_us.desc(), _L.lot_id).limit(SHOWN)

    def genealogy(self, instance: str, lot_id: str) -> Genealogy:
        """One lot with the step before it and the step after it. Raises NotFound, also for what the actor
        may not see."""
        self._context.actor.require(Permission.SEE_FLOOR)
        wanted = and_(_L.instance == instance, _L.lot_id == lot_id)
        with self._context.database.read() as tx:
            query = self._joined(*_LOT, func.count(_U.order_id.distinct())).where(wanted, self._mine())
            row = tx.execute(query.group_by(*_LOT)).first()
            if row is None:
                raise NotFound("there is no such lot within your area")
            lot = LotRow(*row)
            return Genealogy(lot, self._orders(tx, lot, PRODUCED), self._orders(tx, lot, CONSUMED))

    def _orders(self, tx: Connection, lot: LotRow, use: str) -> tuple[LotOrder, ...]:
        """Orders that made or used the lot, with what went in, or what came out, on their other side."""
        p = t.products.c
        named = and_(p.instance == _O.instance, p.product_id == _O.product_id)
        query = (
            select(_U.order_id, _O.line_id, p.name, _O.product_id, _U.quantity, _U.at_us)
            .join_from(t.lot_uses, t.orders, _OF_ORDER)
            .join(t.products, named, isouter=True)
            .where(_U.instance == lot.instance, _U.lot_id == lot.lot_id, _U.use == use, self._mine())
            .order_by(_U.at_us)
            .limit(SHOWN)
        )
        rows = tx.execute(query).all()
        lines = names_of(tx, {row.line_id for row in rows})
        other = CONSUMED if use == PRODUCED else PRODUCED
        return tuple(
            LotOrder(
                row.order_id,
                lines.get(row.line_id, row.line_id),
                row.name or row.product_id,
                use,
                row.quantity,
                row.at_us,
                self._beside(tx, lot.instance, row.order_id, other),
            )
            for row in rows
        )

    def _beside(self, tx: Connection, instance: str, order_id: str, use: str) -> tuple[LotRow, ...]:
        mine = and_(_U.instance == instance, _U.order_id == order_id, _U.use == use)
        rows = tx.execute(self._joined(*_LOT).where(mine, self._mine()).order_by(_L.lot_id))
        return tuple(LotRow(*row) for row in rows)

    def _joined(self, *columns: Any) -> Select[Any]:
        return (
            select(*columns)
            .join_from(t.material_lots, t.lot_uses, _OF_LOT)
            .join(t.orders, _OF_ORDER)
            .join(t.materials, _MATERIAL, isouter=True)
        )

    def _holds(self, column: ColumnElement[str], text: str) -> ColumnElement[bool]:
        """Whether a text is in it, whatever its case; SQLite's LIKE does not look at it anyway."""
        if self._context.database.is_sqlite:
            return column.contains(text, autoescape=True)
        return column.icontains(text, autoescape=True)

    def _mine(self) -> ColumnElement[bool]:
        c = self._context
        return and_(in_scope(_O.line_id, c.actor), under(_O.line_id, c.site.site_id))


_LOT: tuple[Any, ...] = (
    _L.instance,
    _L.lot_id,
    func.coalesce(_M.name, _L.material_id),
    _L.quantity,
    func.coalesce(_M.unit, ""),
    _L.status,
    _L.at_us,
)
