"""What the screen *Signals* reads: which level, how many points, and for whom."""

import pytest
from sqlalchemy import insert

from auth.permissions import Role
from data.store import history, roll_marks, rolled
from data.store import tables as t
from data.store.database import Database
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock, wall_us
from domain.errors import NotFound
from services.context import Context
from services.history.keeper import HistoryKeeper
from services.queries.signals import SignalQueries
from services.rows.signals import Ask
from services.rows.site import SiteRow
from tests import factories as f

NOW = f.NOW - f.NOW % DAY
SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest) -> Database:
    """A day of one value each 10 s, rising by one each hour; one bad one; older hours without minutes."""
    found: Database = request.getfixturevalue(request.param)
    with found.write() as tx:
        f.site(tx)
        f.machine(tx)
        for number, (name, kind) in enumerate(
            (("load", "gauge"), ("energy", "counter"), ("state", "state")), 1
        ):
            row = {"metric_id": number, "equipment_id": f.CNC, "name": name, "unit": "%", "kind": kind}
            tx.execute(insert(t.metrics).values(**row))
        rows = [(1, at, float((NOW - at) // HOUR), 192, at) for at in range(NOW - DAY, NOW, 10 * SECOND)]
        rows[100] = (*rows[100][:2], 9_999.0, 64, 0)
        history.store_readings(tx, rows)
        roll_marks.mark_readings(tx, rows)
        old = [(1, NOW - 300 * DAY + k * HOUR, 60, 0, HOUR, 5.0, 4.0, 6.0, 5.0) for k in range(48)]
        rolled.insert(tx, "hour", old)
    HistoryKeeper(found).catch_up()
    return found


def queries(store: Database, *scopes: str) -> SignalQueries:
    with store.write() as tx:
        actor = f.account(tx, f"u{len(scopes)}{wall_us()}", [Role.OPERATOR], scopes or ("north",))
    return SignalQueries(Context(store, actor, SITE, Clock(NOW, wall_us())))


def test_the_level_follows_the_stretch(store: Database) -> None:
    ask = queries(store)
    for span, level, step in (
        (20 * MINUTE, "reading", 0),
        (8 * HOUR, "minute", MINUTE),
        (DAY, "minute", 2 * MINUTE),
        (7 * DAY, "hour", HOUR),
        (365 * DAY, "hour", 24 * HOUR),
    ):
        view = ask.view(Ask(f.CNC, ("load",), NOW - span, NOW))
        assert (view.level, view.step_us) == (level, step)
        assert 0 < len(view.series[0].points) <= 720
    day = ask.view(Ask(f.CNC, ("load",), NOW - DAY, NOW)).series[0].points
    assert sum(p.readings for p in day) == 8_639 and sum(p.bad for p in day) == 1
    assert max(p.high for p in day if p.high is not None) == 24 and day[-1].mean == pytest.approx(0.0)


def test_more_readings_than_a_line_can_show_are_added_up_by_seconds(store: Database) -> None:
    with store.write() as tx:
        row = {"metric_id": 9, "equipment_id": f.CNC, "name": "current", "unit": "A", "kind": "gauge"}
        tx.execute(insert(t.metrics).values(**row))
        values = range(30 * 60)
        rows = [(9, NOW - (1_800 - k) * SECOND, float(k), 192, NOW) for k in values]
        rows[4] = (*rows[4][:2], -1.0, 64, 0)
        history.store_readings(tx, rows)
    view = queries(store).view(Ask(f.CNC, ("current",), NOW - 30 * MINUTE, NOW))
    assert (view.level, view.step_us) == ("second", 3 * SECOND)
    points = view.series[0].points
    assert [p.at_us for p in points] == list(range(NOW - 30 * MINUTE, NOW, 3 * SECOND))
    assert points[0][1:7] == (3, 0, 0, 1.0, 0.0, 2.0)
    assert points[1][1:7] == (2, 1, 0, 4.0, 3.0, 5.0), "the bad one is counted, and nothing more"
    assert sum(p.readings for p in points) == 1_799
    near = queries(store).view(Ask(f.CNC, ("current",), NOW - 10 * MINUTE, NOW))
    assert near.level == "reading" and len(near.series[0].points) == 600


def test_where_minutes_are_gone_hours_are_read(store: Database) -> None:
    view = queries(store).view(Ask(f.CNC, ("load",), NOW - 300 * DAY, NOW - 299 * DAY))
    assert view.level == "hour" and len(view.series[0].points) == 24
    assert view.series[0].points[0].low == 4.0
    year = queries(store).view(Ask(f.CNC, ("load",), NOW - 365 * DAY, NOW)).series[0].points
    assert len(year) in (3, 4), "nothing stands between the old days and the last"


def test_states_are_not_offered_and_four_at_most_are_drawn(store: Database) -> None:
    ask = queries(store)
    assert [one.name for one in ask.names(f.CNC)] == ["load", "energy"]
    view = ask.view(Ask(f.CNC, ("load", "state", "nothing", "energy"), NOW - DAY, NOW))
    assert [one.name for one in view.series] == ["load", "energy"]


def test_down_time_is_shaded(store: Database) -> None:
    row = {"equipment_id": f.CNC, "from_us": NOW - 2 * HOUR, "to_us": NOW - HOUR, "state": 9}
    row |= dict.fromkeys(("leaf", "cause"), "down") | {"source": "packml", "off_plan": False}
    row |= dict.fromkeys(("charged_to", "order_id", "product_id"), "") | {"provisional": False}
    with store.write() as tx:
        tx.execute(insert(t.intervals).values(**row))
    ask = queries(store)
    (stop,) = ask.view(Ask(f.CNC, ("load",), NOW - 90 * MINUTE, NOW)).stops
    assert (stop.from_us, stop.to_us) == (NOW - 90 * MINUTE, NOW - HOUR)
    assert ask.view(Ask(f.CNC, ("load",), NOW - 90 * DAY, NOW)).stops == ()


def test_another_area_is_not_seen(store: Database) -> None:
    ask = queries(store, "north/forming")
    assert ask.machines() == ()
    with pytest.raises(NotFound):
        ask.names(f.CNC)
    with pytest.raises(NotFound):
        ask.view(Ask(f.CNC, ("load",), NOW - DAY, NOW))
