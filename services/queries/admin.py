"""Reads for integration health and users."""

from sqlalchemy import func, select

from auth.permissions import Permission, Role
from data.store import tables as t
from domain.clock import wall_us
from services.actors import split
from services.context import Context
from services.queries import health
from services.queries.reports import failed_runs
from services.rows.admin import Health, UserRow, Users

_ROLES = frozenset(role.value for role in Role)


class AdminQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def health(self) -> Health:
        """Workers, sources, gaps, quarantine, MES reads and queues at this moment."""
        self._context.actor.require(Permission.SEE_HEALTH)
        now = wall_us()
        with self._context.database.read() as tx:
            workers = health.workers(tx, now)
            sources, nodes = health.sources(tx), health.nodes(tx)
            gaps, gap_count = health.gaps(tx)
            quarantine, quarantine_count = health.quarantine(tx)
            watermarks, queues = health.watermarks(tx, now), health.queues(tx)
            undelivered = failed_runs(tx)
        return Health(
            wall_us=now,
            trouble=health.trouble(
                workers, nodes, watermarks, queues, now, undelivered, self._context.database.room_bytes()
            ),
            workers=workers,
            sources=sources,
            nodes=nodes,
            gaps=gaps,
            gap_count=gap_count,
            quarantine=quarantine,
            quarantine_count=quarantine_count,
            watermarks=watermarks,
            queues=queues,
        )

    def users(self) -> Users:
        """All accounts by name, and what they can be scoped to. Administrators only."""
        self._context.actor.require(Permission.MANAGE_USERS)
        a, s, e = t.accounts.c, t.sessions.c, t.equipment.c
        seen = select(func.max(s.seen_wall_us)).where(s.account_id == a.account_id).scalar_subquery()
        with self._context.database.read() as tx:
            rows = tx.execute(select(t.accounts, seen.label("seen")).order_by(a.name)).mappings().all()
            sites = tx.execute(select(t.sites.c.site_id, t.sites.c.name)).all()
            lines = tx.execute(
                select(e.equipment_id, e.name)
                .where(e.level.in_(["area", "line"]), e.assigned)
                .order_by(e.equipment_id)
            ).all()
        return Users(
            rows=tuple(
                UserRow(
                    account_id=row["account_id"],
                    username=row["username"],
                    name=row["name"],
                    roles=tuple(Role(r) for r in split(row["roles"]) if r in _ROLES),
                    scopes=split(row["scopes"]),
                    active=row["active"],
                    created_wall_us=row["created_wall_us"],
                    seen_wall_us=row["seen"],
                )
                for row in rows
            ),
            places=tuple((place, name) for place, name in [*sites, *lines]),
        )
