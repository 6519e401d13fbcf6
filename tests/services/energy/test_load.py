"""Quarter hours out of counts: gaps, resets, standing machines; and the screen."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from data.store import tables as t
from domain.clock import DAY, HOUR, MINUTE, Clock, wall_us
from domain.energy import QUARTER_US, Band
from domain.errors import Forbidden, InvalidInput
from services.commands.energy import EnergyCommands
from services.context import Context
from services.energy import buckets
from services.energy.load import load
from services.kpi import dirty
from services.kpi.keeping import Keeper
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


def read(database, quarters, first=START):
    with database.read() as tx:
        return load(tx, [f.CNC], first, first + quarters * QUARTER_US)


def test_energy_that_came_after_a_gap_is_spread_over_it_and_marked(database):
    with database.write() as tx:
        counted(tx, [1, 1, 1, None, None, None, None, None, 6, 1, 1, 1])
    found = read(database, 4).demand().quarters()
    assert [q.kw for q in found] == pytest.approx([12, 12, 12, 12])  # no false peak of 28 kW
    assert [q.estimated for q in found] == [False, True, True, False]
    assert read(database, 4).demand().peak() == (12.0, START)  # and none of a stretch that was filled


def test_a_gap_over_the_edge_of_the_window_counts_only_its_part(database):
    with database.write() as tx:
        counted(tx, [1, None, None, None, None, 10, 2])
    found = read(database, 1, START + QUARTER_US)
    assert found.demand().quarters()[0].kw == pytest.approx(6 * 4) and found.demand().quarters()[0].estimated
    after = read(database, 1, START + DAY)  # after the last value nothing is known
    assert after.demand().quarters()[0].kw is None and not after.columns["known"].any()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.floats(0, 50)), min_size=12, max_size=36))
def test_spreading_keeps_the_sum_and_agrees_with_a_plain_loop(database, values):
    values = values[: len(values) // 3 * 3]
    with database.write() as tx:
        tx.execute(delete(t.counts))
        if any(v is not None for v in values):
            counted(tx, values)
    with database.read() as tx:
        found = buckets.read(tx, [f.CNC], START, START + len(values) // 3 * QUARTER_US)
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
    assert found.columns["kwh"].tolist() == [[10.0]]  # 5, then 3 from zero on, then 2


def test_a_meter_that_is_silent_while_parts_come_is_a_gap_and_makes_no_peak(database):
    """12 kW throughout; the meter is not read from 00:15 to 03:15, the part counter is."""
    parts = [(START + 1 + k * FIVE, float(k)) for k in range(48)]
    meter = [(at, k * 1.0) for k, (at, _) in enumerate(parts) if not 3 < k < 39]
    with database.write() as tx:
        f.readings(tx, f.CNC, "energy", meter)
        f.readings(tx, f.CNC, "good_count", parts)
        refresh(tx, {(f.CNC, bucket_of(at)) for at, _ in parts})
    demand = read(database, 15).demand()
    assert demand.kw[1:15] == pytest.approx(np.full(14, 12.0))  # the very first reading says nothing yet
    assert demand.estimated[:15].tolist() == [*[True] * 14, False]
    assert demand.peak()[0] == pytest.approx(12.0)


def test_a_meter_that_stands_still_for_hours_was_measured(database):
    rows = [(START + 1, 5.0), (START + 4 * FIVE, 6.0), (START + 40 * FIVE, 6.0), (START + 42 * FIVE, 7.0)]
    with database.write() as tx:
        f.readings(tx, f.CNC, "energy", rows)
        refresh(tx, {(f.CNC, bucket_of(at)) for at, _ in rows})
    demand = read(database, 13).demand()
    assert not demand.estimated[2:13].any() and not demand.kw[2:13].any()


def test_a_machine_without_a_meter_takes_no_peak_from_the_others(database):
    other = f.CNC.replace("11", "12")
    with database.write() as tx:
        counted(tx, [1.0] * 12)
        rows = [(START + 1 + k * FIVE, float(k)) for k in range(12)]
        f.readings(tx, other, "good_count", rows)
        refresh(tx, {(other, bucket_of(at)) for at, _ in rows})
    with database.read() as tx:
        found = load(tx, [f.CNC, other], START, START + 4 * QUARTER_US)
    assert found.demand().peak() == (12.0, START) and found.unmetered() == (other,)


def test_a_meter_that_goes_silent_takes_no_peak_from_the_others(database):
    """One machine draws 120 kW after the other one's meter was heard last."""
    other = f.CNC.replace("11", "12")
    with database.write() as tx:
        counted(tx, [1.0] * 12 + [10.0] * 3 + [1.0] * 273)
        counted(tx, [1.0] * 6, other)
    with database.read() as tx:
        both = load(tx, [f.CNC, other], START, START + DAY).demand()
        alone = load(tx, [f.CNC], START, START + DAY).demand()
    peak = (120.0, START + 4 * QUARTER_US)
    assert both.peak() == alone.peak() == peak
    assert both.lacks(peak[1]) and not alone.lacks(peak[1]) and not both.lacks(START)


