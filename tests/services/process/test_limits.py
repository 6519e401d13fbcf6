"""Validated limits of settings: who enters them, which count, and that none is overwritten."""

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, Clock, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound
from domain.process import Limits
from services.commands.process import ProcessCommands
from services.context import Context
from services.process.limits import InForce
from services.queries.process import ProcessQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.process.kit import FORCE, LINE, SPEED, press, ran

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")


@pytest.fixture
def line(database):
    """Two presses with an operation each, and a supervisor."""
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        units = [press(tx, 21), press(tx, 22)]
        for place, unit in enumerate(units):
            ran(tx, unit, place, {FORCE: 410.0 + 20 * place, SPEED: 280.0}, set_point=420.0)
        sue = f.account(tx)
    return database, ProcessCommands(database), sue, units


def settings(database, actor, *asked):
    view = ProcessQueries(Context(database, actor, SITE, Clock(f.NOW, wall_us()))).settings(*asked)
    return {(row.equipment_name, row.parameter): row for row in view.rows}


def test_limits_of_the_line_count_for_each_machine_and_its_own_go_before(line):
    database, commands, sue, (_, second) = line
    rows = settings(database, sue)
    assert rows["Press 21", FORCE].limits is None and rows["Press 21", FORCE].set_point == 420.0
    assert commands.set_limits(sue, LINE, "P-201", FORCE, 400, 425, "T-17", "trial in May") == 1
    rows = settings(database, sue)
    assert rows["Press 21", FORCE].limits == Limits(400, 425, "kN", "T-17")
    assert not rows["Press 21", FORCE].outside and rows["Press 22", FORCE].outside
    assert rows["Press 21", SPEED].limits is None
    commands.set_limits(sue, second, "P-201", FORCE, 400, 440, "T-18", "this press is stiffer")
    rows = settings(database, sue, LINE, "P-201")
    assert rows["Press 22", FORCE].limits.high == 440 and rows["Press 22", FORCE].scope == second
    assert rows["Press 21", FORCE].limits.high == 425


def test_each_change_is_a_version_and_taken_back_limits_hold_no_longer(line):
    database, commands, sue, (_, second) = line
    for high in (425, 430):
        commands.set_limits(sue, LINE, "P-201", FORCE, 400, high, "T-17", "trial")
    commands.set_limits(sue, second, "P-201", FORCE, 400, 440, "T-18", "stiffer")
    commands.take_back(sue, second, "P-201", FORCE, "the press was rebuilt")
    with database.read() as tx:
        held = InForce.read(tx, "north")
        assert held.of(second, "P-201", FORCE) == (LINE, Limits(400, 430, "kN", "T-17", 2))
        written = tx.execute(select(t.parameter_limits.c.version)).scalars().all()
        told = tx.execute(select(t.audit.c.action).order_by(t.audit.c.entry)).scalars().all()
    assert sorted(written) == [1, 1, 2, 2]
    assert told == ["entered limits of a setting"] * 3 + ["took back limits of a setting"]
    with pytest.raises(NotFound, match="no limits hold"):
        commands.take_back(sue, second, "P-201", FORCE, "again")


def test_limits_are_refused_without_proof_sense_right_or_a_setting_that_ran(line):
    database, commands, sue, _ = line
    for low, high, proof in ((400, 400, "T"), (430, 420, "T"), (400, 430, " "), (float("nan"), 1, "T")):
        with pytest.raises(InvalidInput):
            commands.set_limits(sue, LINE, "P-201", FORCE, low, high, proof, "trial")
    with pytest.raises(InvalidInput, match="a few words"):
        commands.set_limits(sue, LINE, "P-201", FORCE, 400, 430, "T-17", " ")
    with pytest.raises(InvalidInput, match="line or for a machine"):
        commands.set_limits(sue, "north/forming", "P-201", FORCE, 400, 430, "T-17", "trial")
    with pytest.raises(NotFound, match="ran with this setting"):
        commands.set_limits(sue, LINE, "P-999", FORCE, 400, 430, "T-17", "trial")
    with database.write() as tx:
        tim = f.account(tx, "tim", [Role.TECHNICIAN])
        far = f.account(tx, "far", [Role.SUPERVISOR], ["north/machining"])
    for person in (tim, far):
        with pytest.raises(Forbidden):
            commands.set_limits(person, LINE, "P-201", FORCE, 400, 430, "T-17", "trial")
    assert not settings(database, far)
    with database.read() as tx:
        assert tx.execute(select(t.parameter_limits)).first() is None


def test_a_setting_is_what_its_newest_operation_says_and_reaches_over_all_of_late(database):
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        unit = press(tx, 21)
        for number, (value, hours) in enumerate(((400.0, 60), (431.0, 30), (410.0, 20), (390.0, 31 * 24))):
            begun = f.NOW - hours * HOUR
            ran(tx, unit, number, {FORCE: value}, set_point=value + 1, start_us=begun)
        ran(tx, unit, 9, {FORCE: 500.0, SPEED: 250.0}, product="P-202", start_us=f.NOW - 90 * HOUR)
        sue = f.account(tx)
    view = ProcessQueries(Context(database, sue, SITE, Clock(f.NOW, wall_us()))).settings()
    assert [
        (r.product_id, r.parameter, r.runs, r.lowest, r.highest, r.value, r.set_point, f.NOW - r.at_us)
        for r in view.rows
    ] == [
        ("P-201", FORCE, 3, 400.0, 431.0, 410.0, 411.0, 20 * HOUR),
        *(
            ("P-202", name, 1, v, v, v, v, 90 * HOUR)
            for name, v in sorted({FORCE: 500.0, SPEED: 250.0}.items())
        ),
    ]
