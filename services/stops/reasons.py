"""The reason tree of a site, and the limit of a short stop of a line, as they are or were."""

from sqlalchemy import Connection, func, select

from data.store import plan_facts
from data.store import tables as t
from domain.reasons import Reason, Tree, tree_of


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
    return plan_facts.minor_us(tx, line_id, at_us)
