"""The roll-up of the journal gives at any time what the journal gives, read anew from its first row."""

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from data.store import tables as t
from domain.alarms.kpis import LEAD_US, STALE_US, stale_a_day
from domain.alarms.life import Priority
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock
from services.alarms import figures, rollup
from services.context import Context
from services.queries.alarms import AlarmQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.kits.alarm_rules import Asked, kpis

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
UNITS = (f"{f.CNC}-a", f"{f.CNC}-b", "north/other/line-9/unit", "south/area/line/unit")
SEEN = UNITS[:2]
FROM, TO = f.NOW - 7 * DAY, f.NOW
# Of one alarm: what happens, and how long after the event before it (sometimes before it).
STEPS = st.tuples(
    st.sampled_from(
        ["activated", "activated", "cleared", "acknowledged", "shelved", "unshelved", "suppressed"]
    ),
    st.one_of(
        st.integers(0, 20 * SECOND), st.integers(0, 3 * DAY), st.integers(-2 * DAY, 0), st.just(MINUTE)
    ),
)
ALARMS = st.tuples(
    st.integers(0, 3), st.sampled_from(["desk", "other desk"]), st.sampled_from([*Priority]),
    st.integers(FROM - 3 * DAY, TO), st.lists(STEPS, max_size=25),
)  # fmt: skip
FLOOD = [("activated", 2 * SECOND)] * 25


@pytest.fixture(params=["sqlite", "postgres"])
def store(request):
    return request.getfixturevalue("database" if request.param == "sqlite" else "postgres")


@pytest.fixture
def actor(store):
    with store.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        return f.account(tx, scopes=["/".join(f.CNC.split("/")[:3])], name="Sue")


def events(alarms):
    """Rows of the journal, alarm by alarm in turn, so that times of different alarms cross."""
    written = []
    for number, (unit, position, priority, begin, steps) in enumerate(alarms):
        at = begin
        for turn, (event, after) in enumerate(steps):
            at += after
            row = {
                "alarm_id": f"alarm-{number}", "equipment_id": UNITS[unit], "position_id": position,
                "priority": priority.value, "event": event, "asks": event in ("activated", "unshelved"),
                "at_us": at, "wall_us": 0, "actor": "", "note": "",
            }  # fmt: skip
            written.append((turn, row))
    return [row for _, row in sorted(written, key=lambda one: one[0])]


def journal(store, position):
    """What the actor may see of it, from its first row on, in order of time."""
    e = t.alarm_events.c
    where = [e.equipment_id.in_(SEEN), *([e.position_id == position] if position else [])]
    with store.read() as tx:
        return tx.execute(select(t.alarm_events).where(*where).order_by(e.at_us, e.event_id)).all()


def recomputed(store, position):
    """(figures by position, and of all; mean number of long stays a day), from raw rows."""
    rows = journal(store, position)
    asked = [(r.position_id, Asked(r.at_us, r.alarm_id, Priority(r.priority))) for r in rows if r.asks]
    near = [(place, one) for place, one in asked if one.at_us >= FROM - LEAD_US]
    each = {
        place: kpis([one for at, one in near if at == place], FROM, TO) for place in {at for at, _ in near}
    }
    open_since, spans = {}, []
    for r in rows:
        if r.at_us >= TO:
            continue
        if r.asks:
            open_since.setdefault(r.alarm_id, r.at_us)
        elif r.event in ("cleared", "shelved", "suppressed", "removed") and r.alarm_id in open_since:
            spans.append((open_since.pop(r.alarm_id), r.at_us))
    spans += [(at, TO) for at in open_since.values()]
    return each, kpis([one for _, one in near], FROM, TO), stale_a_day(spans, FROM, TO)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([(0, "desk", Priority.HIGH, f.NOW - 4 * DAY, FLOOD)], [20])
@example(
    [
        (
            0,
            "desk",
            Priority.LOW,
            f.NOW - 6 * DAY,
            [("activated", 0), ("cleared", 3 * DAY), ("cleared", -2 * DAY)],
        )
    ],
    [2],
)
@example(  # two alarms at one moment, as often
    [(0, place, Priority.HIGH, f.NOW - DAY, [("activated", MINUTE)]) for place in ("other desk", "desk")]
    + [(0, "desk", Priority.HIGH, f.NOW - DAY, [("activated", MINUTE)])],
    [],
)
@given(st.lists(ALARMS, max_size=6), st.lists(st.integers(0, 150), max_size=4))
def test_figures_equal_a_recomputation_from_the_journal(store, actor, alarms, cuts):
    """However far the roll-up has come, and also when events come late."""
    rows = events(alarms)
    with store.write() as tx:
        for table in (t.alarm_events, t.alarm_days, t.alarm_keys, t.alarm_stays, t.alarm_rolled):
            tx.execute(delete(table))
    queries, begin = AlarmQueries(Context(store, actor, SITE, Clock(f.NOW, 0))), 0
    for end in [*sorted({min(cut, len(rows)) for cut in cuts}), len(rows)]:
        with store.write() as tx:
            if rows[begin:end]:
                tx.execute(t.alarm_events.insert(), rows[begin:end])
        begin = end
        check(store, queries)
        rollup.pack(store, 1)
        check(store, queries)
    rollup.rebuild(store)
    check(store, queries)


def check(store, queries):
    for position in ("", "desk"):
        each, whole, a_day = recomputed(store, position)
        found = queries.figures(position, FROM, TO)
        assert dict(found.positions) == each
        assert (found.kpis, found.stale_a_day) == (whole, a_day)


def test_a_long_stay_is_kept_and_a_short_one_is_not(store, actor):
    steps = [
        ("activated", 0),
        ("cleared", HOUR),
        ("activated", HOUR),
        ("cleared", 2 * DAY),
        ("activated", HOUR),
    ]
    with store.write() as tx:
        tx.execute(t.alarm_events.insert(), events([(0, "desk", Priority.LOW, FROM, steps)]))
    assert rollup.pack(store, 6) == 0  # too few to be worth it
    assert rollup.pack(store, 5) == 5
    assert rollup.pack(store, 1) == 0
    s = t.alarm_stays.c
    with store.read() as tx:
        kept = tx.execute(select(s.came_us, s.gone_us).order_by(s.came_us)).all()
    came = FROM + 2 * HOUR
    assert [tuple(row) for row in kept] == [(came, came + 2 * DAY), (came + 2 * DAY + HOUR, None)]
    assert 2 * DAY > STALE_US


@given(st.lists(st.integers(0, 4 * HOUR), max_size=120).map(sorted), st.integers(0, HOUR))
def test_columns_are_judged_as_the_rule_says(times, from_us):
    keys = [(f"a{k}", "unit", priority.value) for k, priority in enumerate(Priority)]
    places = [k % len(keys) for k, _ in enumerate(times)]
    plain = [Asked(at, keys[k][0], Priority(keys[k][2])) for at, k in zip(times, places, strict=True)]
    at, key = (np.array(column, dtype="int64") for column in (times, places))

    found = figures.kpis(rollup.Annunciations(at, key, keys), from_us, 3 * HOUR)

    assert found == kpis(plain, from_us, 3 * HOUR)
