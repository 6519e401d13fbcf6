"""Alarms on a real database: values in, journal out, people's acts with permission and audit."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.alarms.life import Priority, State
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock, wall_us
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow
from services.alarms.definition import NOT_RUNNING, Definition
from services.alarms.watch import AlarmWatch
from services.commands.alarms import AlarmCommands
from services.context import Context
from services.queries.alarms import AlarmQueries
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
LINE = "north/machining/line-1"
START = f.NOW - HOUR
HOT = Definition(
    "", f.CNC, LINE, "Temperature high", "temperature", True, 80.0, Priority.LOW, "It trips", "Slow down",
    deadband=2.0, on_delay_s=20,
)  # fmt: skip


class Plant:
    def __init__(self, database):
        self.database, self.commands, self.watch = database, AlarmCommands(database), AlarmWatch(database)
        with database.write() as tx:
            f.site(tx)
            f.machine(tx, name="CNC-11")
            self.sue = f.account(tx, name="Sue")
            self.tom = f.account(tx, "tom", [Role.OPERATOR], [LINE], name="Tom")
            row = {"position_id": LINE, "name": "Line 1", "equipment_id": LINE}
            tx.execute(t.operator_positions.insert().values(**row))
            f.readings(tx, f.CNC, "temperature", [(START - MINUTE, 50.0)])

    def values(self, *pairs):
        with self.database.write() as tx:
            f.more_readings(tx, f.CNC, "temperature", [(START + s * SECOND, v) for s, v in pairs])
        return self.watch.turn("north", f.NOW)

    def define(self, wanted=HOT):
        return self.commands.define(self.sue, wanted, "because", from_us=START - 1)

    def board(self, who=None):
        return AlarmQueries(Context(self.database, who or self.sue, SITE, Clock(f.NOW, wall_us()))).board()

    def events(self):
        e = t.alarm_events.c
        with self.database.read() as tx:
            return tx.execute(select(e.event, e.asks, e.at_us).order_by(e.event_id)).all()

    def state(self):
        rows = self.board().rows
        return rows[0].state if rows else State.NORMAL


@pytest.fixture
def plant(database):
    return Plant(database)


def test_a_value_over_its_limit_for_long_enough_asks_and_a_person_answers(plant):
    alarm = plant.define()
    plant.values((0, 70.0), (10, 81.0), (20, 81.0))
    assert plant.events() == []
    plant.values((30, 82.0), (40, 79.0))
    assert plant.events() == [("activated", True, START + 30 * SECOND)]
    assert plant.state() is State.UNACKNOWLEDGED
    plant.commands.acknowledge(plant.tom, [alarm], "fan cleaned")
    (row,) = plant.board(plant.tom).rows
    assert (row.state, row.note_by, row.note) == (State.ACKNOWLEDGED, "Tom", "fan cleaned")
    plant.values((50, 77.0))
    assert plant.state() is State.NORMAL
    with plant.database.read() as tx:
        said = tx.execute(select(t.audit.c.action, t.audit.c.actor).order_by(t.audit.c.entry)).all()
    assert said == [("defined an alarm", plant.sue.account_id), ("alarm acknowledged", plant.tom.account_id)]
    with pytest.raises(NotNow):
        plant.commands.acknowledge(plant.tom, [alarm])


def test_a_restart_judges_nothing_twice_and_the_delay_goes_on(plant):
    plant.define()
    plant.values((10, 81.0), (20, 81.0))
    plant.watch = AlarmWatch(plant.database)
    plant.values((30, 81.0))
    plant.watch = AlarmWatch(plant.database)
    assert plant.watch.turn("north", f.NOW) == 0
    assert [e[0] for e in plant.events()] == ["activated"]


def test_an_older_value_that_comes_late_raises_nothing(plant):
    plant.define(replace(HOT, on_delay_s=0))
    plant.values((100, 50.0))
    with plant.database.write() as tx:
        metric = tx.execute(select(t.metrics.c.metric_id)).scalar_one()
        row = {"metric_id": metric, "source_us": START + 50 * SECOND, "value": 99.0, "quality": 192}
        tx.execute(t.readings.insert().values(**row, receive_us=f.NOW))
    plant.values((110, 50.0))
    assert plant.events() == []


def test_shelved_with_reason_and_end_it_asks_again_when_the_end_comes(plant):
    alarm = plant.define(replace(HOT, on_delay_s=0))
    plant.values((10, 90.0))
    with pytest.raises(InvalidInput, match="few words"):
        plant.commands.shelve(plant.tom, alarm, f.NOW + HOUR, " ")
    with pytest.raises(InvalidInput, match="24 hours"):
        plant.commands.shelve(plant.tom, alarm, f.NOW + 2 * DAY, "sensor is being changed")
    plant.commands.shelve(plant.tom, alarm, f.NOW + HOUR, "sensor is being changed")
    (row,) = plant.board().rows
    assert (row.state, row.note) == (State.SHELVED, "sensor is being changed")
    assert plant.watch.turn("north", f.NOW + HOUR - 1) == 0
    assert plant.watch.turn("north", f.NOW + HOUR) == 1
    assert plant.state() is State.UNACKNOWLEDGED
    assert [(e, asks) for e, asks, _ in plant.events()] == [
        ("activated", True), ("shelved", False), ("unshelved", True),
    ]  # fmt: skip


def test_a_standing_machine_suppresses_by_design(plant):
    plant.define(
        replace(HOT, high=False, limit_value=60.0, deadband=0.0, on_delay_s=0, suppress_when=NOT_RUNNING)
    )
    with plant.database.write() as tx:
        for at, code in ((START - HOUR, 6), (START + 60 * SECOND, 2), (START + 120 * SECOND, 6)):
            row = {"equipment_id": f.CNC, "source_us": at, "state": code, "mode": 1, "receive_us": at}
            tx.execute(t.states.insert().values(**row))
    plant.values((10, 70.0), (70, 30.0), (130, 30.0))
    assert plant.state() is State.SUPPRESSED
    assert [(e, asks) for e, asks, _ in plant.events()] == [("suppressed", False)]
    plant.values((300, 75.0))
    assert plant.board().rows == ()
    assert [(e, asks) for e, asks, _ in plant.events()] == [("suppressed", False), ("unsuppressed", False)]
    plant.values((310, 30.0))
    assert plant.state() is State.UNACKNOWLEDGED


def test_who_may_do_what(plant):
    alarm = plant.define(replace(HOT, priority=Priority.HIGH, on_delay_s=0))
    plant.values((10, 90.0))
    with plant.database.write() as tx:
        ann = f.account(tx, "ann", [Role.SUPERVISOR], ["north/forming"])
        admin = f.account(tx, "adm", [Role.ADMINISTRATOR])
    with pytest.raises(Forbidden):
        plant.commands.shelve(plant.tom, alarm, f.NOW + HOUR, "high: not for operators")
    with pytest.raises(Forbidden):
        plant.commands.remove(plant.tom, alarm, "x")
    with pytest.raises(Forbidden):
        plant.commands.acknowledge(admin, [alarm])
    with pytest.raises(NotFound):
        plant.commands.acknowledge(ann, [alarm])
    assert plant.board(ann).rows == ()
    with pytest.raises(Forbidden):
        plant.commands.define(plant.tom, HOT, "x")
    plant.commands.remove(plant.sue, alarm, "new sensor")
    assert plant.state() is State.OUT_OF_SERVICE
    plant.commands.put_back(plant.sue, alarm, "fitted")
    assert plant.state() is State.UNACKNOWLEDGED


def test_all_are_acknowledged_or_none(plant):
    one = plant.define(replace(HOT, on_delay_s=0))
    plant.values((10, 90.0))
    other = plant.commands.define(plant.sue, replace(HOT, limit_value=200.0), "calm one")
    with pytest.raises(NotNow):
        plant.commands.acknowledge(plant.sue, [one, other])
    assert plant.state() is State.UNACKNOWLEDGED


def test_definitions_are_versioned_and_must_be_needed(plant):
    alarm = plant.define()
    plant.commands.define(plant.sue, replace(HOT, alarm_id=alarm, limit_value=85.0), "quieter")
    with pytest.raises(Conflict):
        plant.commands.define(plant.sue, replace(HOT, alarm_id=alarm), "late")
    for wrong in (
        {"metric": "risk"},
        {"metric": "good_count"},
        {"response": " "},
        {"limit_value": float("inf")},
    ):
        with pytest.raises(InvalidInput):
            replace(HOT, **wrong)


def test_a_models_risk_is_an_alert_and_never_an_alarm(plant):
    plant.define()
    with plant.database.write() as tx:
        f.prediction(tx, probability=0.97)
    plant.watch.turn("north", f.NOW)
    assert plant.events() == [] and plant.board().rows == ()
    with pytest.raises(InvalidInput, match="alert"):
        replace(HOT, metric="probability")


def test_a_flood_is_named_and_the_figures_count_what_asked(plant):
    plant.define(replace(HOT, on_delay_s=0))
    near = 3_600 - 300
    for k in range(12):
        plant.values((near + 20 * k, 90.0), (near + 20 * k + 10, 50.0))
    board = plant.board()
    assert board.flood and board.last_ten == 12
    queries = AlarmQueries(Context(plant.database, plant.sue, SITE, Clock(f.NOW, wall_us())))
    found = queries.figures(LINE, f.NOW - DAY, f.NOW)
    assert (found.kpis.total, found.kpis.worst, len(found.kpis.floods)) == (12, 12, 1)
    assert found.kpis.chattering[0][1] == 10
    assert found.journal[0].event == "cleared" and len(found.journal) == 24
