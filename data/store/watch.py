"""What the plain limits look at, for all machines of a site in a few queries."""

from collections.abc import Iterable

from sqlalchemy import Connection, Select, and_, case, func, select

from data.store import tables as t
from domain.clock import HOUR, SECOND
from domain.rules import RUNNING_HOURS, Limit, Observed
from domain.telemetry import MachineState, Quality

Means = dict[str, dict[tuple[str, int], float]]


def observe(tx: Connection, site_id: str, limits: Iterable[Limit], now_us: int) -> dict[str, Observed]:
    """What is known of each assigned machine of a site for these limits, by equipment id."""
    e, every = t.equipment.c, tuple(limits)
    units = tx.execute(
        select(e.equipment_id, e.machine_type)
        .where(e.level == "unit", e.assigned, e.removed_us.is_(None))
        .where(e.equipment_id.startswith(f"{site_id}/", autoescape=True))
        .order_by(e.equipment_id)
    ).all()
    means: Means = {row.equipment_id: {} for row in units}
    for held_s in {limit.held_s for limit in every}:
        names = {limit.metric for limit in every if limit.held_s == held_s}
        _means(tx, means, names - {RUNNING_HOURS}, held_s, now_us)
        if RUNNING_HOURS in names:
            _running(tx, means, held_s, now_us)
    lows = {limit.held_s for limit in every if limit.low is not None}
    through = {held_s: _ran_through(tx, held_s, now_us) for held_s in lows}
    return {
        row.equipment_id: Observed(
            row.machine_type,
            means[row.equipment_id],
            {held_s: row.equipment_id in units_that for held_s, units_that in through.items()},
        )
        for row in units
    }


def _means(tx: Connection, means: Means, names: set[str], held_s: int, now_us: int) -> None:
    if not names:
        return
    m, r, i = t.metrics.c, t.readings.c, t.ignored_inputs.c
    distrusted = select(i.ignore_id).where(
        i.equipment_id == m.equipment_id, i.metric == m.name, i.from_us <= now_us, i.until_us > now_us
    )
    rows = tx.execute(
        select(m.equipment_id, m.name, func.avg(r.value))
        .join_from(t.metrics, t.readings, r.metric_id == m.metric_id)
        .where(m.name.in_(sorted(names)), r.quality == int(Quality.GOOD), ~distrusted.exists())
        .where(r.source_us > now_us - held_s * SECOND, r.source_us <= now_us)
        .group_by(m.equipment_id, m.name)
    )
    for unit, name, mean in rows:
        if unit in means:
            means[unit][name, held_s] = float(mean)


def _running(tx: Connection, means: Means, held_s: int, now_us: int) -> None:
    spans = _spans(now_us).subquery()
    m = t.maintenance.c
    last = (
        select(m.equipment_id, func.max(m.end_us).label("since_us"))
        .where(m.kind != "inspection", m.end_us.is_not(None), m.end_us <= now_us)
        .group_by(m.equipment_id)
        .subquery()
    )
    since = func.coalesce(last.c.since_us, 0)
    start = case((spans.c.source_us > since, spans.c.source_us), else_=since)
    ran = case((spans.c.end_us > start, spans.c.end_us - start), else_=0)
    rows = tx.execute(
        select(spans.c.equipment_id, func.sum(ran))
        .join_from(spans, last, last.c.equipment_id == spans.c.equipment_id, isouter=True)
        .where(spans.c.state == int(MachineState.EXECUTE))
        .group_by(spans.c.equipment_id)
    )
    for unit, ran_us in rows:
        if unit in means:
            means[unit][RUNNING_HOURS, held_s] = float(ran_us) / HOUR


def _spans(now_us: int) -> Select[tuple[str, int, int, int]]:
    s = t.states.c
    after = func.lead(s.source_us).over(partition_by=s.equipment_id, order_by=s.source_us)
    columns = (s.equipment_id, s.source_us, s.state, func.coalesce(after, now_us).label("end_us"))
    return select(*columns).where(s.source_us <= now_us)


def _ran_through(tx: Connection, held_s: int, now_us: int) -> set[str]:
    """Machines whose newest state is production, and was so before the stretch began."""
    s = t.states.c
    newest = (
        select(s.equipment_id, func.max(s.source_us).label("at_us"))
        .where(s.source_us <= now_us)
        .group_by(s.equipment_id)
        .subquery()
    )
    same = and_(s.equipment_id == newest.c.equipment_id, s.source_us == newest.c.at_us)
    rows = tx.execute(
        select(s.equipment_id)
        .join(newest, same)
        .where(s.state == int(MachineState.EXECUTE), s.source_us <= now_us - held_s * SECOND)
    )
    return set(rows.scalars())
