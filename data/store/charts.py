"""Rows of control charts: definitions, limits, samples, broken rules. Nothing here commits."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from data.store import spc_days
from data.store import tables as t
from data.store.chart_versions import newest_charts
from data.store.statements import Statement
from data.store.upsert import insert_ignore, upsert
from domain.spc.model import Sample

Row = Mapping[str, Any]
_C, _L, _S, _B = t.spc_charts.c, t.spc_limits.c, t.spc_samples.c, t.spc_breaks.c

_SPAN = "FROM spc_samples WHERE chart_id = :chart AND at_us > :from_us AND at_us <= :to_us"
_SAMPLES = Statement(f"SELECT at_us, content, count, size {_SPAN} ORDER BY at_us")


def chart(tx: Connection, chart_id: str) -> dict[str, Any] | None:
    """The newest version of a chart, or None."""
    row = tx.execute(newest_charts(_C.chart_id == chart_id)).mappings().one_or_none()
    return dict(row) if row else None


def charts(tx: Connection) -> list[dict[str, Any]]:
    """The newest version of every chart."""
    return [dict(row) for row in tx.execute(newest_charts().order_by(_C.chart_id)).mappings()]


def add_chart(tx: Connection, row: Row) -> None:
    """Store a version; the database refuses one that is there."""
    tx.execute(insert(t.spc_charts).values(dict(row)))


def limits(tx: Connection, chart_ids: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """The newest limits by chart; charts without limits are left out. None: of all charts."""
    newest = select(_L.chart_id, func.max(_L.version).label("version")).group_by(_L.chart_id).subquery()
    same = and_(newest.c.chart_id == _L.chart_id, newest.c.version == _L.version)
    query = select(t.spc_limits).join(newest, same)
    if chart_ids is not None:
        query = query.where(_L.chart_id.in_(list(chart_ids)))
    return {row["chart_id"]: dict(row) for row in tx.execute(query).mappings()}


def every_limits(tx: Connection, chart_id: str) -> list[dict[str, Any]]:
    """All versions of a chart's limits, newest first."""
    query = select(t.spc_limits).where(_L.chart_id == chart_id).order_by(_L.version.desc())
    return [dict(row) for row in tx.execute(query).mappings()]


def add_limits(tx: Connection, row: Row) -> None:
    """Store a version of limits."""
    tx.execute(insert(t.spc_limits).values(dict(row)))


def store_samples(tx: Connection, chart_id: str, samples: Sequence[Sample]) -> None:
    """Store samples; one that is there already is replaced by what the readings say now."""
    rows = [
        {
            "chart_id": chart_id,
            "at_us": s.at_us,
            "content": json.dumps(s.values),
            "count": s.count,
            "size": s.size,
        }
        for s in samples
    ]
    upsert(tx, t.spc_samples, rows, ["chart_id", "at_us"])
    spc_days.put(tx, chart_id, samples)


def drop_samples(tx: Connection, chart_id: str, from_us: int, to_us: int) -> None:
    """Forget the samples that end in (from, to]."""
    tx.execute(delete(t.spc_samples).where(_S.chart_id == chart_id, _S.at_us > from_us, _S.at_us <= to_us))
    spc_days.drop(tx, chart_id, from_us, to_us)


def forget_samples(tx: Connection, chart_id: str) -> None:
    """Forget all samples of a chart: they are to be taken anew, another way."""
    tx.execute(delete(t.spc_samples).where(_S.chart_id == chart_id))
    spc_days.forget(tx, chart_id)


def samples(tx: Connection, chart_id: str, from_us: int, to_us: int) -> list[Sample]:
    """Samples that end in (from, to], in order."""
    rows = _SAMPLES.rows(tx, {"chart": chart_id, "from_us": from_us, "to_us": to_us})
    values = json.loads(f"[{','.join([row[1] for row in rows])}]")
    return [
        Sample(at, tuple(each), count, size) for (at, _, count, size), each in zip(rows, values, strict=True)
    ]


def nth_before(tx: Connection, chart_id: str, at_us: int, count: int) -> int | None:
    """When the sample ended that lies `count` samples back from a moment; None where there are fewer."""
    query = select(_S.at_us).where(_S.chart_id == chart_id, _S.at_us <= at_us)
    found: int | None = tx.execute(query.order_by(_S.at_us.desc()).offset(count - 1).limit(1)).scalar()
    return found


def newest_samples(tx: Connection) -> dict[str, int]:
    """Where each chart's samples end, looked up chart by chart: the length of a history costs nothing."""
    charts = select(_C.chart_id).distinct().subquery()
    last = select(func.max(_S.at_us)).where(_S.chart_id == charts.c.chart_id).scalar_subquery()
    return {row[0]: row[1] for row in tx.execute(select(charts.c.chart_id, last)) if row[1] is not None}


def newest_sample(tx: Connection, chart_id: str) -> int | None:
    """Where a chart's samples end."""
    found: int | None = tx.execute(select(func.max(_S.at_us)).where(_S.chart_id == chart_id)).scalar()
    return found


def add_breaks(tx: Connection, rows: Sequence[Row]) -> list[Row]:
    """Store the broken rules of one chart that are not there yet; returns the new ones."""
    if not rows:
        return []
    first = min(row["at_us"] for row in rows)
    query = select(_B.series, _B.rule, _B.at_us).where(_B.chart_id == rows[0]["chart_id"], _B.at_us >= first)
    known = {tuple(key) for key in tx.execute(query)}
    new = [row for row in rows if (row["series"], row["rule"], row["at_us"]) not in known]
    insert_ignore(tx, t.spc_breaks, new)
    return new


def name_case(tx: Connection, row: Row, case_id: str) -> None:
    """Remember the case that a broken rule led to."""
    same = and_(
        _B.chart_id == row["chart_id"],
        _B.series == row["series"],
        _B.rule == row["rule"],
        _B.at_us == row["at_us"],
    )
    tx.execute(update(t.spc_breaks).where(same).values(case_id=case_id))


def breaks(tx: Connection, where: ColumnElement[bool], limit: int) -> list[dict[str, Any]]:
    """Broken rules that fit, newest first."""
    query = select(t.spc_breaks).where(where).order_by(_B.at_us.desc(), _B.rule).limit(limit)
    return [dict(row) for row in tx.execute(query).mappings()]
