"""Reads for the screen *Booked work*: utilisation, throughput, lead time, scrap and rework from what the
MES booked (operations and inspections) alone, by `domain.event_log`."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from auth.permissions import Permission
from data.store.statements import Among, Statement, below
from domain.clock import DAY
from domain.equipment import line_of, within
from domain.errors import InvalidInput, NotFound
from domain.event_log import Event, by_case, by_resource
from domain.kpi import Measures, figures
from services.context import Context
from services.floor.facts import nodes
from services.queries.common import names_of
from services.rows.booked import BookedView, CaseRow, ResourceRow
from services.rows.floor import Node

LONGEST_US = 32 * DAY
SHOWN = 100
_LEVELS = ("site", "area", "line", "unit")
_HERE = Statement(
    "SELECT equipment_id FROM equipment WHERE equipment_id = :scope OR equipment_id LIKE :below ESCAPE '!'"
)
_WORKED = Among(
    "SELECT order_id, equipment_id, start_us, COALESCE(end_us, :now_us) FROM operations"
    " WHERE equipment_id {among} AND start_us < :to_us AND (end_us IS NULL OR end_us > :from_us)"
)
_MADE = Among(
    "SELECT COALESCE(order_id, ''), equipment_id, MAX(at_us), SUM(good), SUM(scrap), SUM(rework)"
    " FROM quality_results WHERE equipment_id {among}"
    " AND at_us > :from_us AND at_us <= :to_us AND good >= 0 AND scrap >= 0 AND rework >= 0"
    " GROUP BY order_id, equipment_id"
)
_OF_ORDERS = Among(
    "SELECT o.order_id, o.equipment_id, o.start_us, COALESCE(o.end_us, :now_us),"
    " COALESCE(p.name, o.product_id) FROM operations o LEFT JOIN products p"
    " ON p.instance = o.instance AND p.product_id = o.product_id"
    " WHERE o.equipment_id {among} AND o.order_id {among:orders}"
)


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
            here = [row[0] for row in _HERE.rows(tx, {"scope": scope, "below": below(scope)})]
            work = _work(tx, here, from_us, end, c.now_us)
            last = _last_machines(tx, scope)
            cases_of = work if level == "unit" else _of_lines(work, last)
            lines = {line_of(unit) for unit in {event.resource for event in work}}
            names = names_of(tx, [scope, *_above(scope), *lines])
            resources = _resources(work if of == "unit" else cases_of, shown, of, (from_us, end))
            cases = _cases(tx, cases_of, here, names, c.now_us)
        names.setdefault(c.site.site_id, c.site.name)
        above = tuple(
            (names.get(one, one), one) for one in _above(scope) if c.actor.may(Permission.SEE_FLOOR, one)
        )
        return BookedView(scope, names.get(scope, scope), level, above, from_us, end, resources, cases)


def _above(scope: str) -> list[str]:
    parts = scope.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _work(tx: Connection, here: Sequence[str], from_us: int, to_us: int, now_us: int) -> list[Event]:
    """Operations that touch the stretch, whole, and what was inspected in it, machine by machine and order
    by order, as events without a length. Negative quantities are left out."""
    stretch = {"from_us": from_us, "to_us": to_us}
    made = _MADE.rows(tx, here, stretch)
    worked = _WORKED.rows(tx, here, stretch | {"now_us": now_us})
    parts = [Event(order, unit, at, at, *amounts) for order, unit, at, *amounts in made]
    return [Event(order, unit, begin, max(begin, end)) for order, unit, begin, end in worked] + parts


def _last_machines(tx: Connection, scope: str) -> set[str]:
    """The last machine of each line: what is good there is good output of the line."""
    units = nodes(tx, line_of(scope) if scope.count("/") > 2 else scope, "unit")
    return set({line_of(unit.equipment_id): unit.equipment_id for unit in units}.values())


def _of_lines(work: Sequence[Event], last: set[str]) -> list[Event]:
    """Events as those of their lines: good parts count at the last machine, once."""
    lines = {unit: line_of(unit) for unit in {event.resource for event in work}}
    return [
        Event(
            e.case_id, lines[e.resource], e.from_us, e.to_us, e.good if e.resource in last else 0.0, e.scrap,
            e.rework,
        )
        for e in work
    ]  # fmt: skip


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
    tx: Connection, work: Sequence[Event], here: Sequence[str], names: dict[str, str], now_us: int
) -> tuple[CaseRow, ...]:
    """The orders worked on, the newest first, SHOWN at most: lead time and work of the whole order, parts
    of the stretch."""
    begins: dict[str, int] = {}
    parts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for event in work:
        if event.to_us > event.from_us:
            begins[event.case_id] = min(event.from_us, begins.get(event.case_id, event.from_us))
        if event.good or event.scrap or event.rework:
            its = parts[event.case_id]
            its[0], its[1], its[2] = its[0] + event.good, its[1] + event.scrap, its[2] + event.rework
    chosen = sorted(begins, key=lambda case: (-begins[case], case))[:SHOWN]
    rows = _OF_ORDERS.rows(tx, here, {"orders": chosen, "now_us": now_us})
    every = [Event(order, unit, begin, max(begin, end)) for order, unit, begin, end, _ in rows]
    told = {order: product for order, *_, product in rows}
    whole, lines = by_case(every), {event.case_id: line_of(event.resource) for event in every}
    first: dict[str, int] = {}
    for event in every:
        first[event.case_id] = min(event.from_us, first.get(event.case_id, event.from_us))
    return tuple(
        CaseRow(
            case, told.get(case, ""), names.get(lines[case], lines[case]), whole[case],
            parts[case][0], parts[case][1], parts[case][2],
            first[case],
        )
        for case in chosen
    )  # fmt: skip
