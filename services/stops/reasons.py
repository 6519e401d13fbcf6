"""The reason tree of a site, and the limit of a short stop of a line, as they are or were."""

from sqlalchemy import Connection, func, select

from data.store import tables as t
from domain.clock import SECOND
from domain.equipment import site_of
from domain.reasons import Reason, Tree, tree_of
from domain.time_model import MINOR_US


def tree(tx: Connection, site_id: str) -> Tree:
    """The newest version of every node."""
    r = t.reason_nodes.c
    newest = (
        select(r.code, func.max(r.version).label("version"))
        .where(r.site_id == site_id)
        .group_by(r.code)
        .subquery()
    )
    rows = tx.execute(
        select(r.code, r.name, r.parent, r.position, r.active)
        .join_from(t.reason_nodes, newest, (newest.c.code == r.code) & (newest.c.version == r.version))
        .where(r.site_id == site_id)
        .order_by(r.set_wall_us, r.code)
    )
    return tree_of(Reason(*row) for row in rows)


def short_us(tx: Connection, line_id: str, at_us: int) -> int:
    """The limit of a short stop on a line at a moment: the line's rule, else the site's, else 5 minutes."""
    p = t.stop_policies.c
    for scope in (line_id, site_of(line_id)):
        found = tx.execute(
            select(p.minor_stop_s)
            .where(p.scope == scope, p.valid_from_us <= at_us)
            .order_by(p.valid_from_us.desc())
            .limit(1)
        ).scalar()
        if found is not None:
            return int(found) * SECOND
    return MINOR_US
