"""A scope's figures out of the roll-ups. Takes a transaction and trusts the caller's checks.

A line is measured at its constraint, with the good output of the line; areas, sites and products are
sums over the constraints of their lines, never means.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from data.store.statements import Among
from domain.equipment import LEVELS, line_of
from domain.errors import NotFound
from domain.kpi import Measures, MinorModel, figures, total, weighted_mean
from domain.reliability import mtbf_interval
from domain.shift_calendar import at_minute, local_day
from domain.time_model import Cause
from services.floor import facts
from services.kpi import bottlenecks, losses, pri, remarks, sums, valid
from services.kpi.lines import Cells, Line, at_pace, line_products
from services.kpi.planned import zone_of
from services.queries.common import names_of
from services.rows.kpi import Ask, BottleneckRow, KpiRow, KpiView

_PRODUCTS = Among("SELECT product_id, name FROM products WHERE product_id {among}")


def read(tx: Connection, ask: Ask) -> KpiView:
    """Everything about `ask.scope`. Raises NotFound for a scope without machines."""
    lines = lines_of(tx, ask.scope)
    if not lines:
        raise NotFound("there is no such part of the plant, or it has no machines yet")
    zone, model = zone_of(tx, ask.scope), valid.model_of(tx, ask.scope, ask.to_us)
    level = LEVELS[ask.scope.count("/")]
    units = [u.equipment_id for line in lines for u in line.units]
    pace = [ask.scope] if level == "unit" else [line.constraint.equipment_id for line in lines]
    shown = units if level == "line" else pace
    after = {} if level in ("unit", "line") else {u: line.after[0] for line in lines for u in line.after}
    cube = sums.read(tx, shown, after, ask, zone)
    cells, lost = cube.by_product(), sums.losses(tx, pace, ask, zone)
    whole = waits_of(at_pace(cells, lines, level, ask.scope), lost, pace)
    every = {} if level == "unit" else sums.beside(tx, units, ask, zone)
    if level != "unit":
        whole = lines_all(whole, every, units)
    goals = valid.goals(tx, [*_above(ask.scope, lines), *(units if level in ("unit", "line") else ())])
    below = parts(ask, lines, cells, level, model, goals)
    if level in ("site", "area"):
        below = tuple(
            row(r.key, r.name, r.level, lines_all(r.measures, every, [u.equipment_id for u in line.units]),
                model, r.target)
            for r, line in zip(below, lines, strict=True)
        )  # fmt: skip
    aim = _aims(ask.scope, level, below, goals)
    rates = {line.node.equipment_id: losses.rate(tx, line) for line in lines}
    named = {u.equipment_id: u.name for line in lines for u in line.units}
    flagged, count = remarks.newest(tx, [ask.scope] if level == "unit" else units, ask, named)
    wide = areas(tx, ask, below, model, goals) if level == "site" else ()
    made = products(tx, cells, lines, level, ask.scope, model)
    low, high = mtbf_interval((whole.setup_us + whole.production_us) / 1e6, whole.failures)
    return KpiView(
        ask,
        row(ask.scope, valid.name_of(tx, ask.scope), level, whole, model, aim(ask.to_us - 1)),
        below,
        wide,
        days(tx, ask, lines, level, zone, model, aim),
        shifts(cube, ask, lines, level, model),
        made,
        losses.pareto(lost, lines, level, ask.scope, rates),
        losses.of_scope(whole, below, lines, level, ask.scope, rates),
        flagged,
        count,
        _bottlenecks(tx, lines, level, every, ask, zone),
        low,
        high,
        model,
        next(iter(rates.values())) if len(set(rates.values())) == 1 else 0,  # each line has its own
        valid.upto(tx, units),
        _quality_targets(tx, ask, [ask.scope, *(r.key for r in (*wide, *below))]),
        pri.read(tx, {u: named[u] for u in shown}, ask, {r.key: r.name for r in made}),
    )


def _aims(
    scope: str, level: str, below: Sequence[KpiRow], goals: valid.Goals
) -> Callable[[int], float | None]:
    """The OEE target of a scope by moment; a plant or an area without one has that of its lines, weighted by
    their planned time in the stretch."""

    def at(at_us: int) -> float | None:
        goal = goals.at(scope, at_us)
        if goal is None and level in ("site", "area"):
            return weighted_mean((goals.at(r.key, at_us), r.measures.pbt_us) for r in below)
        return goal

    return at


def _quality_targets(tx: Connection, ask: Ask, keys: Iterable[str]) -> dict[str, float]:
    """By part of the plant the nearest one, upwards; without it where none is set."""
    above = {
        key: ["/".join(key.split("/")[:count]) for count in range(key.count("/") + 1, 0, -1)] for key in keys
    }
    goals, found = valid.goals(tx, sorted({one for each in above.values() for one in each}), "quality"), {}
    for key, each in above.items():
        goal = next((goal for one in each if (goal := goals.at(one, ask.to_us - 1)) is not None), None)
        if goal is not None:
            found[key] = goal
    return found


def _bottlenecks(
    tx: Connection, lines: Sequence[Line], level: str, every: Mapping[str, Mapping[str, Any]], ask: Ask,
    zone: str,
) -> tuple[BottleneckRow, ...]:  # fmt: skip
    if level == "unit" or ask.product:  # waits are charged to machines, not to products
        return ()
    return bottlenecks.find(lines, sums.busy(every), sums.charged(tx, list(every), ask, zone))


def lines_of(tx: Connection, scope: str) -> list[Line]:
    """The lines at or below a scope, or the line above a unit, with their units."""
    deep = scope.count("/") == len(LEVELS) - 1
    near, units = line_of(scope) if deep else scope, defaultdict(list)
    for unit in facts.nodes(tx, near, "unit"):
        units[line_of(unit.equipment_id)].append(unit)
    found = [Line(node, tuple(units[node.equipment_id])) for node in facts.nodes(tx, near, "line")]
    known = [line for line in found if line.units]
    if deep and not any(u.equipment_id == scope for line in known for u in line.units):
        return []
    return known


def waits_of(m: Measures, lost: sums.Lost, pace: Iterable[str]) -> Measures:
    """The measures with what the machines that set the pace waited for others."""
    wanted = set(pace)
    found: dict[str, int] = defaultdict(int)
    for (unit, cause, _), (us, _) in lost.items():
        if unit in wanted:
            found[cause] += us
    return replace(m, blocked_us=found[Cause.BLOCKED], starved_us=found[Cause.STARVED])


def lines_all(m: Measures, every: Mapping[str, Mapping[str, Any]], units: Iterable[str]) -> Measures:
    """Measures of lines at their constraints, with the energy, the inspections and the maintenance of all
    their machines."""
    mine = list(units)
    sums_of = {name: sum(every[unit][name] for unit in mine) for name in sums.BESIDE}
    return replace(m, **sums_of)


def row(
    key: str, name: str, level: str, m: Measures, model: MinorModel, goal: float | None = None, at_us: int = 0
) -> KpiRow:
    """A row with its figures. Energy by part is of a machine or a line: parts of lines do not add up, and a
    product or a shift of a line has the energy of its constraint only."""
    return KpiRow(key, name, level, m, figures(m, model, by_part=level in ("unit", "line")), goal, at_us)


def parts(
    ask: Ask, lines: Sequence[Line], cells: Cells, level: str, model: MinorModel, goals: valid.Goals
) -> tuple[KpiRow, ...]:
    """What a scope consists of: lines of a plant or an area, machines of a line."""
    if level == "unit":
        return ()
    if level == "line":
        return tuple(
            row(
                u.equipment_id, u.name, "unit",
                total(m for (unit, _), m in cells.items() if unit == u.equipment_id),
                model, goals.at(u.equipment_id, ask.to_us - 1),
            )
            for u in lines[0].units
        )  # fmt: skip
    return tuple(
        row(
            line.node.equipment_id, line.node.name, "line", total(line_products(cells, line).values()),
            model, goals.at(line.node.equipment_id, ask.to_us - 1),
        )
        for line in lines
    )  # fmt: skip


def _above(scope: str, lines: Sequence[Line]) -> set[str]:
    """The scope, its lines and their areas."""
    ids = [line.node.equipment_id for line in lines]
    return {scope, *ids, *(one.rsplit("/", 1)[0] for one in ids)}


def areas(
    tx: Connection, ask: Ask, below: Sequence[KpiRow], model: MinorModel, goals: valid.Goals
) -> tuple[KpiRow, ...]:
    """The areas of a plant with several, each the sum over the constraints of its lines. An area without a
    target of its own has that of its lines, weighted by their planned time."""
    found: dict[str, list[KpiRow]] = defaultdict(list)
    for line in below:
        found[line.key.rsplit("/", 1)[0]].append(line)
    if len(found) < 2:
        return ()
    names, rows = names_of(tx, list(found)), []
    for area, mine in found.items():
        goal = goals.at(area, ask.to_us - 1)
        if goal is None:
            goal = weighted_mean((r.target, r.measures.pbt_us) for r in mine)
        m = total(r.measures for r in mine)
        rows.append(row(area, names.get(area, area), "area", m, model, goal))
    return tuple(rows)


def _measured(lines: Sequence[Line], level: str, scope: str) -> set[str]:
    if level == "unit":
        return {scope}
    return {u for line in lines for u in (line.constraint.equipment_id, *line.after)}


def days(
    tx: Connection, ask: Ask, lines: Sequence[Line], level: str, zone: str, model: MinorModel,
    aim: Callable[[int], float | None],
) -> tuple[KpiRow, ...]:  # fmt: skip
    """Day by day, for the trend, each with its own target; month by month over a long stretch, with that of
    the month's end."""
    after = {} if level == "unit" else {u: x.constraint.equipment_id for x in lines for u in x.after}
    pace = [ask.scope] if level == "unit" else [line.constraint.equipment_id for line in lines]
    found = sums.trend(tx, pace, after, ask, zone)
    step = "month" if sums.by_month(ask, zone) else "day"

    def last(begin: int) -> int:
        if step == "day":
            return begin
        return min(at_minute(sums.next_month(local_day(begin, zone)), 0, zone), ask.to_us) - 1

    return tuple(row(str(at), "", step, m, model, aim(last(at)), at) for at, m in found.items())


def shifts(
    cube: sums.Cube, ask: Ask, lines: Sequence[Line], level: str, model: MinorModel
) -> tuple[KpiRow, ...]:
    """By name of shift."""
    found = cube.by_shift(_measured(lines, level, ask.scope))
    return tuple(
        row(
            name,
            name or "Outside shifts",
            "shift",
            at_pace(_only(found, name), lines, level, ask.scope),
            model,
        )
        for name in sorted({name for _, name in found})
    )


def _only(found: Cells, key: str) -> Cells:
    return {place: m for place, m in found.items() if place[1] == key}


def products(
    tx: Connection, cells: Cells, lines: Sequence[Line], level: str, scope: str, model: MinorModel
) -> tuple[KpiRow, ...]:
    """By product."""
    wanted = sorted({product for _, product in cells if product})
    names: dict[str, str] = dict(_PRODUCTS.rows(tx, wanted, {}))
    return tuple(
        row(
            product, names.get(product, product), "product",
            at_pace(_only(cells, product), lines, level, scope), model,
        )
        for product in wanted
    )  # fmt: skip
