"""A scope's figures out of the roll-ups. Takes a transaction and trusts the caller's checks.

A line is measured at its constraint, with the good output of the line; areas, sites and products are
sums over the constraints of their lines, never means.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.clock import HOUR
from domain.costs import Rates
from domain.equipment import LEVELS, line_of
from domain.errors import NotFound
from domain.kpi import Measures, MinorModel, figures, six_big_losses, total, weighted_mean
from domain.reliability import mtbf_interval
from domain.time_model import Cause
from services import situation
from services.floor import facts
from services.kpi import bottlenecks, sums, valid
from services.kpi.lines import Cells, Line, at_pace, line_products
from services.kpi.planned import zone_of
from services.queries.common import names_of
from services.rows.kpi import FLAGS_BACK_US, Ask, BigLossRow, BottleneckRow, FlagRow, KpiRow, KpiView, LossRow

SHOWN_FLAGS = 40
PERFECT = frozenset({Cause.NO_SHIFT, Cause.REMOVED, Cause.PLACED_LATER})


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
    goals = valid.goals(tx, [*_above(ask.scope, lines), *(units if level in ("unit", "line") else ())])
    below = parts(ask, lines, cells, level, model, goals)
    goal = goals.at(ask.scope, ask.to_us - 1)
    goal = (
        weighted_mean((r.target, r.measures.pbt_us) for r in below)
        if goal is None and level in ("site", "area")
        else goal
    )
    rate = (situation.rates_for(tx, ask.scope) or Rates()).downtime_cents_per_hour
    named = {u.equipment_id: u.name for line in lines for u in line.units}
    flagged, count = flags(tx, [ask.scope] if level == "unit" else units, ask, named)
    low, high = mtbf_interval((whole.setup_us + whole.production_us) / 1e6, whole.failures)
    return KpiView(
        ask,
        row(ask.scope, valid.name_of(tx, ask.scope), level, whole, model, goal),
        below,
        areas(tx, ask, below, model, goals) if level == "site" else (),
        days(tx, ask, lines, level, zone, model),
        shifts(cube, ask, lines, level, model),
        products(tx, cells, lines, level, ask.scope, model),
        pareto(lost, lines, level, ask.scope, rate),
        big_losses(whole, rate if _paces(lines, level, ask.scope) else 0),
        flagged,
        count,
        _bottlenecks(tx, lines, level, units, ask, zone),
        low,
        high,
        model,
        rate,
        valid.upto(tx, units),
        _quality_target(tx, ask),
    )


def _quality_target(tx: Connection, ask: Ask) -> float | None:
    """The nearest one, upwards."""
    steps = ask.scope.split("/")
    above = ["/".join(steps[:count]) for count in range(len(steps), 0, -1)]
    goals = valid.goals(tx, above, "quality")
    return next((goal for one in above if (goal := goals.at(one, ask.to_us - 1)) is not None), None)


def _bottlenecks(
    tx: Connection, lines: Sequence[Line], level: str, units: Sequence[str], ask: Ask, zone: str
) -> tuple[BottleneckRow, ...]:
    if level == "unit":
        return ()
    return bottlenecks.find(lines, sums.busy(tx, units, ask, zone), sums.charged(tx, units, ask, zone))


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


def _paces(lines: Sequence[Line], level: str, scope: str) -> bool:
    return level != "unit" or any(line.constraint.equipment_id == scope for line in lines)


def waits_of(m: Measures, lost: sums.Lost, pace: Iterable[str]) -> Measures:
    """The measures with what the machines that set the pace waited for others."""
    wanted = set(pace)
    found: dict[str, int] = defaultdict(int)
    for (unit, cause, _), (us, _) in lost.items():
        if unit in wanted:
            found[cause] += us
    return replace(m, blocked_us=found[Cause.BLOCKED], starved_us=found[Cause.STARVED])


def row(
    key: str, name: str, level: str, m: Measures, model: MinorModel, goal: float | None = None, at_us: int = 0
) -> KpiRow:
    """A row with its figures."""
    return KpiRow(key, name, level, m, figures(m, model), goal, at_us)


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
    tx: Connection, ask: Ask, lines: Sequence[Line], level: str, zone: str, model: MinorModel
) -> tuple[KpiRow, ...]:
    """Day by day, for the trend; month by month over a long stretch."""
    after = {} if level == "unit" else {u: x.constraint.equipment_id for x in lines for u in x.after}
    pace = [ask.scope] if level == "unit" else [line.constraint.equipment_id for line in lines]
    found = sums.trend(tx, pace, after, ask, zone)
    step = "month" if sums.by_month(ask, zone) else "day"
    return tuple(row(str(day), "", step, total(m), model, None, day) for day, m in found.items())


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
    p = t.products.c
    wanted = sorted({product for _, product in cells if product})
    names = {r[0]: r[1] for r in tx.execute(select(p.product_id, p.name).where(p.product_id.in_(wanted)))}
    return tuple(
        row(
            product, names.get(product, product), "product",
            at_pace(_only(cells, product), lines, level, scope), model,
        )
        for product in wanted
    )  # fmt: skip


def pareto(lost: sums.Lost, lines: Sequence[Line], level: str, scope: str, rate: int) -> tuple[LossRow, ...]:
    """Losses by cause, the longest first: of a unit its own, of lines those of their constraints, which
    cost the stated rate. Planned time and time outside shifts is no loss."""
    names = {u.equipment_id: u.name for line in lines for u in line.units}
    pace = {line.constraint.equipment_id for line in lines}
    wanted = {scope} if level == "unit" else pace
    planned = {Cause.BREAK, Cause.PLANNED_STOP, *PERFECT}
    rows = [
        LossRow(
            cause, unit, names.get(unit, unit), names.get(whom, ""), us, times,
            round(us / HOUR * rate) if unit in pace and cause != Cause.NO_DATA else None,
        )
        for (unit, cause, whom), (us, times) in lost.items()
        if unit in wanted and cause not in planned and us > 0
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda r: (-r.lost_us, r.name, r.cause)))


def big_losses(m: Measures, rate: int) -> tuple[BigLossRow, ...]:
    """The six big losses with what they cost at the line's stated rate."""
    return tuple(
        BigLossRow(loss.name, loss.label, loss.seconds, round(loss.seconds / 3600 * rate))
        for loss in six_big_losses(m)
    )


