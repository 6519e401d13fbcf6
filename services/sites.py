"""Which sites an actor may look at, and the clock of a site."""

from sqlalchemy import select

from auth.permissions import Actor
from data.store import tables as t
from data.store.database import Database
from domain.clock import Clock
from domain.equipment import site_of
from domain.errors import NotFound
from services import clocks
from services.rows.site import SiteRow


def sites_of(database: Database, actor: Actor, home: str) -> tuple[SiteRow, ...]:
    """The sites that the actor's scopes touch, the home site first."""
    with database.read() as tx:
        rows = tx.execute(select(t.sites).order_by(t.sites.c.name)).mappings().all()
    mine = {site_of(scope) for scope in actor.scopes}
    sites = [
        SiteRow(r["site_id"], r["name"], r["time_zone"], r["currency"], r["shadow"])
        for r in rows
        if r["site_id"] in mine
    ]
    return tuple(sorted(sites, key=lambda s: (s.site_id != home, s.shadow, s.name)))


def clock_of(database: Database, site_id: str) -> Clock:
    """The plant clock of a site; wall time where none is set yet."""
    with database.read() as tx:
        try:
            return clocks.read(tx, site_id)
        except NotFound:
            return Clock(0, 0)
