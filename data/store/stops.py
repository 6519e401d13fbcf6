"""Rows of AI stops and drills, and of the limits that watch meanwhile. Nothing here commits.

Whoever stops locks the site's row; whoever would store or follow advice holds it shared until the
transaction ends. So no advice of a model is committed after the stop of that model was.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from data.store import tables as t
from domain.rules import BUILT_IN, Limit

_S, _L = t.ai_stops.c, t.rule_limits.c


def open_key(site_id: str, model_name: str, *, drill: bool) -> str:
    """What may be open once only."""
    return f"{site_id}|{model_name}|{'drill' if drill else 'stop'}"


def lock_site(tx: Connection, site_id: str) -> None:
    """Wait for all who hold the site shared, and keep them out (SQLite holds the whole database)."""
    tx.execute(select(t.sites.c.site_id).where(t.sites.c.site_id == site_id).with_for_update())


def stopped(tx: Connection, site_id: str, model_name: str, *, hold: bool = False) -> bool:
    """Is this model stopped at the site, alone or with all? `hold`: no stop until the transaction ends."""
    if hold:
        site = select(t.sites.c.site_id).where(t.sites.c.site_id == site_id)
        tx.execute(site.with_for_update(read=True))
    keys = [open_key(site_id, name, drill=False) for name in ("", model_name)]
    return tx.execute(select(_S.stop_id).where(_S.open_key.in_(keys)).limit(1)).first() is not None


def under_way(tx: Connection, site_id: str) -> list[dict[str, Any]]:
    """Stops and drills of a site that have not ended, oldest first."""
    query = select(t.ai_stops).where(_S.site_id == site_id, _S.open_key.is_not(None))
    return [dict(row) for row in tx.execute(query.order_by(_S.stopped_wall_us)).mappings()]


def latest(tx: Connection, site_id: str, limit: int) -> list[dict[str, Any]]:
    """Stops and drills of a site, newest first."""
    query = select(t.ai_stops).where(_S.site_id == site_id).order_by(_S.stopped_wall_us.desc())
    return [dict(row) for row in tx.execute(query.limit(limit)).mappings()]


def get(tx: Connection, stop_id: str) -> dict[str, Any] | None:
    """One stop or drill."""
    row = tx.execute(select(t.ai_stops).where(_S.stop_id == stop_id)).mappings().one_or_none()
    return None if row is None else dict(row)


def add(tx: Connection, row: Mapping[str, Any]) -> None:
    """Store a stop or a drill."""
    tx.execute(insert(t.ai_stops).values(dict(row)))


def end(tx: Connection, stop_id: str, values: Mapping[str, Any]) -> bool:
    """Close one that is open. False: somebody else was first."""
    statement = update(t.ai_stops).where(_S.stop_id == stop_id, _S.open_key.is_not(None))
    return tx.execute(statement.values(open_key=None, **values)).rowcount == 1


def resumed_us(tx: Connection, site_id: str, model_name: str) -> int | None:
    """Plant time at which the newest ended stop of this model ended."""
    query = select(_S.resumed_us).where(_S.site_id == site_id, _S.drill.is_(False))
    query = query.where(_S.model_name.in_(["", model_name]), _S.resumed_us.is_not(None))
    found: int | None = tx.execute(query.order_by(_S.resumed_us.desc()).limit(1)).scalar()
    return found


def sites_stopped(tx: Connection) -> list[str]:
    """Sites at which at least one model is stopped."""
    query = select(_S.site_id).where(_S.open_key.is_not(None), _S.drill.is_(False)).distinct()
    return sorted(tx.execute(query).scalars())


def limits(tx: Connection, site_id: str) -> tuple[tuple[Limit, ...], bool]:
    """The limits that watch a site, and whether the site has stated them itself."""
    rows = tx.execute(
        select(_L.machine_type, _L.metric, _L.low, _L.high, _L.held_s, _L.cause)
        .where(_L.site_id == site_id)
        .order_by(_L.machine_type, _L.metric)
    ).all()
    return (tuple(Limit(*row) for row in rows), True) if rows else (BUILT_IN, False)


def state_limits(tx: Connection, site_id: str, stated: Sequence[Limit]) -> None:
    """Put these limits in the place of the site's own."""
    tx.execute(delete(t.rule_limits).where(_L.site_id == site_id))
    names = ("machine_type", "metric", "low", "high", "held_s", "cause")
    rows = [{"site_id": site_id, **{n: getattr(one, n) for n in names}} for one in stated]
    if rows:
        tx.execute(insert(t.rule_limits), rows)


def set_effect(tx: Connection, stop_id: str, effect: str) -> None:
    """Keep what a stop did, or a drill found."""
    tx.execute(update(t.ai_stops).where(_S.stop_id == stop_id).values(effect=effect))
