from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import (
    JUDGEABLE,
    OPEN,
    UNDECIDED,
    Case,
    CaseState,
    CommandView,
    answered,
    command_step,
    derive,
    step,
    to_take_back,
)
from domain.errors import InvalidInput, NotNow
from domain.messages import CommandKind, CommandState, Finding, Receipt, ReceiptStatus

S, C, K = CaseState, CommandState, CommandKind
ORDER, PART, CANCEL = K.MAINTENANCE_ORDER, K.RESERVATION, K.CANCEL


def case(state: CaseState = S.PROPOSED) -> Case:
    decided = None if state in UNDECIDED | {S.EXPIRED, S.WITHDRAWN} else "p1"
    return Case("c1", "north/a/l/u", "bearing", state, 1, decided_by=decided, reason="r")


def receipt(status: ReceiptStatus, at_us: int = 1, n: int = 0) -> Receipt:
    return Receipt(f"r{n}", "mes.line-1", "m1", "B-1", status, "", at_us)


def two(order: CommandState, part: CommandState, *cancels: CommandView) -> list[CommandView]:
    return [CommandView("o", ORDER, order), CommandView("p", PART, part), *cancels]


def test_the_whole_picture_of_steps() -> None:
    for state in UNDECIDED:
        for to in (S.SEEN, S.APPROVED, S.REJECTED, S.EXPIRED, S.WITHDRAWN):
            assert step(case(state), to, by="p1", reason="r").state is to
    for state in JUDGEABLE:
        assert step(case(state), S.JUDGED).state is S.JUDGED


@pytest.mark.parametrize("state", [S.REJECTED, S.EXPIRED, S.WITHDRAWN, S.JUDGED, S.APPROVED, S.DONE])
@pytest.mark.parametrize("to", [S.PROPOSED, S.SEEN, S.APPROVED, S.REJECTED, S.EXPIRED])
def test_what_was_decided_is_not_decided_again(state: CaseState, to: CaseState) -> None:
    with pytest.raises(NotNow):
        step(case(state), to, by="p1", reason="r")


def test_every_step_but_seeing_raises_the_version() -> None:
    assert step(case(), S.SEEN).version == 1
    assert step(case(), S.APPROVED, by="p1").version == 2


def test_a_case_that_contradicts_itself_does_not_construct() -> None:
    for wrong in (
        {"state": S.APPROVED},
        {"state": S.REJECTED, "decided_by": "p1"},
        {"state": S.WITHDRAWN},
        {"state": S.PROPOSED, "attention": True},
        {"state": S.PROPOSED, "version": 0},
    ):
        with pytest.raises(InvalidInput):
            Case(**{"case_id": "c", "equipment_id": "e", "cause": "x", "version": 1, **wrong})  # type: ignore[arg-type]


def test_only_open_cases_hold_the_key() -> None:
    assert {s for s in S if case(s).open_key} == OPEN


@pytest.mark.parametrize(
    ("order", "part", "state", "attention"),
    [
        (C.QUEUED, C.QUEUED, S.APPROVED, False),
        (C.SENT, C.QUEUED, S.SENT, False),
        (C.ACCEPTED, C.SENT, S.SENT, False),
        (C.ACCEPTED, C.ACCEPTED, S.ACCEPTED, False),
        (C.DONE, C.ACCEPTED, S.DONE, False),
        (C.DONE, C.DONE, S.DONE, False),
        (C.ACCEPTED, C.DONE, S.ACCEPTED, False),
        (C.ACCEPTED, C.REFUSED, S.ACCEPTED, True),
        (C.REFUSED, C.ACCEPTED, S.ACCEPTED, True),
        (C.REFUSED, C.REFUSED, S.REFUSED, True),
        (C.CANCELLED, C.CANCELLED, S.CANCELLED, False),
        (C.CANCELLED, C.REFUSED, S.REFUSED, True),
        (C.CANCELLED, C.ACCEPTED, S.ACCEPTED, True),
    ],
)
def test_the_case_follows_its_commands(
    order: CommandState, part: CommandState, state: CaseState, attention: bool
) -> None:
    derived = derive(two(order, part))
    assert (derived.state, derived.attention) == (state, attention)
    assert bool(derived.why) == attention


def test_a_refused_cancel_needs_a_person_while_the_order_stands() -> None:
    cancel = CommandView("x", CANCEL, C.REFUSED, cancels="o")
    assert derive(two(C.ACCEPTED, C.ACCEPTED, cancel)).attention
    assert not derive(two(C.DONE, C.DONE, cancel)).attention


def test_a_cancel_under_way_is_no_disagreement() -> None:
    cancel = CommandView("x", CANCEL, C.SENT, cancels="p")
    assert not derive(two(C.CANCELLED, C.ACCEPTED, cancel)).attention


def test_what_one_took_although_another_refused_is_to_be_taken_back_once() -> None:
    assert [c.command_id for c in to_take_back(two(C.ACCEPTED, C.REFUSED))] == ["o"]
    covered = CommandView("x", CANCEL, C.PROPOSED, cancels="o")
    assert to_take_back(two(C.ACCEPTED, C.REFUSED, covered)) == []
    assert to_take_back(two(C.ACCEPTED, C.ACCEPTED)) == []
    assert to_take_back(two(C.DONE, C.REFUSED)) == []


@given(
    st.lists(st.tuples(st.sampled_from(list(ReceiptStatus)), st.integers(0, 3)), max_size=5),
    st.booleans(),
)
def test_the_order_in_which_receipts_come_does_not_matter(
    given_: list[tuple[ReceiptStatus, int]], taken_back: bool
) -> None:
    receipts = [receipt(status, at_us, n) for n, (status, at_us) in enumerate(given_)]
    ends = {answered(C.SENT, order, taken_back=taken_back) for order in permutations(receipts)}
    assert len(ends) == 1


@given(st.lists(st.sampled_from(list(ReceiptStatus)), min_size=1, max_size=4))
def test_done_outlasts_everything(statuses: list[ReceiptStatus]) -> None:
    state = answered(C.SENT, [receipt(s, n, n) for n, s in enumerate(statuses)])
    assert (state is C.DONE) == (ReceiptStatus.DONE in statuses)


def test_commands_have_no_way_back() -> None:
    assert command_step(C.PROPOSED, C.QUEUED) is C.QUEUED
    for state, to in ((C.DONE, C.SENT), (C.SENT, C.QUEUED), (C.PROPOSED, C.SENT), (C.CANCELLED, C.QUEUED)):
        with pytest.raises(NotNow):
            command_step(state, to)


def test_a_finding_is_one_of_four() -> None:
    assert {f.value for f in Finding} == {"failed", "degraded", "nothing_found", "other_fault"}
