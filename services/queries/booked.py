"""Reads for the screen *Booked work*: utilisation, throughput, lead time, scrap and rework from what the
MES booked (operations and inspections) alone, by `domain.event_log`."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select

from auth.permissions import Permission
from data.store import tables as t
from domain.clock import DAY
from domain.equipment import line_of, within
from domain.errors import InvalidInput, NotFound
from domain.event_log import Event, by_case, by_resource
from domain.kpi import Measures, figures
from services.context import Context
from services.floor.facts import nodes
from services.queries.common import names_of, under
from services.rows.booked import BookedView, CaseRow, ResourceRow
from services.rows.floor import Node

LONGEST_US = 32 * DAY
SHOWN = 100
_LEVELS = ("site", "area", "line", "unit")
_O, _Q = t.operations.c, t.quality_results.c


class BookedQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def view(self, scope: str, from_us: int, to_us: int) -> BookedView:
        """Lines of a plant or an area, machines of a line, one machine; with the orders worked on there.

        Raises NotFound outside the actor's scopes, InvalidInput for more than 32 days.
        """
        c = self._context
        if not c.actor.may(Permission.SEE_FLOOR, scope) or not within(scope, c.site.site_id):
            raise NotFound("there is no such part of the plant within your area")
        if to_us - from_us > LONGEST_US:
            raise InvalidInput("booked work is shown for 31 days at most")
        end = max(from_us + 1, min(to_us, c.now_us))
        with c.database.read() as tx:
            level = _LEVELS[scope.count("/")]
            of = "unit" if level in ("line", "unit") else "line"
            shown = nodes(tx, scope, of)
            work = _work(tx, scope, from_us, end, c.now_us)
            last = _last_machines(tx, scope)
            cases_of = work if level == "unit" else [_of_line(event, last) for event in work]
            lines = {line_of(event.resource) for event in work}
            names = names_of(tx, [scope, *_above(scope), *lines])
            resources = _resources(work if of == "unit" else cases_of, shown, of, (from_us, end))
            cases = _cases(tx, cases_of, scope, names, c.now_us)
        names.setdefault(c.site.site_id, c.site.name)
        above = tuple(
            (names.get(one, one), one) for one in _above(scope) if c.actor.may(Permission.SEE_FLOOR, one)
        )
        return BookedView(scope, names.get(scope, scope), level, above, from_us, end, resources, cases)


def _above(scope: str) -> list[str]:
    parts = scope.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _work(tx: Connection, scope: str, from_us: int, to_us: int, now_us: int) -> list[Event]:
    """Operations that touch the stretch, whole, and what was inspected in it, machine by machine and order
    by order, as events without a length. Negative quantities are left out."""
    touching = (_O.start_us < to_us) & or_(_O.end_us.is_(None), _O.end_us > from_us)
    made = tx.execute(
        select(
            func.coalesce(_Q.order_id, ""), _Q.equipment_id, func.max(_Q.at_us),
            func.sum(_Q.good), func.sum(_Q.scrap), func.sum(_Q.rework),
        )
        .where(
            under(_Q.equipment_id, scope), _Q.at_us > from_us, _Q.at_us <= to_us,
            _Q.good >= 0, _Q.scrap >= 0, _Q.rework >= 0,
        )
        .group_by(_Q.order_id, _Q.equipment_id)
    ).all()  # fmt: skip
    parts = [Event(order, unit, at, at, *amounts) for order, unit, at, *amounts in made]
    return _operations(tx, under(_O.equipment_id, scope) & touching, now_us) + parts


def _operations(tx: Connection, where: ColumnElement[bool], now_us: int) -> list[Event]:
    rows = tx.execute(select(_O.order_id, _O.equipment_id, _O.start_us, _O.end_us).where(where)).all()
    return [Event(order, unit, begin, max(begin, end or now_us)) for order, unit, begin, end in rows]


def _last_machines(tx: Connection, scope: str) -> set[str]:
    """The last machine of each line: what is good there is good output of the line."""
    units = nodes(tx, line_of(scope) if scope.count("/") > 2 else scope, "unit")
    return set({line_of(unit.equipment_id): unit.equipment_id for unit in units}.values())


def _of_line(event: Event, last: set[str]) -> Event:
    """The event as one of its line: good parts count at the last machine, once."""
    good = event.good if event.resource in last else 0.0
    e = event
    return Event(e.case_id, line_of(e.resource), e.from_us, e.to_us, good, e.scrap, e.rework)


def _resources(
    work: Sequence[Event], shown: Sequence[Node], level: str, span: tuple[int, int]
) -> tuple[ResourceRow, ...]:
    found, orders = by_resource(work, *span), defaultdict[str, set[str]](set)
    for event in work:
        orders[event.resource].add(event.case_id)
    idle = Measures(delay_us=span[1] - span[0])
    return tuple(
        ResourceRow(
            node.equipment_id, node.name, level, (m := found.get(node.equipment_id, idle)), figures(m),
            len(orders[node.equipment_id] - {""}),
        )
        for node in shown
    )  # fmt: skip


def _cases(
    tx: Connection, work: Sequence[Event], scope: str, names: dict[str, str], now_us: int
) -> tuple[CaseRow, ...]:
    """The orders worked on, the newest first, SHOWN at most: lead time and work of the whole order, parts
    of the stretch."""
    begins: dict[str, int] = {}
    parts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for event in work:
        if event.to_us > event.from_us:
            begins[event.case_id] = min(event.from_us, begins.get(event.case_id, event.from_us))
        for place, amount in enumerate((event.good, event.scrap, event.rework)):
            parts[event.case_id][place] += amount
    chosen = sorted(begins, key=lambda case: (-begins[case], case))[:SHOWN]
    every = _operations(tx, under(_O.equipment_id, scope) & _O.order_id.in_(chosen), now_us)
    whole, lines = by_case(every), {event.case_id: line_of(event.resource) for event in every}
    first: dict[str, int] = {}
    for event in every:
        first[event.case_id] = min(event.from_us, first.get(event.case_id, event.from_us))
    told = _told(tx, scope, chosen)
    return tuple(
        CaseRow(
            case, told.get(case, ""), names.get(lines[case], lines[case]), whole[case],
            parts[case][0], parts[case][1], parts[case][2],
            first[case],
        )
        for case in chosen
    )  # fmt: skip


def _told(tx: Connection, scope: str, orders: Sequence[str]) -> dict[str, str]:
    """The products of orders."""
    p = t.products.c
    query = (
        select(_O.order_id, func.coalesce(p.name, _O.product_id))
        .join_from(
            t.operations, t.products, (p.instance == _O.instance) & (p.product_id == _O.product_id),
            isouter=True,
        )
        .where(under(_O.equipment_id, scope), _O.order_id.in_(orders))
        .distinct()
    )  # fmt: skip
    return {row[0]: row[1] for row in tx.execute(query)}
