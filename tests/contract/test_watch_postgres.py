"""Charts, energy and alarms on PostgreSQL: the same cases as on SQLite."""

import numpy as np
import pytest

from data.store import charts as store
from data.store import tables as t
from domain.spc.model import Sample
from tests import factories as f
from tests.data.store import test_spc_days as packed
from tests.services.alarms import test_alarms as alarms
from tests.services.energy import test_load as energy
from tests.services.spc import test_watch as charts

pytestmark = pytest.mark.services


@pytest.fixture
def charted(postgres):
    with postgres.write() as tx:
        f.site(tx)
        f.machine(tx, name="CNC-11")
        person = f.account(tx, name="Sue")
        part = {"machine_type": "cnc", "cause": "tool", "part_id": "P", "task": "Change tools"}
        row = {**part, "skill": "fitter", "duration_s": 3600, "inspect_s": 600}
        tx.execute(t.parts_of_machines.insert().values(**row))
    return postgres, person


def test_a_broken_rule_opens_one_case(charted):
    charts.test_a_broken_rule_opens_one_case_and_the_next_one_is_noted_on_it(charted)


def test_limits_and_late_readings(charted):
    charts.test_standstill_and_distrusted_sensors_give_no_sample_and_late_readings_correct_one(charted)


@pytest.mark.parametrize("server", ["database", "postgres"])
def test_samples_come_in_the_order_of_time(server, request):
    database, rng = request.getfixturevalue(server), np.random.default_rng(5)
    samples = [Sample(at, tuple(rng.normal(100, 2, 1 + at % 3).tolist())) for at in range(1, 300)]
    with database.write() as tx:
        for at in rng.permutation(len(samples)):
            store.store_samples(tx, "c", [samples[at]])
        store.store_samples(tx, "d", [Sample(7, (), 3.0, 50.0)])
    with database.read() as tx:
        assert store.samples(tx, "c", 20, 280) == samples[20:280]
        assert store.samples(tx, "d", 0, 300) == [Sample(7, (), 3.0, 50.0)]


@pytest.mark.parametrize("seed", range(3))
def test_packed_values_are_those_of_the_samples(postgres, seed):
    packed.same_as_samples(postgres, seed)


@pytest.mark.parametrize(
    "case",
    [
        alarms.test_a_value_over_its_limit_for_long_enough_asks_and_a_person_answers,
        alarms.test_shelved_with_reason_and_end_it_asks_again_when_the_end_comes,
        alarms.test_a_standing_machine_suppresses_by_design,
        alarms.test_a_flood_is_named_and_the_figures_count_what_asked,
    ],
)
def test_alarms(postgres, case):
    case(alarms.Plant(postgres))


def test_energy(postgres):
    energy.test_energy_that_came_after_a_gap_is_spread_over_it_and_marked(postgres)
