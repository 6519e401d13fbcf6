"""The engine over arrays says what the time model says of one machine."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY, HOUR, MINUTE
from domain.telemetry import NOT_PRODUCING
from domain.telemetry import MachineMode as M
from domain.telemetry import MachineState as S
from domain.time_model import (
    Cause,
    Facts,
    Leaf,
    OperationSpan,
    PlannedSpan,
    Span,
    StateSpan,
    apart_planned,
    merged,
    segments,
)
from services.kpi.engine import CAUSES, GAP, LEAVES, Spans, Unit, cause_code, classify

NOTHING = np.array([], np.int64)


def spans(rows) -> Spans:
    found = np.array(rows, np.int64).reshape(-1, 3)
    return Spans(found[:, 0], found[:, 1], found[:, 2])


def unit_of(facts: Facts) -> Unit:
    """The same facts as arrays; a stretch without a state is one in which nothing was heard."""
    known = [s for s in facts.states if s.state is not None]
    return Unit(
        np.array([s.from_us for s in known], np.int64),
        np.array([s.state for s in known], np.int64),
        np.array([s.setup for s in known], bool),
        np.array([s.idle for s in known], bool),
        spans([(s.from_us, s.to_us, 0) for s in known]),
        spans([(s.from_us, s.to_us, 0) for s in merged(facts.shifts)]),
        spans([(p.from_us, p.to_us, cause_code(p.cause)) for p in apart_planned(facts.planned_stops)]),
        spans([(o.from_us, o.to_us, o.setup_end_us) for o in facts.operations]),
        (NOTHING, np.array([facts.minor_us])),
        spans([(a.from_us, a.to_us, 0) for a in facts.away]),
    )


def pairs(cuts):
    return list(zip(cuts[::2], cuts[1::2], strict=False))


moments = st.lists(st.integers(0, 1000), max_size=14, unique=True).map(sorted)
all_facts = st.builds(
    lambda cuts, states, modes, shifts, stops, orders, ends, minor, removed: Facts(
        [
            StateSpan(a, b, s, mode == M.SETUP, mode in NOT_PRODUCING)
            for (a, b), s, mode in zip(pairwise(cuts), states, modes, strict=False)
            if s is not None
        ],
        [Span(a, b) for a, b in shifts if a < b],
        [PlannedSpan(a, b, Cause.BREAK if a % 2 else Cause.PLANNED_STOP) for a, b in stops if a < b],
        [
            OperationSpan(a, b, f"W{a}", "P", 1.0, min(b, a + end))
            for (a, b), end in zip(pairs(orders), ends, strict=False)
        ],
        [],
        minor_us=minor,
        away=[Span(a, b) for a, b in pairs(removed)],
    ),
    moments,
    st.lists(st.sampled_from([*S, None]), min_size=13, max_size=13),
    st.lists(st.sampled_from(M), min_size=13, max_size=13),
    st.lists(st.tuples(st.integers(0, 900), st.integers(100, 1000)), max_size=4).map(sorted),
    st.lists(st.tuples(st.integers(0, 900), st.integers(100, 1000)), max_size=4).map(sorted),
    moments,
    st.lists(st.integers(0, 60), min_size=7, max_size=7),
    st.integers(1, 200),
    st.sampled_from([[], [700, 2**62], [200, 450], [100, 300, 300, 400, 900, 2**62]]),
)


@given(all_facts, moments)
def test_the_engine_equals_the_time_model(facts: Facts, edges) -> None:
    parts = classify(unit_of(facts), np.array(edges, np.int64), 0, 1000)
    found = [
        (a, b, LEAVES[leaf], CAUSES[cause], None if state == GAP else S(state), operation, off)
        for a, b, leaf, cause, state, operation, off in zip(
            *(getattr(parts, n).tolist() for n in parts.__slots__[:7]), strict=True
        )
    ]
    assert [f[1] for f in found[:-1]] == [f[0] for f in found[1:]]
    at = {o: number for number, o in enumerate(facts.operations)}
    wanted = []
    for part in segments(facts, 0, 1000):
        cuts = [part.from_us, *(e for e in edges if part.from_us < e < part.to_us), part.to_us]
        operation = at[part.operation] if part.operation and part.cause is not Cause.REMOVED else -1
        wanted += [
            (a, b, part.leaf, part.cause, part.state, operation, part.off_plan) for a, b in pairwise(cuts)
        ]
    removed = [f if f[3] is not Cause.REMOVED else (*f[:5], -1, f[6]) for f in found]
    assert merge(removed) == merge(wanted)


def merge(rows):
    result = []
    for row in rows:
        if result and result[-1][2:] == row[2:] and result[-1][1] == row[0]:
            result[-1] = (result[-1][0], *row[1:])
        else:
            result.append(row)
    return result


def stops(states, planned=(), to_us=DAY) -> list[tuple[int, Cause]]:
    facts = Facts(
        states, [Span(0, to_us)], list(planned), [OperationSpan(0, to_us, "W", "P", 1.0, 0)], [],
        minor_us=5 * MINUTE,
    )  # fmt: skip
    parts = classify(unit_of(facts), NOTHING, 0, to_us)
    return [(int(parts.from_us[i]), CAUSES[parts.cause[i]]) for i in np.flatnonzero(parts.begins).tolist()]


def test_states_within_one_stop_do_not_split_it() -> None:
    found = stops(
        [
            StateSpan(0, HOUR, S.EXECUTE),
            StateSpan(HOUR, HOUR + 2 * MINUTE, S.ABORTING),
            StateSpan(HOUR + 2 * MINUTE, HOUR + 8 * MINUTE, S.ABORTED),
            StateSpan(HOUR + 8 * MINUTE, 2 * HOUR, S.EXECUTE),
            StateSpan(2 * HOUR, 2 * HOUR + MINUTE, S.HELD),
            StateSpan(2 * HOUR + MINUTE, DAY, S.EXECUTE),
        ]
    )
    assert found == [(HOUR, Cause.FAILURE), (2 * HOUR, Cause.MINOR_STOP)]


def test_a_failure_that_outlasts_a_break_is_one_failure() -> None:
    states = [
        StateSpan(0, HOUR, S.EXECUTE),
        StateSpan(HOUR, 4 * HOUR, S.ABORTED),
        StateSpan(4 * HOUR, DAY, S.EXECUTE),
    ]
    assert stops(states, [PlannedSpan(2 * HOUR, 3 * HOUR, Cause.BREAK)]) == [(HOUR, Cause.FAILURE)]


def test_a_failure_that_begins_in_a_break_counts_once_behind_it() -> None:
    states = [
        StateSpan(0, 2 * HOUR, S.IDLE),
        StateSpan(2 * HOUR, 4 * HOUR, S.ABORTED),
        StateSpan(4 * HOUR, DAY, S.EXECUTE),
    ]
    planned = [PlannedSpan(HOUR, 3 * HOUR, Cause.BREAK)]
    assert stops(states, planned) == [(3 * HOUR, Cause.FAILURE)]


def test_the_leaf_of_a_told_setup() -> None:
    facts = Facts([StateSpan(0, HOUR, S.STOPPED, setup=True)], [Span(0, HOUR)], [], [], [])
    assert [LEAVES[code] for code in classify(unit_of(facts), NOTHING, 0, HOUR).leaf] == [Leaf.SETUP]


def of_model(states, planned=(), to_us=DAY) -> list[tuple[int, int, Cause]]:
    """Time down as (from, to, cause) by the model of one machine, states within it joined."""
    facts = Facts(
        states, [Span(0, to_us)], list(planned), [OperationSpan(0, to_us, "W", "P", 1.0, 0)], [],
        minor_us=5 * MINUTE,
    )  # fmt: skip
    found = [(s.from_us, s.to_us, s.cause) for s in segments(facts, 0, to_us) if s.leaf is Leaf.DOWN]
    joined: list[tuple[int, int, Cause]] = []
    for begin, end, cause in found:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end, cause)
        else:
            joined.append((begin, end, cause))
    return joined


def chain(*rows: tuple[float, S], to_us: int = DAY) -> list[StateSpan]:
    """States by (minute from which it holds, state)."""
    ends = [*(int(at * MINUTE) for at, _ in rows[1:]), to_us]
    return [StateSpan(int(at * MINUTE), end, state) for (at, state), end in zip(rows, ends, strict=True)]


NINE, ELEVEN = 9 * 60, 11 * 60
TEN = [PlannedSpan(10 * HOUR, 10 * HOUR + 30 * MINUTE, Cause.BREAK)]


def test_a_failure_over_a_break_in_which_the_state_changed_is_one() -> None:
    states = chain((0, S.EXECUTE), (NINE, S.ABORTED), (610, S.CLEARING), (ELEVEN, S.EXECUTE))
    assert stops(states, TEN) == [(9 * HOUR, Cause.FAILURE)]
    assert [c for _, _, c in of_model(states, TEN)] == [Cause.FAILURE] * 2


def test_a_stop_that_is_short_on_both_sides_of_a_break_is_as_long_as_both() -> None:
    long = chain((0, S.EXECUTE), (597, S.ABORTED), (610, S.CLEARING), (633, S.EXECUTE))
    assert stops(long, TEN) == [(597 * MINUTE, Cause.FAILURE)]
    assert {c for _, _, c in of_model(long, TEN)} == {Cause.FAILURE}
    short = chain((0, S.EXECUTE), (598, S.ABORTED), (632, S.EXECUTE))
    assert stops(short, TEN) == [(598 * MINUTE, Cause.MINOR_STOP)]
    assert {c for _, _, c in of_model(short, TEN)} == {Cause.MINOR_STOP}


def test_one_second_of_waiting_does_not_make_two_failures() -> None:
    states = chain((0, S.EXECUTE), (NINE, S.ABORTED), (NINE + 20, S.SUSPENDED),
                   (NINE + 20 + 1 / 60, S.ABORTED), (NINE + 40, S.EXECUTE))  # fmt: skip
    assert stops(states) == [(9 * HOUR, Cause.FAILURE)]


def test_an_hour_of_standing_in_short_turns_is_one_failure() -> None:
    turns = [(NINE + 6 * k + 3 * half, (S.ABORTED, S.IDLE)[half]) for k in range(10) for half in (0, 1)]
    states = chain((0, S.EXECUTE), *turns, (NINE + 60, S.EXECUTE))
    assert stops(states) == [(9 * HOUR, Cause.FAILURE)]
    assert {c for _, _, c in of_model(states)} == {Cause.FAILURE} and len(of_model(states)) == 10


def test_work_between_two_stops_keeps_them_two() -> None:
    states = chain((0, S.EXECUTE), (NINE, S.ABORTED), (NINE + 20, S.EXECUTE), (NINE + 21, S.ABORTED),
                   (NINE + 40, S.EXECUTE))  # fmt: skip
    assert [at // MINUTE - NINE for at, _ in stops(states)] == [0, 21]


def test_a_silence_divides_a_stop_only_where_the_state_is_another_behind_it() -> None:
    for after, count in ((S.ABORTED, 1), (S.HELD, 2)):
        states = [
            *chain((0, S.EXECUTE), (NINE, S.ABORTED), to_us=10 * HOUR),
            StateSpan(11 * HOUR, 12 * HOUR, after),
            StateSpan(12 * HOUR, DAY, S.EXECUTE),
        ]
        assert len(stops(states)) == count
