"""The plant clock of each site: one row that every process reads."""

from sqlalchemy import Connection, select

from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import Clock, wall_us
from domain.errors import NotFound


def read(tx: Connection, site_id: str) -> Clock:
    """The clock of a site; NotFound when it has none."""
    c = t.clocks.c
    row = tx.execute(select(c.origin_plant_us, c.origin_wall_us, c.speed).where(c.site_id == site_id)).first()
    if row is None:
        raise NotFound(f"site {site_id} has no clock")
    return Clock(*row)


def write(tx: Connection, site_id: str, clock: Clock) -> None:
    """Set the clock of a site."""
    row = {
        "site_id": site_id, "origin_plant_us": clock.origin_plant_us,
        "origin_wall_us": clock.origin_wall_us, "speed": clock.speed,
    }  # fmt: skip
    upsert(tx, t.clocks, [row], ["site_id"])


def resume(database: Database, site_id: str, speed: float, last_alive_wall_us: int | None) -> Clock:
    """Start the clock again at `speed`.

    A clock that showed wall time and goes on at speed 1 still shows wall time (what was missed is a
    gap, or arrives late). Any other clock goes on from what it showed when the desk was last alive.
    """
    now = wall_us()
    with database.write() as tx:
        try:
            old = read(tx, site_id)
        except NotFound:
            old = Clock(now, now, 1.0)
        shown = old.plant_us(min(now, last_alive_wall_us or now))
        in_step = old.speed == 1 and old.origin_plant_us == old.origin_wall_us
        clock = Clock(now, now, 1.0) if in_step and speed == 1 else Clock(max(shown, 0), now, speed)
        write(tx, site_id, clock)
    return clock


def plant_times(tx: Connection, at_wall_us: int | None = None) -> dict[str, int]:
    """Plant time now, or at a wall time, of every site that has a clock."""
    c = t.clocks.c
    rows = tx.execute(select(c.site_id, c.origin_plant_us, c.origin_wall_us, c.speed))
    return {site: Clock(*row).plant_us(at_wall_us) for site, *row in rows}
