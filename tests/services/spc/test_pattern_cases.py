"""A machine that leaves its usual pattern of several sensors: written down, and a case where that is on."""

import json

import numpy as np
import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import stops
from data.store import tables as t
from domain.clock import HOUR, MINUTE, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound
from services.commands.charts import ChartCommands
from services.spc import pattern_cases
from services.spc.patterns import METRICS, PatternWatch
from tests import factories as f

START = f.NOW - 160 * HOUR
START -= START % HOUR
CALM = 100


class Plant:
    """A machine whose sensors follow one load; from hour CALM on, as a test says."""

    def __init__(self, database):
        self.database, self.commands, self.watch = database, ChartCommands(database), PatternWatch(database)
        rng = np.random.default_rng(3)
        load = rng.normal(0, 1, CALM + 1)
        with database.write() as tx:
            f.site(tx)
            f.machine(tx, name="CNC-11")
            self.sue = f.account(tx, name="Sue")
            self.tom = f.account(tx, "tom", [Role.OPERATOR])
            part = {"machine_type": "cnc", "cause": "bearing", "part_id": "P", "task": "Change the bearing"}
            tx.execute(
                t.parts_of_machines.insert().values(**part, skill="fitter", duration_s=3600, inspect_s=600)
            )
            f.did(tx, f.CNC, [(START - HOUR, 6)], START + 400 * HOUR)
            for metric in METRICS:
                noise = rng.normal(0, 0.3, CALM + 1)
                values = [
                    (START + h * HOUR + k * MINUTE, float(100 + load[h] + noise[h]))
                    for h in range(CALM)
                    for k in (5, 25, 45)
                ]
                f.readings(tx, f.CNC, metric, values)
        self.commands.freeze_pattern(self.sue, f.CNC, START, START + CALM * HOUR, "calm")

    def hour(self, number, **odd):
        """One hour more: 100 everywhere, but for the odd sensors."""
        at = START + number * HOUR
        with self.database.write() as tx:
            for metric in METRICS:
                pairs = [(at + k * MINUTE, odd.get(metric, 100.0)) for k in (5, 25, 45)]
                f.more_readings(tx, f.CNC, metric, pairs)
        return self.watch.turn("north", at + HOUR)

    def switch(self, opens=True, who=None):
        return self.commands.watch_pattern(
            who or self.sue, f.CNC, opens_case=opens, cause="bearing", reason="two false alarms less"
        )

    def cases(self):
        with self.database.read() as tx:
            return tx.execute(select(t.cases)).mappings().all()

    def breaks(self):
        with self.database.read() as tx:
            b = t.spc_breaks.c
            mine = b.chart_id == pattern_cases.chart_of(f.CNC)
            return tx.execute(select(b.series, b.at_us, b.case_id).where(mine).order_by(b.at_us)).all()


@pytest.fixture
def plant(database):
    return Plant(database)


def test_what_lies_beyond_is_written_down_and_opens_nothing_unless_switched_on(plant):
    assert plant.hour(CALM).breaks == 0
    for number in range(CALM + 1, CALM + 4):
        seen = plant.hour(number, pressure=106.0)
        assert seen.breaks >= 1 and seen.cases == 0
    assert plant.cases() == [] and {row.series for row in plant.breaks()} >= {"SPE"}
    assert PatternWatch(plant.database).turn("north", START + (CALM + 4) * HOUR).breaks == 0  # nothing twice


def test_two_of_three_hours_beyond_open_one_case_that_names_the_sensor(plant):
    plant.switch()
    assert plant.hour(CALM, pressure=106.0).cases == 0  # one hour may be chance
    assert plant.hour(CALM + 1, pressure=106.0).cases == 1
    assert plant.hour(CALM + 2, pressure=106.0).cases == 0  # noted on the same case
    (case,) = plant.cases()
    words = json.loads(case["evidence"])["words"]
    assert (case["kind"], case["cause"], case["proposed_by"]) == ("chart", "bearing", "usual pattern")
    assert "sensors of CNC-11" in words and "Most of it comes from Pressure" in words
    assert {row.at_us for row in plant.breaks() if row.case_id == case["case_id"]} >= {
        START + (CALM + 2) * HOUR, START + (CALM + 3) * HOUR,
    }  # fmt: skip
    with plant.database.read() as tx:
        a = t.audit.c
        said = tx.execute(select(a.action).where(a.subject_id == case["case_id"]).order_by(a.entry)).scalars()
        assert list(said) == ["proposed", "sensors left the usual pattern"]


def test_two_limits_broken_in_one_hour_are_one_hour(plant):
    plant.switch()
    assert plant.hour(CALM, **(dict.fromkeys(METRICS, 130.0) | {"pressure": 90.0})).cases == 0
    assert {row.series for row in plant.breaks()} == {"T2", "SPE"}


def test_a_stop_of_all_models_holds_here_too(plant):
    plant.switch()
    with plant.database.write() as tx:
        key = stops.open_key("north", "", drill=False)
        row = {
            "stop_id": "s", "site_id": "north", "model_name": "", "drill": False, "open_key": key,
            "reason": "test", "stopped_by": plant.sue.account_id, "printed_name": "Sue", "meaning": "stop",
            "record_hash": "", "stopped_us": f.NOW, "stopped_wall_us": wall_us(), "effect": "{}",
            "resume_reason": "",
        }  # fmt: skip
        stops.add(tx, row)
    for number in (CALM, CALM + 1, CALM + 2):
        seen = plant.hour(number, pressure=106.0)
        assert seen.breaks and seen.cases == 0


def test_the_setting_is_kept_in_versions_with_who_and_why(plant):
    assert (plant.switch(), plant.switch(opens=False)) == (1, 2)
    plant.hour(CALM, pressure=106.0)
    assert plant.hour(CALM + 1, pressure=106.0).cases == 0
    with pytest.raises(Forbidden):
        plant.switch(who=plant.tom)
    act = plant.commands.watch_pattern
    with pytest.raises(InvalidInput):
        act(plant.sue, f.CNC, opens_case=True, cause="ghosts", reason="x")
    with pytest.raises(InvalidInput):
        act(plant.sue, f.CNC, opens_case=True, cause="bearing", reason=" ")
    with plant.database.write() as tx:
        f.machine(tx, f.PRESS)
    with pytest.raises(NotFound):
        act(plant.sue, f.PRESS, opens_case=True, cause="bearing", reason="x")


def test_a_case_is_opened_on_postgresql_too(postgres):
    plant = Plant(postgres)
    plant.switch()
    plant.hour(CALM, pressure=106.0)
    assert plant.hour(CALM + 1, pressure=106.0).cases == 1
