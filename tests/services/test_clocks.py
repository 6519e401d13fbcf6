"""The plant clock goes on where it stopped."""

from data.store.database import Database
from domain.clock import HOUR, Clock, wall_us
from services import clocks

SITE = "north"


def set_clock(database: Database, clock: Clock) -> None:
    with database.write() as tx:
        clocks.write(tx, SITE, clock)


def test_a_clock_in_step_with_the_wall_stays_in_step(database: Database) -> None:
    set_clock(database, Clock(5, 5, 1.0))
    resumed = clocks.resume(database, SITE, 1.0, wall_us() - 10 * HOUR)
    assert abs(resumed.plant_us() - wall_us()) < 1_000_000


def test_a_fast_clock_goes_on_from_what_it_showed_when_the_desk_was_last_alive(database: Database) -> None:
    now = wall_us()
    set_clock(database, Clock(now, now - 2 * HOUR, 60.0))
    resumed = clocks.resume(database, SITE, 60.0, now - HOUR)
    assert abs(resumed.plant_us() - (now + 60 * HOUR)) < 60 * 2_000_000


def test_back_to_speed_1_keeps_the_plant_time_that_was_reached(database: Database) -> None:
    now = wall_us()
    set_clock(database, Clock(now + 100 * HOUR, now, 60.0))
    resumed = clocks.resume(database, SITE, 1.0, now)
    assert resumed.speed == 1.0
    assert abs(resumed.plant_us() - (now + 100 * HOUR)) < 2_000_000
    again = clocks.resume(database, SITE, 1.0, wall_us())
    assert again.plant_us() - now > 99 * HOUR
