"""What *Figures* shows of scrap that the MES booked, beside what was counted."""

from dataclasses import dataclass

from domain.booked_scrap import Booked, Counted, Doubt


@dataclass(frozen=True, slots=True)
class ScrapRow:
    """The work on one order on one machine. `by_counter`: by the machine's count and inspections, else by
    inspections alone. `difference`: booked less counted scrap. `cents` of it are None where the cost of a
    part is not known, or scrap there costs no time of the machine that sets the pace."""

    order_id: str
    product: str
    machine: str
    line: str
    ended_us: int
    booked: Booked
    counted: Counted
    by_counter: bool
    difference: float
    doubt: Doubt | None
    same_parts: bool
    cents: int | None


@dataclass(frozen=True, slots=True)
class ScrapOfProduct:
    """All work on a product that was compared, of which some is `differing`. `cents` of the difference are
    None where a part of it has no known cost."""

    product: str
    compared: int
    differing: int
    booked: float
    counted: float
    cents: int | None

    @property
    def difference(self) -> float:
        """Booked less counted scrap."""
        return self.booked - self.counted


@dataclass(frozen=True, slots=True)
class BookedScrap:
    """The work on orders on machines that ended in a stretch and was booked with its scrap: how many were
    `compared` and are `differing`. `rows` are the worst of these, `products` all that have one, the largest
    difference first. Left out: `uncounted` were neither counted nor inspected, `unmeasured` the figures do
    not have whole, and of orders in `negative` less than none was booked. `since_us`: the end of the oldest,
    where only the newest are looked at."""

    rows: tuple[ScrapRow, ...]
    products: tuple[ScrapOfProduct, ...]
    compared: int
    differing: int
    uncounted: int
    unmeasured: int
    negative: tuple[str, ...]
    since_us: int | None
