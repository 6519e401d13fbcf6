"""A gateway's alerts on the desk: gateway, ingest and store on a clock of the test's own, both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from data.store import tables as t
from domain.alarms.life import Priority, State
from domain.clock import MINUTE, SECOND, Clock, wall_us
from domain.errors import InvalidInput
from services.alarms.edge_watch import EdgeAlarmWatch
from services.alarms.watch import AlarmWatch
from services.commands.alarms import AlarmCommands
from services.context import Context
from services.queries.alarm_limits import AlarmLimitQueries
from services.queries.alarms import AlarmQueries
from services.rows.site import SiteRow
from services.sources.alarms import found as signals
from tests import factories as f
from tests.kits.gateway import START_MS, Bench, gateway_file

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
LINE = "north/machining/line-1"
METRICS = [
    {"node": "ns=2;s=T", "metric": "temperature", "deadband": {"absolute": 5},
     "limits": {"high": 80, "low": 5}},
    {"node": "ns=2;s=O", "metric": "oil_level", "limits": {"low": 10}},
]  # fmt: skip
HIGH = "temperature/alert/high"


class Plant:
    def __init__(self, database, folder):
        self.database, self.commands = database, AlarmCommands(database)
        self.watch = EdgeAlarmWatch(database, look_us=-1)
        with database.write() as tx:
            f.site(tx, now_us=START_MS * 1000)
            f.machine(tx, name="CNC-11")
            self.sue = f.account(tx, name="Sue")
            alias = {"source": "sparkplug", "external_id": "north/gw/press", "equipment_id": f.CNC}
            tx.execute(t.equipment_aliases.insert().values(**alias))
            row = {"position_id": LINE, "name": "Line 1", "equipment_id": LINE}
            tx.execute(t.operator_positions.insert().values(**row))
        self.bench = Bench(gateway_file(folder, METRICS), database)
        self.bench.connect()
        self.bench.host_session(started=True)
        self.bench.state(online=True)
        self.bench.answers("press")
        self.bench.turn([("press", "temperature", 50.0), ("press", "oil_level", 40.0)])
        self.turn()

    def turn(self, watch=None):
        """The watching process, until it has nothing more to do."""
        while (watch or self.watch).turn("north", self.now_us) or self._new():
            pass

    def _new(self):
        with self.database.read() as tx:
            count = tx.execute(select(func.count()).select_from(t.alarm_definitions)).scalar_one()
        before, self.count = getattr(self, "count", 0), count
        return count != before

    @property
    def now_us(self):
        return self.bench.now_ms * 1000

    @property
    def context(self):
        return Context(self.database, self.sue, SITE, Clock(self.now_us, wall_us()))

    def says(self, value, seconds=1):
        """The temperature, and so long nothing after it; returns its source time in seconds."""
        self.bench.turn([("press", "temperature", value)])
        at = self.bench.now_ms
        self.bench.settle(seconds - 1)
        self.turn()
        return (at - START_MS) // 1000

    def events(self):
        """(what, asks, second, value, historical), in order of their own time."""
        e = t.alarm_events.c
        query = select(e.event, e.asks, e.at_us, e.value, e.historical).order_by(e.at_us, e.event_id)
        with self.database.read() as tx:
            rows = tx.execute(query).all()
        return [(r[0], bool(r[1]), r[2] // SECOND - START_MS // 1000, r[3], bool(r[4])) for r in rows]

    def row(self):
        (found,) = [r for r in AlarmQueries(self.context).board().rows if r.metric == HIGH]
        return found

    def cut(self):
        self.bench.cut = True
        self.bench.notice()

    def join(self):
        self.bench.cut = False
        self.bench.connect()
        self.bench.settle(5)
        self.turn()


@pytest.fixture(params=["database", pytest.param("postgres", marks=pytest.mark.services)])
def plant(request, tmp_path):
    return Plant(request.getfixturevalue(request.param), tmp_path)


def test_every_limit_of_a_gateway_is_an_alarm_before_it_ever_comes(plant):
    rows = AlarmLimitQueries(plant.context).all().rows
    found = {(r.definition.metric, r.definition.limit_value, r.definition.high) for r in rows}
    assert found == {
        (HIGH, 80.0, True), ("temperature/alert/low", 5.0, False), ("oil_level/alert/low", 10.0, False)
    }  # fmt: skip
    assert {(r.definition.position_id, r.changed_by, r.unit) for r in rows} == {
        (LINE, "gateway", "degC"), (LINE, "gateway", "")
    }  # fmt: skip
    assert plant.events() == []
    assert AlarmQueries(plant.context).board().stale == ()
    assert AlarmWatch(plant.database).turn("north", plant.now_us) == 0  # it judges none of them


def test_an_alert_asks_with_the_value_that_raised_it_and_returns_to_normal(plant):
    plant.says(78.0)
    came = plant.says(81.0)  # within the deadband
    assert plant.events() == [("activated", True, came, 81.0, False)]
    row = plant.row()
    assert (row.state, row.value, row.limit, row.from_gateway) == (State.UNACKNOWLEDGED, 81.0, 80.0, True)
    with plant.database.read() as tx:
        (signal,) = signals(tx, "north", plant.now_us)
    assert "temperature above 80" in signal.words
    plant.commands.acknowledge(plant.sue, [row.alarm_id], "on my way")
    went = plant.says(60.0)
    assert plant.events()[-1] == ("cleared", False, went, 60.0, False)
    assert AlarmQueries(plant.context).board().rows == ()


def test_what_came_and_went_while_the_link_was_cut_is_history_and_asks_nobody(plant):
    plant.cut()
    times = [plant.says(value, 60) for value in (90.0, 50.0, 95.0, 50.0)]
    assert plant.events() == []
    plant.join()
    assert plant.events() == [
        ("activated", False, times[0], 90.0, True),
        ("cleared", False, times[1], 50.0, True),
        ("activated", False, times[2], 95.0, True),
        ("cleared", False, times[3], 50.0, True),
    ]
    assert AlarmQueries(plant.context).board().rows == ()
    assert AlarmQueries(plant.context).figures("", 0, plant.now_us).kpis.total == 0
    plant.turn(EdgeAlarmWatch(plant.database))  # a restart writes nothing twice
    assert len(plant.events()) == 4
    journal = AlarmQueries(plant.context).journal("", 0, plant.now_us + 1)
    assert journal and all(row.historical for row in journal)


def test_what_still_stands_after_a_cut_asks_since_its_own_time(plant):
    plant.cut()
    times = [plant.says(value, 60) for value in (90.0, 50.0, 95.0)]
    plant.join()
    assert [event[:3] for event in plant.events()] == [
        ("activated", False, times[0]), ("cleared", False, times[1]), ("activated", True, times[2])
    ]  # fmt: skip
    row = plant.row()
    assert (row.state, row.since_us) == (State.UNACKNOWLEDGED, (START_MS // 1000 + times[2]) * SECOND)


def test_an_acknowledged_alert_that_came_anew_during_a_cut_asks_again(plant):
    first = plant.says(90.0)
    plant.commands.acknowledge(plant.sue, [plant.row().alarm_id], "seen by the line")
    plant.cut()
    times = [plant.says(value, 60) for value in (50.0, 95.0)]
    plant.bench.cut = False
    plant.bench.connect()
    plant.bench.forward()  # births and the first of the history may be judged apart
    plant.turn()
    plant.join()
    assert [event[:3] for event in plant.events() if event[0] != "acknowledged"] == [
        ("activated", True, first), ("cleared", False, times[0]), ("activated", True, times[1])
    ]  # fmt: skip
    assert plant.row().state is State.UNACKNOWLEDGED


def test_one_that_stood_before_a_cut_and_ended_in_it_is_gone_but_not_acknowledged(plant):
    plant.says(90.0)
    plant.cut()
    went = plant.says(50.0, 120)
    plant.join()
    assert plant.events()[-1] == ("cleared", False, went, 50.0, True)
    assert plant.row().state is State.RETURNED


def test_history_behind_what_stands_now_changes_the_journal_and_not_the_alarm(plant):
    plant.cut()
    times = [plant.says(value, 60) for value in (90.0, 50.0, 95.0)]
    plant.bench.held = []
    plant.join()
    assert [event[:3] for event in plant.events()] == [("activated", True, times[2])]
    plant.commands.acknowledge(plant.sue, [plant.row().alarm_id], "on it")
    plant.bench.release()
    plant.turn()
    assert [e[:3] for e in plant.events() if e[0] != "acknowledged"] == [
        ("activated", False, times[0]), ("cleared", False, times[1]), ("activated", True, times[2])
    ]  # fmt: skip
    assert plant.row().state is State.ACKNOWLEDGED


def test_a_silent_gateway_makes_its_alarms_stale(plant):
    plant.cut()
    plant.bench._to_host([plant.bench.forwarder.node.will(plant.bench.now_ms)], over_the_link=False)
    plant.bench.now_ms += 60_000
    plant.turn()
    assert {row.metric for row in AlarmQueries(plant.context).board().stale} == {
        HIGH, "temperature/alert/low", "oil_level/alert/low"
    }  # fmt: skip


def test_people_change_words_and_priority_and_the_gateway_the_limit(plant, tmp_path):
    (old,) = [
        r.definition
        for r in AlarmLimitQueries(plant.context).all().rows
        if r.definition.metric == HIGH
    ]  # fmt: skip
    wanted = replace(old, priority=Priority.HIGH, response="Stop the spindle", limit_value=1.0, high=False)
    plant.commands.define(plant.sue, wanted, "it matters most")
    with pytest.raises(InvalidInput, match="gateway"):
        plant.commands.define(plant.sue, replace(old, alarm_id=""), "one more")
    changed = [METRICS[0] | {"limits": {"high": 85, "low": 5}}, METRICS[1]]
    plant.bench.kill()
    plant.bench.file = gateway_file(tmp_path, changed)
    plant.bench.start()
    plant.bench.connect()
    plant.bench.answers("press")
    plant.bench.settle(3)
    plant.turn()
    newest, second, first = AlarmLimitQueries(plant.context).versions(old.alarm_id)
    assert (first.definition, second.definition.limit_value) == (old, 80.0)
    assert (newest.definition.priority, newest.definition.response) == (Priority.HIGH, "Stop the spindle")
    assert (newest.definition.limit_value, newest.changed_by) == (85.0, "gateway")


def test_shelved_it_is_followed_and_asks_when_the_shelf_ends(plant):
    plant.says(90.0)
    alarm = plant.row().alarm_id
    plant.commands.shelve(plant.sue, alarm, plant.now_us + 10 * MINUTE, "sensor is being changed")
    plant.says(50.0)
    plant.says(91.0)
    assert sorted(event[:2] for event in plant.events()) == [
        ("activated", False), ("activated", True), ("cleared", False), ("shelved", False)
    ]  # fmt: skip
    AlarmWatch(plant.database).turn("north", plant.now_us + 11 * MINUTE)
    assert plant.row().state is State.UNACKNOWLEDGED


def test_a_machine_that_is_out_of_the_plant_stands_in_the_journal_and_raises_nothing(plant):
    with plant.database.write() as tx:
        f.absent(tx, f.CNC, plant.now_us - SECOND)
    came = plant.says(90.0, 60)
    went = plant.says(50.0, 60)
    again = plant.says(95.0, 60)
    assert plant.events() == [
        ("activated", False, came, 90.0, False),
        ("cleared", False, went, 50.0, False),
        ("activated", False, again, 95.0, False),
    ]
    with plant.database.read() as tx:
        notes = set(tx.execute(select(t.alarm_events.c.note)).scalars())
        standing = tx.execute(select(t.alarm_states.c.condition).distinct()).scalars().all()
    assert notes == {"The machine was out of the plant."}
    assert standing == [False]
    back_us = plant.now_us
    with plant.database.write() as tx:
        a, e = t.absences.c, t.equipment.c
        tx.execute(t.absences.update().where(a.equipment_id == f.CNC).values(to_us=back_us))
        tx.execute(t.equipment.update().where(e.equipment_id == f.CNC).values(removed_us=None))
    plant.turn()
    assert plant.events()[-1][:3] == ("activated", True, back_us // SECOND - START_MS // 1000)
    assert plant.row().state is State.UNACKNOWLEDGED, "it stands since the machine is back"
    plant.turn()
    assert len(plant.events()) == 4
