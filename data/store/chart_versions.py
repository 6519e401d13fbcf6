"""Which version of a control chart counts."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select

from data.store import tables as t

_C = t.spc_charts.c


def newest_charts(*where: ColumnElement[bool]) -> Select[Any]:
    """SELECT of every chart's newest version that fits; order it and add columns as needed."""
    newest = select(_C.chart_id, func.max(_C.version).label("version")).group_by(_C.chart_id).subquery()
    same = and_(newest.c.chart_id == _C.chart_id, newest.c.version == _C.version)
    return select(t.spc_charts).join(newest, same).where(*where)
