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
from services.commands.plant import PlantCommands
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
        return self.watch.turn("north", START + pairs[-1][0] * SECOND)

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
    with pytest.raises(InvalidInput, match="few words"):
        plant.commands.acknowledge(plant.tom, [alarm], " ")
    plant.commands.acknowledge(plant.tom, [alarm], "fan cleaned")
    (row,) = plant.board(plant.tom).rows
    assert (row.state, row.note_by, row.note) == (State.ACKNOWLEDGED, "Tom", "fan cleaned")
    plant.values((50, 77.0))
    assert plant.state() is State.NORMAL
    with plant.database.read() as tx:
        said = tx.execute(select(t.audit.c.action, t.audit.c.actor).order_by(t.audit.c.entry)).all()
    assert said == [("defined an alarm", plant.sue.account_id), ("alarm acknowledged", plant.tom.account_id)]
    with pytest.raises(NotNow):
        plant.commands.acknowledge(plant.tom, [alarm], "again")


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


def test_alarms_of_a_machine_that_is_out_of_the_plant_are_quiet_until_it_is_back(plant):
    with plant.database.write() as tx:
        mia = f.account(tx, "mia", [Role.PLANT_MANAGER])
    plant.define(replace(HOT, on_delay_s=0))
    plant.values((0, 70.0), (10, 99.0))
    assert plant.state() is State.UNACKNOWLEDGED
    machines = PlantCommands(plant.database)
    machines.take_out(mia, f.CNC, START + 15 * SECOND, "sold")
    plant.values((20, 70.0), (30, 99.0), (40, 70.0))
    assert plant.board().rows == () and len(plant.events()) == 1
    machines.put_back(mia, f.CNC, START + 45 * SECOND, "bought again")
    plant.values((50, 70.0), (60, 99.0))
    asked = [at for _, asks, at in plant.events() if asks]
    assert asked == [START + 10 * SECOND, START + 60 * SECOND]  # nothing of the time in which it was out


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
    plant.values((239, 75.0))
    after(plant, 240)  # it runs since two minutes
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
        plant.commands.acknowledge(admin, [alarm], "x")
    with pytest.raises(NotFound):
        plant.commands.acknowledge(ann, [alarm], "x")
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
        plant.commands.acknowledge(plant.sue, [one, other], "x")
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
    later = queries.figures(LINE, f.NOW - 50 * SECOND, f.NOW)  # the flood began before
    assert (later.kpis.total, later.kpis.flooded) == (0, 1.0)
    assert found.kpis.chattering[0][1] == 10
    every = queries.journal(LINE, f.NOW - DAY, f.NOW)
    assert every[0].event == "cleared" and len(every) == found.lines == 24
    pages = [queries.journal(LINE, f.NOW - DAY, f.NOW, 10, first) for first in (0, 10, 20)]
    assert sum(pages, ()) == every and [len(page) for page in pages] == [10, 10, 4]
    with plant.database.write() as tx:
        tx.execute(t.alarm_definitions.update().values(active=False))  # its lines stay, with its name
    assert queries.journal(LINE, f.NOW - DAY, f.NOW) == every and queries.figures(LINE, 0, f.NOW).names


def by_exception(plant):
    with plant.database.write() as tx:
        tx.execute(t.metrics.update().values(deadband=0.5))


def after(plant, seconds):
    return plant.watch.turn("north", START + seconds * SECOND)


def test_a_value_that_jumps_and_stays_asks_when_its_delay_is_over(plant):
    plant.define(replace(HOT, on_delay_s=60, off_delay_s=30))
    by_exception(plant)
    plant.values((0, 50.0), (10, 120.0))
    assert after(plant, 69) == 0 and after(plant, 70) == 1
    plant.watch = AlarmWatch(plant.database)
    assert after(plant, 4_000) == 0  # and once only, after a restart too
    plant.values((4_010, 60.0))
    assert after(plant, 4_100) == 1
    assert [(e, at) for e, _, at in plant.events()] == [
        ("activated", START + 70 * SECOND), ("cleared", START + 4_040 * SECOND),
    ]  # fmt: skip


def test_what_came_in_one_batch_is_judged_as_if_it_had_come_one_by_one(plant):
    plant.define(replace(HOT, on_delay_s=60))
    by_exception(plant)
    plant.values((10, 120.0), (500, 50.0))
    assert [(e, at) for e, _, at in plant.events()] == [
        ("activated", START + 70 * SECOND), ("cleared", START + 500 * SECOND),
    ]  # fmt: skip


def test_one_odd_value_among_samples_a_delay_apart_raises_nothing(plant):
    plant.define(replace(HOT, on_delay_s=60))
    plant.values((0, 50.0), (60, 120.0), (120, 50.0))
    assert plant.events() == []


def test_while_the_source_is_dead_no_delay_runs_and_the_alarm_says_stale(plant):
    plant.define(replace(HOT, on_delay_s=60))
    by_exception(plant)
    with plant.database.write() as tx:
        alias = "g/n/cnc-11"
        known = {"source": "sparkplug", "external_id": alias, "equipment_id": f.CNC}
        tx.execute(t.equipment_aliases.insert().values(**known))
        device = {"external_id": alias, "online": False, "offline_us": START + 30 * SECOND, "gap_cause": ""}
        tx.execute(t.edge_devices.insert().values(**device))
    plant.values((10, 120.0))
    assert after(plant, 20) == 0 and plant.board().stale == ()
    after(plant, 3_000)
    assert plant.events() == [] and [r.name for r in plant.board().stale] == ["Temperature high"]
    with plant.database.write() as tx:
        tx.execute(t.edge_devices.update().values(online=True, offline_us=None))
        gap = {"source": "sparkplug", "external_id": alias, "cause": "death", "missing": 0, "receive_us": 0}
        tx.execute(t.gaps.insert().values(**gap, from_us=START + 30 * SECOND, to_us=START + 3_100 * SECOND))
    plant.values((3_100, 121.0))
    assert plant.events() == [] and plant.board().stale == ()
    after(plant, 3_139)
    assert plant.events() == []  # 20 seconds before the death count, the death does not
    after(plant, 3_140)
    assert [e for e, _, _ in plant.events()] == ["activated"]


