"""What the screen *Lots* shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot of material; `orders` counts those that used or made it, where that was asked. `quantity` and
    `status` are None where its database does not say them."""

    instance: str
    lot_id: str
    material: str
    quantity: float | None
    unit: str
    status: str | None
    at_us: int
    orders: int = 0


@dataclass(frozen=True, slots=True)
class LotOrder:
    """An order that used or made a lot, with the lots on its other side."""

    order_id: str
    line: str
    product: str
    use: str
    quantity: float
    at_us: int
    others: tuple[LotRow, ...]


@dataclass(frozen=True, slots=True)
class Genealogy:
    """A lot, the orders that made it, and those that used it, oldest first."""

    lot: LotRow
    made_by: tuple[LotOrder, ...]
    went_into: tuple[LotOrder, ...]


@dataclass(frozen=True, slots=True)
class LotsView:
    """The newest lots that fit, and the trades that the MES knows."""

    lots: tuple[LotRow, ...]
    trades: tuple[str, ...]
    materials: int