def test_a_peak_is_one_that_was_measured(database):
    with database.write() as tx:
        counted(tx, [1, 1, 1, None, None, None, 18, 1, 1])
    demand = read(database, 3).demand()
    assert max(demand.kw) > 40 and demand.peak() == (12.0, START)


def test_idle_energy_is_what_was_drawn_while_standing(database):
    with database.write() as tx:
        did = [(START - HOUR, 6), (START + 30 * MINUTE, 2), (START + 62 * MINUTE, 6)]
        f.did(tx, f.CNC, did, START + DAY)
        counted(tx, [3.0] * 6 + [0.5] * 6 + [2.0] + [3.0] * 5)
    found = read(database, 6)
    # Six standing buckets whole, and two minutes of the mixed one at the usual standing power.
    assert found.idle_kwh()[0] == pytest.approx(6 * 0.5 + 0.5 * 2 / 5)


def test_a_machine_that_only_counts_stands_where_no_parts_come_and_a_silence_is_neither(database):
    """Parts for an hour, an hour without, an hour of silence, parts: 1 kWh a bucket throughout."""
    rows = [
        {"equipment_id": f.CNC, "bucket_us": START + k * FIVE, "good": 3.0 * (not 12 <= k < 24), "scrap": 0.0,
         "energy_kwh": 13.0 if k == 36 else 1.0}
        for k in (*range(24), *range(36, 48))
    ]  # fmt: skip
    with database.write() as tx:
        f.site(tx, now_us=START + 4 * HOUR, speed=1e-6)
        f.machine(tx)
        tx.execute(t.counts.insert(), rows)
    Keeper(database).turn()
    found = read(database, 16)
    # The silence begins a quarter of an hour behind the last message.
    assert found.idle_kwh()[0] == pytest.approx(12 + 2) and found.demand().kwh.sum() == pytest.approx(48)
    with database.write() as tx:  # it made parts all the time, as comes to light later
        tx.execute(update(t.counts).where(t.counts.c.bucket_us < START + 2 * HOUR).values(good=3.0))
        dirty.mark(tx, [(f.CNC, START + HOUR, START + 2 * HOUR)])
    Keeper(database).turn()
    assert read(database, 16).idle_kwh()[0] == pytest.approx(2)


SITE = SiteRow("north", "Plant North", "Europe/Berlin", "EUR")
ALL_DAY = (Band("all", "1234567", 0, 1_440, 30_000),)


@pytest.fixture
def plant(database):
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


def test_the_peak_is_charged_at_the_price_that_held_then_once_a_month(plant):
    """24 kW for a day from START on, and 48 kW for half an hour in the month before."""
    database, manager, _, queries = plant
    commands = EnergyCommands(database)
    start = START - 25 * DAY  # the month before, and further than a silence is filled
    commands.set_tariff(manager, "north", "flat", start - DAY, ALL_DAY, 500, "contract")
    commands.set_tariff(manager, "north", "dear", START + HOUR, ALL_DAY, 2_000, "contract")
    with database.write() as tx:
        rows = [
            {"equipment_id": f.CNC, "bucket_us": start + k * FIVE, "good": 0.0, "scrap": 0.0,
             "energy_kwh": 4.0} for k in range(6)
        ]  # fmt: skip
        tx.execute(t.counts.insert(), rows)
    same = queries.view("north/machining/line-1", START, START + DAY)
    both = queries.view("north/machining/line-1", start, START + DAY)
    assert same.peak_charge_cents == 24 * 500  # at 00:00, before the dear one began
    assert both.peak_charge_cents == 48 * 500 + 24 * 500


def test_without_a_good_part_or_a_tariff_there_is_no_figure(plant):
    database, _, _, queries = plant
    with database.write() as tx:
        tx.execute(t.counts.update().values(good=0.0))
    view = queries.view("", START, START + DAY)
    assert view.rows[0].per_part_kwh is None and view.rows[0].cost_cents is None and view.co2_kg is None


def test_a_meter_that_fell_is_listed_with_its_values(plant):
    database, _, _, queries = plant
    rows = [
        (START + 1, 990.0),
        (START + 4 * MINUTE, 995.0),
        (START + 9 * MINUTE, 3.0),
        (START + 14 * MINUTE, 5.0),
    ]
    with database.write() as tx:
        f.readings(tx, f.CNC, "energy", rows)
        refresh(tx, {(f.CNC, bucket_of(at)) for at, _ in rows})
        dirty.mark(tx, [(f.CNC, START, START + HOUR)])
    Keeper(database).turn()
    for where in ("north/machining/line-1", ""):  # a line, and the whole site
        view = queries.view(where, START, START + DAY)
        assert view.resets == (("CNC-11", START + 9 * MINUTE, 995.0, 3.0),)
    assert queries.view("", START + HOUR, START + DAY).resets == ()


def test_a_meter_that_fell_is_listed_on_postgresql_as_well(postgres):
    with postgres.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        manager = f.account(tx, "mia", [f.Role.PLANT_MANAGER], name="Mia")
        counted(tx, [2.0] * 288, good=4.0)
    queries = EnergyQueries(Context(postgres, manager, SITE, Clock(f.NOW, wall_us())))
    test_a_meter_that_fell_is_listed_with_its_values((postgres, manager, None, queries))