def test_a_source_that_does_not_say_how_it_sends_is_believed_for_five_minutes(plant):
    plant.define(replace(HOT, on_delay_s=400))
    plant.values((0, 50.0), (10, 120.0))
    after(plant, 3_000)
    assert plant.events() == [] and len(plant.board().stale) == 1
    plant.define(replace(HOT, on_delay_s=300, name="Sooner"))
    plant.values((3_010, 121.0))
    after(plant, 3_400)
    assert [e for e, _, _ in plant.events()] == ["activated", "activated"]


def test_a_machine_that_stops_hides_its_alarm_without_another_value(plant):
    plant.define(replace(HOT, on_delay_s=0, suppress_when=NOT_RUNNING))
    by_exception(plant)
    with plant.database.write() as tx:
        for at, code in ((START - HOUR, 6), (START + 60 * SECOND, 2), (START + 120 * SECOND, 6)):
            row = {"equipment_id": f.CNC, "source_us": at, "state": code, "mode": 1, "receive_us": at}
            tx.execute(t.states.insert().values(**row))
    plant.values((10, 90.0))
    after(plant, 100)
    assert plant.state() is State.SUPPRESSED
    after(plant, 239)
    assert plant.state() is State.SUPPRESSED
    after(plant, 240)
    assert plant.state() is State.UNACKNOWLEDGED
    assert [(e, at) for e, _, at in plant.events()] == [
        ("activated", START + 10 * SECOND),
        ("suppressed", START + 60 * SECOND),
        ("unsuppressed", START + 240 * SECOND),
    ]


def test_a_flood_ends_on_the_board_when_ten_minutes_hold_fewer_than_five(plant):
    plant.define(replace(HOT, on_delay_s=0))
    for k in range(12):
        plant.values((20 * k, 90.0), (20 * k + 10, 50.0))

    def flood(at_s):
        clock = Clock(START + at_s * SECOND, wall_us())
        board = AlarmQueries(Context(plant.database, plant.sue, SITE, clock)).board()
        return board.flood, board.last_ten

    assert flood(230) == (True, 12)
    assert flood(600 + 125)[0] and flood(600 + 125)[1] == 5
    assert flood(600 + 141) == (False, 4)


def test_alarms_that_were_there_for_more_than_a_day_are_counted_by_the_day(plant):
    plant.define(replace(HOT, on_delay_s=0))
    e = {"equipment_id": f.CNC, "position_id": LINE, "priority": "low", "wall_us": 0, "actor": "", "note": ""}
    with plant.database.write() as tx:
        for event, asks, days in (("activated", True, 5), ("cleared", False, 2)):
            row = {"alarm_id": "a", "event": event, "asks": asks, "at_us": f.NOW - days * DAY}
            tx.execute(t.alarm_events.insert().values(**e, **row))
    queries = AlarmQueries(Context(plant.database, plant.sue, SITE, Clock(f.NOW, wall_us())))
    found = queries.figures(LINE, f.NOW - 7 * DAY, f.NOW)  # days 4 and 3 of seven
    assert (found.stale_a_day, found.stale) == (2 / 7, ())


def test_each_position_is_judged_alone(plant):
    """Four at each of three positions within ten minutes are no flood at any."""
    e = {"equipment_id": f.CNC, "event": "activated", "asks": True, "priority": "low", "wall_us": 0}
    with plant.database.write() as tx:
        for n, position in enumerate([LINE] * 5 + ["b"] * 4 + ["c"] * 4):
            row = {"alarm_id": f"a{n}", "position_id": position, "at_us": f.NOW - 9 * MINUTE + n * SECOND}
            tx.execute(t.alarm_events.insert().values(**e, **row, actor="", note=""))
    queries = AlarmQueries(Context(plant.database, plant.sue, SITE, Clock(f.NOW, wall_us())))
    board, found = queries.board(), queries.figures("", f.NOW - 10 * MINUTE, f.NOW)
    one = queries.figures("b", f.NOW - 10 * MINUTE, f.NOW)
    assert (board.flood, board.last_ten) == (False, 5)
    assert [(name, k.total, k.rate) for name, k in found.positions] == [
        ("Line 1", 5, 5.0), ("b", 4, 4.0), ("c", 4, 4.0)
    ]  # fmt: skip
    assert found.kpis.total == 13 and not any(k.floods for _, k in found.positions)
    assert (one.kpis.total, [name for name, _ in one.positions]) == (4, ["b"])


def test_an_alarm_that_was_acknowledged_is_there_since_it_came(plant):
    alarm = plant.define(replace(HOT, on_delay_s=0))
    plant.values((0, 90.0))
    plant.commands.acknowledge(plant.tom, [alarm], "fan ordered")
    (row,) = plant.board().rows
    later = Clock(START + 2 * DAY, wall_us())
    found = AlarmQueries(Context(plant.database, plant.sue, SITE, later)).figures(
        LINE, START, START + 2 * DAY
    )
    assert (row.state, row.since_us) == (State.ACKNOWLEDGED, START)
    assert [r.alarm_id for r in found.stale] == [alarm]
