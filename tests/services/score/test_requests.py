import pytest
from sqlalchemy import insert, select

from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, wall_us
from domain.errors import InvalidInput, Unavailable
from services.queries.predictions import explanation_of
from services.score import score_due, score_range
from services.score.considering import consider_due
from services.score.recomputing import CHANGED
from services.score.requests import answer_requests, backlog
from tests.services.score.plant import SITE, START_US, add_readings, add_site, served, unit_id

NOW = START_US + 2 * DAY


@pytest.fixture
def plant(database, tmp_path):
    add_site(database, [11, 12])
    add_readings(database, 11, START_US, NOW)
    add_readings(database, 12, START_US, NOW - 8 * HOUR)
    add_readings(database, 12, NOW - 8 * HOUR, NOW, lift=8, running=False)
    return served(database, tmp_path / "model")


def ask(database, prediction_id: str) -> None:
    with database.write() as tx:
        tx.execute(
            insert(t.explain_requests).values(
                prediction_id=prediction_id, requested_by="a", requested_wall_us=wall_us(), state="waiting",
                detail="",
            )
        )  # fmt: skip


def newest(database, number: int) -> str:
    p = t.predictions.c
    with database.read() as tx:
        query = select(p.prediction_id).where(p.equipment_id == unit_id(number))
        return tx.execute(query.order_by(p.at_us.desc()).limit(1)).scalar_one()


def state(database, prediction_id: str) -> tuple[str, str]:
    r = t.explain_requests.c
    with database.read() as tx:
        return tuple(tx.execute(select(r.state, r.detail).where(r.prediction_id == prediction_id)).one())


def explained(database, prediction_id: str):
    with database.read() as tx:
        return explanation_of(tx, prediction_id)


def test_a_calm_prediction_is_explained_when_asked_for(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    wanted = newest(database, 11)
    assert explained(database, wanted) is None
    ask(database, wanted)
    assert backlog(database)["requests"] == 1
    assert answer_requests(database, {plant.judge.key: plant}) == 1
    found = explained(database, wanted)
    assert state(database, wanted) == ("done", "")
    assert found.base_value + sum(c.value for c in found.contributions) == pytest.approx(found.output_value)
    assert backlog(database)["requests"] == 0
    assert answer_requests(database, {plant.judge.key: plant}) == 0


def test_without_a_kept_window_it_is_built_again_from_the_readings(database, plant):
    score_range(database, plant, NOW - HOUR, NOW, site_id=SITE)
    wanted = newest(database, 11)
    ask(database, wanted)
    answer_requests(database, {plant.judge.key: plant})
    assert state(database, wanted) == ("done", "")


def test_when_late_values_changed_the_window_it_says_so(database, plant):
    score_range(database, plant, NOW - HOUR, NOW, site_id=SITE)
    wanted = newest(database, 11)
    add_readings(database, 11, NOW - HOUR + 1, NOW, every_us=MINUTE, lift=1, running=False)
    ask(database, wanted)
    answer_requests(database, {plant.judge.key: plant})
    assert state(database, wanted) == ("failed", CHANGED)
    assert explained(database, wanted) is None


def test_an_explanation_that_is_there_stays_as_it_is(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    wanted = newest(database, 12)
    before = explained(database, wanted)
    ask(database, wanted)
    answer_requests(database, {plant.judge.key: plant})
    assert state(database, wanted) == ("done", "")
    assert explained(database, wanted) == before


def test_a_model_that_is_not_in_use_cannot_explain(database, plant, tmp_path):
    score_due(database, plant, NOW, site_id=SITE)
    wanted = newest(database, 11)
    ask(database, wanted)
    other = served(database, tmp_path / "other", version="2")
    answer_requests(database, {other.judge.key: other})
    kept, why = state(database, wanted)
    assert kept == "failed"
    assert "tiny 1" in why


def test_requests_are_answered_oldest_first_and_few_at_a_time(database, plant):
    score_range(database, plant, START_US + DAY, NOW, site_id=SITE)
    with database.read() as tx:
        p = t.predictions.c
        query = select(p.prediction_id).where(p.status == "scored", ~p.above_threshold).limit(20)
        wanted = list(tx.execute(query).scalars())
    for prediction_id in wanted:
        ask(database, prediction_id)
    assert answer_requests(database, {plant.judge.key: plant}) == 16
    assert [state(database, one)[0] for one in wanted] == ["done"] * 16 + ["waiting"] * 4
    assert answer_requests(database, {plant.judge.key: plant}) == 4


class Recommender:
    """Remembers what it was shown; fails as often as told."""

    def __init__(self, *errors: Exception) -> None:
        self.seen: list[str] = []
        self.errors = list(errors)

    def consider(self, prediction_id: str) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.seen.append(prediction_id)


def at(database, ids):
    p = t.predictions.c
    with database.read() as tx:
        times = dict(tx.execute(select(p.prediction_id, p.at_us)).all())
    return [times[one] for one in ids]


def test_the_recommender_sees_each_once_in_order_of_time(database, plant):
    total = score_range(database, plant, NOW - 10 * HOUR, NOW, site_id=SITE)
    desk = Recommender()
    while consider_due(database, desk.consider, limit=3):
        pass
    assert len(desk.seen) == total.to_consider == len(set(desk.seen)) > 3
    assert at(database, desk.seen) == sorted(at(database, desk.seen))
    assert backlog(database)["to_consider"] == 0


def test_a_moment_is_taken_whole_and_its_dearest_first(database, plant):
    score_range(database, plant, NOW - 10 * HOUR, NOW, site_id=SITE)
    with database.write() as tx:
        every = tx.execute(select(t.to_consider.c.prediction_id)).scalars().all()
        tx.execute(t.to_consider.update().values(at_us=NOW))
    some = sorted(every)
    worth = {one: 100 * place for place, one in enumerate(some)} | {some[0]: None}

    def asked(prediction_id):
        if prediction_id == some[1]:
            raise InvalidInput("odd")
        return worth[prediction_id]

    desk = Recommender()
    assert consider_due(database, desk.consider, asked, limit=2) == len(some) > 3
    assert desk.seen == [some[0], *some[:1:-1], some[1]]


def test_what_the_recommender_could_not_take_comes_again(database, plant):
    score_due(database, plant, NOW, site_id=SITE)
    desk = Recommender(Unavailable("away"))
    assert consider_due(database, desk.consider) == 0
    assert backlog(database)["to_consider"] == 1
    assert consider_due(database, desk.consider) == 0  # it waits
    with database.write() as tx:
        tx.execute(t.to_consider.update().values(next_try_wall_us=0))
    assert consider_due(database, desk.consider) == 1
    assert len(desk.seen) == 1


@pytest.mark.parametrize("error", [InvalidInput("odd"), KeyError("odd")])
def test_one_that_always_fails_does_not_hold_up_the_others(database, plant, error):
    total = score_range(database, plant, NOW - 10 * HOUR, NOW, site_id=SITE)
    desk = Recommender(error)
    consider_due(database, desk.consider, limit=100)
    assert len(desk.seen) == total.to_consider - 1
    with database.read() as tx:
        assert "odd" in tx.execute(select(t.to_consider.c.last_error)).scalar_one()
