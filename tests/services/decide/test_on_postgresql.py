"""What joins cases, asks of failures, takes rosters in and renews proposals, on the other database."""

import pytest
from sqlalchemy import insert, select, update

from auth.permissions import Role
from data.store import tables as t
from data.store.database import Database
from domain.clock import HOUR, MINUTE, wall_us
from services.commands.reviews import ReviewCommands
from services.commands.roster import RosterCommands
from services.joining import Effect, Source, take_in
from services.recommend import Recommender
from services.reviews import open_due
from services.sources.watch import SourceWatch
from services.spare import spare_for
from tests.services.decide.plant import CNC_11, LINE, SITE, Plant
from tests.services.decide.test_joining import alarm, odd, said
from tests.services.decide.test_reviews import fail, stop
from tests.services.decide.test_roster import HEAD, row

pytestmark = pytest.mark.services


@pytest.fixture
def there(postgres: Database) -> Plant:
    return Plant(postgres).build()


def test_sources_join_one_case(postgres: Database, there: Plant) -> None:
    alarm(postgres, "high")
    assert SourceWatch(postgres).turn(SITE, wall_us(), wall_us())[Effect.OPENED] == 1
    there.set_stock(0)
    with postgres.write() as tx:
        odd(tx, 3)
        assert take_in(tx, said(Source.CHART)).effect is Effect.JOINED
        assert take_in(tx, said(Source.CHART)).effect is Effect.REPEATED
        assert isinstance(spare_for(tx, CNC_11, "cnc", wall_us()), str)
    assert SourceWatch(postgres).turn(SITE, wall_us(), wall_us())[Effect.JOINED] == 2
    assert len(there.rows(select(t.case_signals))) == 4


def test_failures_are_asked_about_once(postgres: Database, there: Plant) -> None:
    now = wall_us()
    there.predict(0.9, at_us=now - 3 * HOUR)
    fail(postgres, now - HOUR)
    stop(postgres, now - 5 * HOUR, "Breakdown")
    assert open_due(postgres) == 2 and open_due(postgres) == 0
    review = there.rows(select(t.failure_reviews).where(t.failure_reviews.c.scored == 1))[0]
    commands = ReviewCommands(postgres)
    commands.settle(there.person(Role.SUPERVISOR), review["review_id"], 1, review["proposed"], "")
    assert there.rows(select(t.failure_reviews).where(t.failure_reviews.c.verdict != ""))


def test_a_roster_is_taken_in_whole(postgres: Database, there: Plant) -> None:
    boss, mia = there.person(Role.PLANT_MANAGER), there.person(Role.SUPERVISOR)
    roster, file = RosterCommands(postgres), (HEAD + row(mia, 1, 9)).encode()
    assert roster.take_in(boss, SITE, file) == "1 entered, 0 were there already."
    assert roster.take_in(boss, SITE, file, replace=True) == "0 entered, 1 were there already."


def test_starts_that_have_passed_move_on(postgres: Database, there: Plant) -> None:
    recommender = Recommender(postgres)
    recommender.consider(there.predict(0.97))
    with postgres.write() as tx:
        tx.execute(update(t.clocks).values(origin_plant_us=t.clocks.c.origin_plant_us + 40 * MINUTE))
        tx.execute(
            insert(t.orders).values(
                instance="line-1", order_id="A", line_id=LINE, product_id="P", quantity=1,
                planned_start_us=0, planned_end_us=wall_us() + HOUR, due_us=0, status="Running", updated_us=0,
            )
        )  # fmt: skip
    assert recommender.renew_all() == 1 and recommender.renew_all() == 0