def flags(
    tx: Connection, units: Sequence[str], ask: Ask, names: dict[str, str]
) -> tuple[tuple[FlagRow, ...], int]:
    """The newest oddity of each kind and machine in the shifts that began in the last FLAGS_BACK_US of the
    stretch, and how many there are."""
    f = t.kpi_flags.c
    since = max(ask.from_us, ask.to_us - FLAGS_BACK_US)
    here = (f.equipment_id.in_(list(units)), f.from_us >= since, f.from_us < ask.to_us)
    newest = func.max(f.from_us)
    query = select(f.equipment_id, f.code, newest, func.count()).where(*here).group_by(f.equipment_id, f.code)
    kinds = tx.execute(query.order_by(newest.desc(), f.equipment_id, f.code)).all()
    times = {(str(r[0]), int(r[2]), str(r[1])): int(r[3]) for r in kinds[:SHOWN_FLAGS]}
    which = f.equipment_id.in_({key[0] for key in times}) & f.from_us.in_({key[1] for key in times})
    rows = {(r.equipment_id, r.from_us, r.code): r for r in tx.execute(
        select(t.kpi_flags).where(which).order_by(f.at_us, f.record))}  # fmt: skip
    found = tuple(
        FlagRow(
            unit, names.get(unit) or unit, code, row.record, row.at_us, row.words, times[unit, cell, code]
        )
        for (unit, cell, code), row in ((key, rows[key]) for key in times)
    )
    return found, sum(int(r[3]) for r in kinds)
