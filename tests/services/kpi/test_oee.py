"""OEE against worked figures, by the code that keeps the roll-ups, and the partition of time."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.live_words import why_unknown
from data.store.kpi_counts import Counted
from data.store.kpi_facts import Recorded
from domain.clock import HOUR, MINUTE
from domain.kpi import Measures, behind, total
from domain.measures import NAMES
from domain.oee import Oee, combine
from domain.state_sources import StateSource
from domain.telemetry import MachineState as S
from domain.time_model import Count, Facts, Leaf, OperationSpan, Span, StateSpan, segments
from services.kpi.engine import classify
from services.kpi.grid import Cell
from services.kpi.measuring import measure as measure_cells
from tests.services.kpi.test_engine import unit_of

RUN, HELD, IDLE = S.EXECUTE, S.HELD, S.IDLE


def measure(facts: Facts, from_us: int, to_us: int) -> Oee:
    """One cell, classified and measured."""
    cell = Cell(from_us, to_us, "", from_us, from_us)
    parts = classify(unit_of(facts), np.array([from_us, to_us], np.int64), from_us, to_us)
    columns = [[getattr(c, name) for c in facts.counts] for name in ("good", "scrap", "energy_kwh")]
    counted = Counted(np.array([c.bucket_us for c in facts.counts], np.int64), *map(np.array, columns))
    none = np.array([], np.int64)
    recorded = Recorded(none, none, none, [], counted, list(facts.operations), [], StateSource.PACKML, [], [])
    sums = measure_cells(parts, [cell], recorded).values
    every = total(Measures.of(dict(zip(NAMES, row, strict=True))) for row in sums.tolist())
    return Oee(from_us, to_us, every)


def shift_of_eight_hours() -> Facts:
    """The textbook shift: 480 min, 60 min of breaks, 47 min down, cycle 1.0 s, 19,271 parts, 423 scrap.

    Vorne's published example (oee.com, "Calculating OEE"): A 88.81 %, P 86.11 %, Q 97.80 %, OEE 74.79 %.
    """
    states = [
        StateSpan(0, 343 * MINUTE, RUN),
        StateSpan(343 * MINUTE, 390 * MINUTE, HELD),
        StateSpan(390 * MINUTE, 420 * MINUTE, IDLE),
        StateSpan(420 * MINUTE, 450 * MINUTE, RUN),
        StateSpan(450 * MINUTE, 480 * MINUTE, IDLE),
    ]
    return Facts(
        states=states,
        shifts=[Span(0, 480 * MINUTE)],
        planned_stops=[Span(390 * MINUTE, 420 * MINUTE), Span(450 * MINUTE, 480 * MINUTE)],
        operations=[OperationSpan(0, 480 * MINUTE, "WO-1", "P", 1.0, 0)],
        counts=[Count(0, 19_271 - 423, 423)],
    )


def test_the_published_shift() -> None:
    facts = shift_of_eight_hours()
    result = measure(facts, 0, 480 * MINUTE)
    assert result.pbt_s == 420 * 60
    assert result.availability == pytest.approx(0.8881, abs=5e-5)
    assert result.effectiveness == pytest.approx(0.8611, abs=5e-5)
    assert result.quality == pytest.approx(0.9780, abs=1e-4)
    assert result.oee == pytest.approx(0.7479, abs=5e-5)


def test_without_an_order_there_is_no_rate() -> None:
    facts = Facts([StateSpan(0, HOUR, RUN)], [Span(0, HOUR)], [], [], [Count(0, 10, 0)])
    result = measure(facts, 0, HOUR)
    assert result.effectiveness is None
    assert result.oee is None
    assert "10 parts without an order" in result.flags[0]


def test_a_few_parts_without_a_rate_are_left_out_and_flagged() -> None:
    facts = Facts(
        [StateSpan(0, HOUR, RUN)], [Span(0, HOUR)], [],
        [OperationSpan(0, 55 * MINUTE, "WO", "P", 3.0, 0)], [Count(0, 1000, 0), Count(55 * MINUTE, 5, 0)],
    )  # fmt: skip
    result = measure(facts, 0, HOUR)
    assert result.oee == pytest.approx(3000 / 3600)
    assert "5 parts without an order or a planned cycle time" in result.flags


def test_over_mixed_products_the_product_of_the_three_is_the_oee() -> None:
    facts = Facts(
        [StateSpan(0, 2 * HOUR, RUN)], [Span(0, 2 * HOUR)], [],
        [OperationSpan(0, HOUR, "A", "P", 6.0, 0), OperationSpan(HOUR, 2 * HOUR, "B", "Q", 90.0, HOUR)],
        [Count(0, 500, 50), Count(HOUR, 30, 3)],
    )  # fmt: skip
    result = measure(facts, 0, 2 * HOUR)
    assert result.oee == pytest.approx((500 * 6 + 30 * 90) / 7200)
    assert result.oee == pytest.approx(result.availability * result.effectiveness * result.quality)


def test_a_gap_is_neither_running_nor_down() -> None:
    facts = Facts(
        [StateSpan(0, HOUR, RUN), StateSpan(2 * HOUR, 3 * HOUR, RUN)],
        [Span(0, 3 * HOUR)], [], [OperationSpan(0, 3 * HOUR, "WO", "P", 60, 0)], [],
    )  # fmt: skip
    result = measure(facts, 0, 3 * HOUR)
    assert result.seconds[Leaf.NO_DATA] == 3600
    assert result.availability == 1
    assert result.coverage == pytest.approx(2 / 3)


def test_faster_than_planned_is_shown_and_flagged() -> None:
    facts = Facts(
        [StateSpan(0, HOUR, RUN)],
        [Span(0, HOUR)],
        [],
        [OperationSpan(0, HOUR, "WO", "P", 60, 0)],
        [Count(0, 72, 0)],
    )
    result = measure(facts, 0, HOUR)
    assert result.effectiveness == pytest.approx(1.2)
    assert any("faster than planned" in flag for flag in result.flags)


def test_production_outside_the_shift_extends_the_busy_time_and_is_flagged() -> None:
    facts = Facts(
        [StateSpan(0, 2 * HOUR, RUN)], [Span(0, HOUR)], [], [OperationSpan(0, 2 * HOUR, "WO", "P", 60, 0)], []
    )
    result = measure(facts, 0, 2 * HOUR)
    assert result.pbt_s == 7200
    assert any("outside the shift plan" in flag for flag in result.flags)


def test_a_machine_without_a_shift_plan_has_no_oee_and_says_why() -> None:
    order = OperationSpan(0, 2 * HOUR, "WO", "P", 60, 0)
    facts = Facts([StateSpan(0, 2 * HOUR, RUN)], [], [], [order], [Count(0, 60, 0)])
    result = measure(facts, 0, 2 * HOUR)
    assert (result.availability, result.oee, result.effectiveness) == (None, None, 0.5)
    assert result.flags == ("2.0 h of work without a shift plan: availability and OEE are not known",)
    assert why_unknown(result).startswith("No shift plan")


def test_setup_blocked_and_down_go_to_their_leaves() -> None:
    facts = Facts(
        [
            StateSpan(0, HOUR, RUN),
            StateSpan(HOUR, 2 * HOUR, S.SUSPENDED),
            StateSpan(2 * HOUR, 3 * HOUR, S.ABORTED),
        ],
        [Span(0, 3 * HOUR)], [], [OperationSpan(0, 3 * HOUR, "WO", "P", 60, 20 * MINUTE)], [],
    )  # fmt: skip
    result = measure(facts, 0, 3 * HOUR)
    assert result.seconds[Leaf.SETUP] == 1200
    assert result.seconds[Leaf.PRODUCTION] == 2400
    assert result.seconds[Leaf.DELAY] == 3600
    assert result.seconds[Leaf.DOWN] == 3600


def test_a_line_pays_for_scrap_after_its_constraint() -> None:
    facts = shift_of_eight_hours()
    constraint = measure(facts, 0, 480 * MINUTE)
    line = Oee(0, 480 * MINUTE, behind(constraint.measures, 848))
    assert line.good == constraint.good - 848
    assert line.oee == pytest.approx((constraint.good - 848) / (420 * 60))
    assert combine([line, line]).oee == pytest.approx(line.oee)


moments = st.lists(st.integers(0, 1000), min_size=2, max_size=12, unique=True).map(sorted)


@given(moments, moments, moments, st.lists(st.sampled_from([*S, None]), min_size=12, max_size=12))
def test_every_moment_is_in_exactly_one_leaf(state_cuts, shift_cuts, operation_cuts, states) -> None:
    facts = Facts(
        [StateSpan(a, b, s) for a, b, s in zip(state_cuts, state_cuts[1:], states, strict=False)],
        [Span(a, b) for a, b in zip(shift_cuts[::2], shift_cuts[1::2], strict=False)],
        [Span(300, 400)],
        [
            OperationSpan(a, b, "W", "P", 1.0, a + 5)
            for a, b in zip(operation_cuts[::2], operation_cuts[1::2], strict=False)
        ],
        [Count(10, 3, 1), Count(500, 2, 0)],
    )  # fmt: skip
    parts = segments(facts, 0, 1000)
    assert parts[0].from_us == 0
    assert parts[-1].to_us == 1000
    assert all(a.to_us == b.from_us for a, b in pairwise(parts))
    result = measure(facts, 0, 1000)
    assert sum(result.seconds.values()) == pytest.approx(1000 / 1e6)
    if None not in (result.availability, result.effectiveness, result.quality) and result.oee is not None:
        assert result.oee == pytest.approx(result.availability * result.effectiveness * result.quality)
