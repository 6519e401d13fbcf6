"""What the data of a machine are good for: each missing thing is named, and goes once it is there."""

import pytest
from sqlalchemy import delete, insert, update

from auth.permissions import Role
from data.store import signal_quality as store
from data.store import tables as t
from data.store.equipment import register_metrics
from domain.clock import DAY, HOUR, MINUTE, SECOND, Clock, wall_us
from domain.errors import Forbidden
from domain.ids import new_id
from domain.signal_quality import Look, Odd
from domain.telemetry import METRICS
from services.context import Context
from services.queries.data_quality import DataQualityQueries
from services.rows.site import SiteRow
from tests import factories as f
from tests.services.score.plant import (
    GAUGES,
    LINE,
    SITE,
    START_US,
    add_maintenance,
    add_readings,
    add_site,
    served,
    unit_id,
)

NOW = START_US + 2 * DAY
PLACE = SiteRow("north", "N", "UTC", "EUR")


def machine(database, number: int = 11, role: Role = Role.ADMINISTRATOR, scopes=("north",)):
    with database.write() as tx:
        actor = f.account(tx, roles=(role,), username=new_id(), scopes=scopes)
    context = Context(database, actor, PLACE, Clock(NOW, wall_us(), 1e-9))
    rows = DataQualityQueries(context).machines()
    return next((row for row in rows if row.equipment_id == unit_id(number)), None)


def whats(found) -> list[str]:
    return [one.what for one in found]


@pytest.fixture
def whole(database, tmp_path):
    """A machine with everything."""
    add_site(database, [11, 12])
    add_readings(database, 11, START_US, NOW, every_us=HOUR, gauges=GAUGES)
    add_maintenance(database, 11, START_US, START_US + HOUR)
    served(database, tmp_path / "model")
    with database.write() as tx:
        others = ("state", "good_count", "scrap_count")
        for metric_id in register_metrics(tx, unit_id(11), [METRICS[name] for name in others]).values():
            tx.execute(delete(t.latest).where(t.latest.c.metric_id == metric_id))
            tx.execute(
                insert(t.latest).values(
                    metric_id=metric_id, source_us=NOW - MINUTE, value=6, quality=192, receive_us=NOW - MINUTE
                )
            )
        own = {"instance": "line-1", "equipment_id": unit_id(11), "updated_us": NOW}
        tx.execute(
            insert(t.product_rates).values(
                **own, product_id="P1", planned_cycle_s=20.0, basis="", valid_from_us=0
            )
        )
        tx.execute(
            insert(t.operations).values(
                **own, operation_id="o1", order_id="A", product_id="P1", start_us=NOW - HOUR, end_us=None
            )
        )
        tx.execute(
            insert(t.quality_results).values(
                **own, result_id="r1", order_id="A", at_us=NOW - HOUR, good=9, scrap=1, rework=0
            )
        )
        use = {"use_id": "u1", "lot_id": "L1", "order_id": "A", "use": "Consumed", "quantity": 9.0}
        tx.execute(insert(t.lot_uses).values(instance="line-1", **use, at_us=NOW - HOUR, updated_us=NOW))
        tx.execute(
            insert(t.shifts).values(
                instance="line-1", shift_id="s1", line_id=LINE, name="Early", start_us=NOW - HOUR,
                end_us=NOW + HOUR, break_s=0, frozen_us=NOW - HOUR, updated_us=NOW,
            )
        )  # fmt: skip
    return database


def test_a_machine_with_everything_is_ready(whole):
    found = machine(whole)
    assert (found.oee, found.prediction, found.traceability) == ((), (), ())
    assert (found.odd, found.looked_us, found.gaps_us) == ((), None, 0)


def test_a_machine_with_nothing_is_told_everything(whole):
    found = machine(whole, 12)
    assert whats(found.oee) == [
        "No state and no parts counter",
        "No parts counter",
        "No scrap",
        "No planned cycle time",
        "No order for a week",
    ]
    assert whats(found.prediction) == [
        "No values: Temperature, Hall temperature, Pressure and 8 more",
        "No state",
    ]
    assert whats(found.traceability) == ["No order for a week", "No inspection results by order"]
    assert all(one.todo for one in (*found.oee, *found.prediction, *found.traceability))


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (t.product_rates, "No planned cycle time"),
        (t.operations, "No order for a week"),
        (t.shifts, "No shift plan"),
    ],
)
def test_what_goes_missing_is_named_for_oee(whole, table, what):
    with whole.write() as tx:
        tx.execute(delete(table))
    assert whats(machine(whole).oee) == [what]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (t.maintenance, "No maintenance history"),
        (t.model_versions, "No model for this kind of machine"),
    ],
)
def test_what_goes_missing_is_named_for_prediction(whole, table, what):
    with whole.write() as tx:
        tx.execute(delete(table))
    assert whats(machine(whole).prediction) == [what]


def test_orders_without_a_product_cannot_be_traced(whole):
    with whole.write() as tx:
        tx.execute(update(t.operations).values(product_id=""))
    assert whats(machine(whole).traceability) == ["Orders without a product"]


def test_orders_without_a_lot_cannot_be_traced_to_material(whole):
    with whole.write() as tx:
        tx.execute(update(t.lot_uses).values(instance="another"))
    assert whats(machine(whole).traceability) == ["Orders without a lot"]


def test_what_was_said_a_week_ago_is_missing(whole):
    with whole.write() as tx:
        tx.execute(update(t.latest).values(source_us=NOW - 8 * DAY))
    assert "No values: Temperature, Hall temperature, Pressure and 8 more" in whats(machine(whole).prediction)


def test_gaps_that_overlap_count_once_and_only_within_the_day(whole):
    alias = {"source": "sparkplug", "external_id": "g/n/d", "equipment_id": unit_id(11)}
    spans = [(NOW - 30 * HOUR, NOW - 23 * HOUR), (NOW - 90 * MINUTE, NOW - HOUR), (NOW - 80 * MINUTE, NOW)]
    with whole.write() as tx:
        tx.execute(insert(t.equipment_aliases).values(**alias))
        for start, end in spans:
            tx.execute(
                insert(t.gaps).values(
                    source="sparkplug", external_id="g/n/d", from_us=start, to_us=end, missing=-1,
                    cause="offline", receive_us=end,
                )
            )  # fmt: skip
    assert machine(whole).gaps_us == HOUR + 90 * MINUTE


def test_odd_signals_come_with_what_was_seen_and_a_clock_once(whole):
    fine = Look("temperature", 0, NOW, HOUR, 100, 0, 0, 0, 0, 0.1, 0.1)
    late = [Look(name, 0, NOW, HOUR, 100, 0, 0, 0, 90 * SECOND, 0.1, 0.1) for name in ("current", "power")]
    flat = Look("pressure", 0, NOW, 4 * HOUR, 100, 0, 0, 3 * HOUR, 0, 0.1, 0.1)
    with whole.write() as tx:
        store.save(tx, unit_id(11), [fine, flat, *late])
    found = machine(whole)
    assert [(odd, look.metric) for odd, look in found.odd] == [
        (Odd.CLOCK, "current"),
        (Odd.FLAT, "pressure"),
    ]
    assert found.looked_us == NOW


def test_only_those_who_may_see_it_and_only_their_places(whole):
    with pytest.raises(Forbidden):
        machine(whole, role=Role.OPERATOR)
    assert machine(whole, scopes=("south",)) is None
    assert SITE == "north"
