"""Quarter hours out of counts: gaps, resets, standing machines; and the screen."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE
from domain.energy import QUARTER_US, Band
from domain.errors import Forbidden, InvalidInput
from services.commands.energy import EnergyCommands
from services.context import Context
from services.energy.load import load
from services.queries.energy import EnergyQueries
from services.rollups import BUCKET_US, bucket_of, refresh
from services.rows.site import SiteRow
from tests import factories as f

START = f.NOW - f.NOW % DAY
FIVE = BUCKET_US


def counted(tx, values, unit=f.CNC, good=0.0):
    """kWh by 5-minute bucket from START; None leaves the bucket out."""
    rows = [
        {"equipment_id": unit, "bucket_us": START + i * FIVE, "good": good, "scrap": 0.0, "energy_kwh": v}
        for i, v in enumerate(values)
        if v is not None
    ]
    tx.execute(t.counts.insert(), rows)


def state(tx, at, code):
    row = {"equipment_id": f.CNC, "source_us": at, "state": code, "mode": 1, "receive_us": at}
    tx.execute(t.states.insert().values(**row))


def read(database, quarters, first=START):
    with database.read() as tx:
        return load(tx, [f.CNC], first, first + quarters * QUARTER_US)


def test_energy_that_came_after_a_gap_is_spread_over_it_and_marked(database):
    with database.write() as tx:
        counted(tx, [1, 1, 1, None, None, None, None, None, 6, 1, 1, 1])
    found = read(database, 4).quarters()
    assert [q.kw for q in found] == pytest.approx([12, 12, 12, 12])  # no false peak of 28 kW
    assert [q.estimated for q in found] == [False, True, True, False]


def test_a_gap_over_the_edge_of_the_window_counts_only_its_part(database):
    with database.write() as tx:
        counted(tx, [1, None, None, None, None, 10, 2])
    found = read(database, 1, START + QUARTER_US)
    assert found.quarters()[0].kw == pytest.approx(6 * 4) and found.quarters()[0].estimated
    assert np.isnan(read(database, 1, START + DAY).kwh).all()  # after the last value nothing is known
    assert read(database, 1, START + DAY).quarters()[0].kw is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.floats(0, 50)), min_size=12, max_size=36))
def test_spreading_keeps_the_sum_and_agrees_with_a_plain_loop(database, values):
    values = values[: len(values) // 3 * 3]
    with database.write() as tx:
        tx.execute(delete(t.counts))
        if any(v is not None for v in values):
            counted(tx, values)
    found = read(database, len(values) // 3)
    plain, waiting, seen = [None] * len(values), 0, False
    for i, v in enumerate(values):
        waiting += 1
        if v is not None:
            first = i - waiting + 1 if seen else i
            for k in range(first, i + 1):
                plain[k] = v / (i - first + 1)
            waiting, seen = 0, True
    ours = [None if np.isnan(v) else v for v in found.kwh[0]]
    assert (
        ours == pytest.approx(plain)
        if None not in plain
        else [o is None for o in ours] == [p is None for p in plain]
    )
    assert np.nansum(found.kwh) == pytest.approx(sum(v for v in values if v is not None))


def test_a_meter_that_was_reset_counts_from_zero_and_never_backwards(database):
    rows = [
        (START + 1, 990.0),
        (START + 4 * MINUTE, 995.0),
        (START + 9 * MINUTE, 3.0),
        (START + 14 * MINUTE, 5.0),
    ]
    with database.write() as tx:
        f.readings(tx, f.CNC, "energy", rows)
        refresh(tx, {(f.CNC, bucket_of(at)) for at, _ in rows})
    found = read(database, 1)
    assert found.kwh[0].tolist() == [5.0, 3.0, 2.0]


def test_idle_energy_is_what_was_drawn_while_standing(database):
    with database.write() as tx:
        state(tx, START - HOUR, 6)
        state(tx, START + 30 * MINUTE, 2)
        state(tx, START + 62 * MINUTE, 6)
        counted(tx, [3.0] * 6 + [0.5] * 6 + [2.0] + [3.0] * 5)
    found = read(database, 6)
    # Six standing buckets whole, and two minutes of the mixed one at the usual standing power.
    assert found.idle_kwh(0) == pytest.approx(6 * 0.5 + 0.5 * 2 / 5)


SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
ALL_DAY = (Band("all", "1234567", 0, 1_440, 30_000),)


@pytest.fixture
def plant(database):
    from domain.clock import Clock, wall_us

    with database.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        manager = f.account(tx, "mia", [f.Role.PLANT_MANAGER], name="Mia")
        tom = f.account(tx, "tom", [f.Role.SUPERVISOR], name="Tom")
        counted(tx, [2.0] * 288, good=4.0)
    context = Context(database, manager, SITE, Clock(f.NOW, wall_us()))
    return database, manager, tom, EnergyQueries(context)


def test_cost_parts_emissions_and_who_set_them(plant):
    database, manager, tom, queries = plant
    commands = EnergyCommands(database)
    with pytest.raises(Forbidden):
        commands.set_tariff(tom, "north", "x", START, ALL_DAY, 500, "why")
    with pytest.raises(InvalidInput):
        commands.set_factor(manager, "north", -1.0, "nobody", START, "why")
    assert commands.set_tariff(manager, "north", "flat", START, ALL_DAY, 500, "contract 2026") == 1
    commands.set_factor(manager, "north", 400.0, "supplier", START, "label 2025")
    view = queries.view("north/machining/line-1", START, START + DAY)
    (row,) = view.rows
    assert (row.kwh, row.cost_cents, row.per_part_kwh) == pytest.approx((576, 576 * 30, 0.5))
    assert view.whole.peak_kw == pytest.approx(24) and view.peak_charge_cents == 12_000
    assert view.whole.base_kw == pytest.approx(24) and view.co2_kg == pytest.approx(230.4)
    assert (view.tariff.set_by, view.tariff.reason, view.factor.detail) == (
        "Mia",
        "contract 2026",
        "supplier",
    )
    with database.read() as tx:
        said = tx.execute(t.audit.select().with_only_columns(t.audit.c.action)).scalars().all()
    assert said == ["set the energy tariff", "set the emission factor"]
    assert commands.set_tariff(manager, "north", "flat", START, ALL_DAY, 600, "dearer") == 2


def test_without_a_good_part_or_a_tariff_there_is_no_figure(plant):
    database, _, _, queries = plant
    with database.write() as tx:
        tx.execute(t.counts.update().values(good=0.0))
    view = queries.view("", START, START + DAY)
    assert view.rows[0].per_part_kwh is None and view.rows[0].cost_cents is None and view.co2_kg is None
