"""Machines that are taken out of the plant and put back: figures, cases, alarms, and who may."""

import json

import pytest
from sqlalchemy import insert, select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, MINUTE, Clock, wall_us
from domain.errors import Forbidden, InvalidInput, NotFound, NotNow
from domain.time_model import Cause
from services.commands.plant import PlantCommands
from services.context import Context
from services.joining import Effect, Signal, Source, take_in
from services.kpi.keeping import Keeper
from services.queries.plant import PlantQueries
from services.queries.predict import PredictQueries
from services.rows.site import SiteRow
from tests import factories as f

SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
LINE = "north/machining/line-1"
OUT, BACK = f.NOW - 6 * HOUR, f.NOW - 2 * HOUR


@pytest.fixture
def plant(database):
    """A machine that makes 5 parts every 5 minutes for 12 hours, and a manager."""
    with database.write() as tx:
        f.site(tx, speed=1e-6)
        f.machine(tx, name="CNC-11")
        begin = f.NOW - 12 * HOUR
        rows = [
            {"equipment_id": f.CNC, "bucket_us": begin + k * 5 * MINUTE, "good": 5.0, "scrap": 0.0,
             "energy_kwh": 1.0}
            for k in range(144)
        ]  # fmt: skip
        tx.execute(insert(t.counts), rows)
        mia = f.account(tx, "mia", [Role.PLANT_MANAGER])
    Keeper(database).turn()
    return database, PlantCommands(database), mia


def view(database, actor):
    return PlantQueries(Context(database, actor, SITE, Clock(f.NOW, wall_us()))).machines()


def good(database):
    Keeper(database).turn()
    c = t.kpi_cells.c
    with database.read() as tx:
        return sum(tx.execute(select(c.good).where(c.equipment_id == f.CNC)).scalars())


def removed_h(database):
    i = t.intervals.c
    with database.read() as tx:
        rows = tx.execute(select(i.from_us, i.to_us).where(i.cause == Cause.REMOVED.value)).all()
    return round(sum(end - begin for begin, end in rows) / HOUR, 3)  # the clock ticks on a little


def test_the_time_outside_is_in_no_figure_and_what_ran_in_it_is_flagged(plant):
    database, commands, mia = plant
    assert good(database) == 720
    commands.take_out(mia, f.CNC, OUT, "sent to the maker")
    assert good(database) == 360 and removed_h(database) == 6
    (row,) = view(database, mia).rows
    assert (row.out_us, row.out_by, row.out_reason) == (OUT, mia.name, "sent to the maker") and row.flagged
    commands.put_back(mia, f.CNC, BACK, "repaired")
    assert good(database) == 480 and removed_h(database) == 4
    commands.take_out(mia, f.CNC, BACK + HOUR, "sold")
    assert good(database) == 420 and removed_h(database) == 5
    found = view(database, mia)
    assert [(c.action, c.who, c.reason) for c in found.changes] == [
        ("took a machine out of the plant", mia.name, "sold"),
        ("put a machine back into the plant", mia.name, "repaired"),
        ("took a machine out of the plant", mia.name, "sent to the maker"),
    ]


def test_only_a_moment_that_is_over_and_in_no_closed_shift(plant):
    database, commands, mia = plant
    with pytest.raises(InvalidInput, match="future"):
        commands.take_out(mia, f.CNC, f.NOW + HOUR, "sold")
    closing = {
        "line_id": LINE, "from_us": f.NOW - 11 * HOUR, "version": 1, "to_us": f.NOW - 3 * HOUR,
        "shift": "Early", "closed_by": "", "closed_us": f.NOW, "closed_wall_us": 0, "note": "",
        "reopen_reason": "",
    }  # fmt: skip
    with database.write() as tx:
        tx.execute(insert(t.shift_closings).values(**closing))
    with pytest.raises(InvalidInput, match="shift Early is closed"):
        commands.take_out(mia, f.CNC, OUT, "sold")
    with database.write() as tx:
        tx.execute(t.shift_closings.update().values(reopened_us=f.NOW, reopen_reason="wrong"))
    commands.take_out(mia, f.CNC, OUT, "sold")
    with pytest.raises(NotNow, match="out of the plant already"):
        commands.take_out(mia, f.CNC, BACK, "sold")
    with pytest.raises(InvalidInput, match="taken out later"):
        commands.put_back(mia, f.CNC, OUT, "no")
    commands.put_back(mia, f.CNC, BACK, "yes")
    with pytest.raises(NotNow, match="is in the plant"):
        commands.put_back(mia, f.CNC, f.NOW, "again")
    with pytest.raises(InvalidInput, match="put back later"):
        commands.take_out(mia, f.CNC, BACK - HOUR, "again")
    with pytest.raises(InvalidInput):
        commands.take_out(mia, f.CNC, f.NOW, " ")
    with pytest.raises(NotFound):
        commands.take_out(mia, LINE, f.NOW, "a line is no machine")


def test_who_may_not_is_refused(plant):
    database, commands, _ = plant
    with database.write() as tx:
        supervisor = f.account(tx, "sue")
        elsewhere = f.account(tx, "ann", [Role.PLANT_MANAGER], ["north/forming"])
    for who in (supervisor, elsewhere):
        with pytest.raises(Forbidden):
            commands.take_out(who, f.CNC, OUT, "x")
        with pytest.raises(Forbidden):
            commands.put_back(who, f.CNC, OUT, "x")


def test_undecided_cases_are_withdrawn_ordered_work_goes_on_and_nothing_new_is_said(plant):
    database, commands, mia = plant
    with database.write() as tx:
        f.case(tx, number=7)
        f.case(tx, number=8, cause="tool", state="accepted", decided_by=mia.account_id)
    done = commands.take_out(mia, f.CNC, OUT, "sold")
    assert (done.withdrawn, done.under_way) == ((7,), (8,))
    c = t.cases.c
    with database.read() as tx:
        states = {row[0]: row[1] for row in tx.execute(select(c.number, c.state))}
        reason = tx.execute(select(c.reason).where(c.number == 7)).scalar_one()
        detail = tx.execute(select(t.audit.c.detail).order_by(t.audit.c.entry.desc()).limit(1)).scalar_one()
    assert states == {7: "withdrawn", 8: "accepted"} and "taken out of the plant: sold" in reason
    assert json.loads(detail)["under_way"] == [8]
    signal = Signal(Source.ALARM, "a", "Alarm", f.CNC, "bearing", f.NOW, "hot", opens=True)
    with database.write() as tx:
        assert take_in(tx, signal).effect is Effect.NOTHING
    context = Context(database, mia, SITE, Clock(f.NOW, wall_us()))
    assert PredictQueries(context).risks().rows == ()
