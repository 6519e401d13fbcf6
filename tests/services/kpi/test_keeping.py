"""The keeper: from marks to figures, a new history, silence, and machines that are not placed."""

import random

import pytest
from sqlalchemy import func, select

from data.store import tables as t
from domain.clock import FOR_EVER_US, HOUR, MINUTE, Clock, wall_us
from services import clocks
from services.kpi import dirty
from services.kpi.keeping import Keeper
from services.kpi.recompute import recompute
from tests.services.kpi import facts as k


@pytest.fixture
def plant(database):
    """A line with facts; its clock stands still, nearly, at the end of them."""
    with database.write() as tx:
        k.plant(tx)
        clocks.write(tx, "north", Clock(k.END, wall_us(), 1e-6))
        for fact in k.random_facts(random.Random(4)):
            k.store(tx, fact)
    return database


def test_a_history_that_has_just_come_is_classified_whole(plant) -> None:
    Keeper(plant).turn()
    found = k.derived(plant)
    with plant.write() as tx:
        first = tx.execute(select(func.min(t.counts.c.bucket_us))).scalar_one()
        upto = tx.execute(select(func.max(t.kpi_progress.c.upto_us))).scalar_one()
        recompute(tx, k.LINE, first, upto)
    assert found == k.derived(plant)
    assert len(found["intervals"]) > 100


def test_a_mark_is_answered_and_gone(plant) -> None:
    Keeper(plant).turn()
    at = k.START + 10 * HOUR
    with plant.write() as tx:
        row = {"equipment_id": k.UNITS[0], "source_us": at + 1, "state": 9, "mode": 1, "receive_us": at}
        tx.execute(t.states.insert().values(**row))
        dirty.mark(tx, [(k.UNITS[0], at, FOR_EVER_US)])
    done = Keeper(plant).turn()
    assert (done.lines, done.marks, done.waiting) == (1, 1, 0)
    assert Keeper(plant).turn().marks == 0
    i = t.intervals.c
    with plant.read() as tx:
        here = (i.equipment_id == k.UNITS[0], i.from_us <= at + 1, i.to_us > at + 1)
        assert tx.execute(select(i.state).where(*here)).scalar() == 9


def test_silence_becomes_time_without_data(plant) -> None:
    Keeper(plant).turn()
    with plant.write() as tx:
        clocks.write(tx, "north", Clock(k.END + 3 * HOUR, wall_us(), 1e-6))
    Keeper(plant).turn()
    i = t.intervals.c
    with plant.read() as tx:
        ends = tx.execute(select(func.max(i.to_us)).group_by(i.equipment_id)).scalars().all()
        assert all(abs(end - k.END - 3 * HOUR) < MINUTE for end in ends)


def test_marks_of_machines_that_are_not_placed_do_not_pile_up(plant) -> None:
    Keeper(plant).turn()
    with plant.write() as tx:
        dirty.mark(tx, [("north/unassigned/unassigned/x-1", 0, 5)])
    Keeper(plant).turn()
    with plant.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.kpi_dirty)).scalar() == 0


def test_an_old_correction_leaves_no_hole_in_what_has_just_passed(plant) -> None:
    """Else a shift that ended within that minute would lack its end for good."""
    Keeper(plant).turn()
    now = k.END + MINUTE // 2
    with plant.write() as tx:
        clocks.write(tx, "north", Clock(now, wall_us(), 1e-6))
        dirty.mark(tx, [(k.UNITS[0], k.START + HOUR, k.START + HOUR + 1)])
    Keeper(plant).turn()
    i = t.intervals.c
    with plant.read() as tx:
        end = tx.execute(select(func.max(i.to_us)).where(i.equipment_id == k.UNITS[0])).scalar_one()
        upto = tx.execute(
            select(t.kpi_progress.c.upto_us).where(t.kpi_progress.c.equipment_id == k.UNITS[0])
        ).scalar_one()
    assert end == upto >= now
