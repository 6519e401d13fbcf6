import pytest

from domain.clock import HOUR, MINUTE
from domain.errors import InvalidInput, Malformed, NotNow
from domain.evidence import Alternative, ProposedCommand, alternatives_from_json, alternatives_to_json
from domain.messages import CommandKind, Reservation
from domain.policy import Approval, check_in_time, deadline, keeps_quiet, reject_reason

NOW = 1_795_255_200_000_000


def facts(**changes: object) -> Approval:
    values = {
        "account_id": "a", "limit_cents": 250_000, "proposed_by": "model 1", "cost_cents": 250_000,
        "now_us": NOW, "deadline_us": NOW + HOUR, "evidence_us": NOW - 90 * MINUTE, **changes,
    }  # fmt: skip
    return Approval(**values)  # type: ignore[arg-type]


def test_in_time_on_fresh_data_it_is_allowed() -> None:
    check_in_time(facts())
    check_in_time(facts(evidence_us=None))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"now_us": NOW + HOUR, "evidence_us": NOW + HOUR}, NotNow),
        ({"evidence_us": NOW - 90 * MINUTE - 1}, NotNow),
    ],
)
def test_one_step_beyond_it_is_not(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        check_in_time(facts(**change))


@pytest.mark.parametrize(
    ("start", "expected"), [(None, 8), (NOW + 5 * HOUR + 15 * MINUTE, 5), (NOW, 2), (NOW + 30 * HOUR, 8)]
)
def test_the_deadline_leaves_time_to_prepare(start: int | None, expected: int) -> None:
    assert deadline(NOW, start) == NOW + expected * HOUR


def test_quiet_ends_with_time_or_a_clear_rise() -> None:
    assert keeps_quiet(NOW, 0.6, NOW + 7 * HOUR, 0.7)
    assert not keeps_quiet(NOW, 0.6, NOW + 8 * HOUR, 0.6)
    assert not keeps_quiet(NOW, 0.6, NOW + HOUR, 0.75)


def test_reasons_are_a_closed_list() -> None:
    assert reject_reason("sensor_wrong") == "A sensor is wrong"
    with pytest.raises(InvalidInput):
        reject_reason("because")


def test_shapes_survive_json_and_refuse_what_is_broken() -> None:
    one = Alternative("now", "Now", NOW, 60, 1, 0, 2, True, "", True)
    assert alternatives_from_json(alternatives_to_json((one,))) == (one,)
    command = ProposedCommand(
        1, "erp.stock", CommandKind.RESERVATION, Reservation("P", 1, NOW, "e"), "K", "words", 0
    )
    assert ProposedCommand.from_json(command.to_json()) == command
    for broken in ("", "{}", '{"kind":"x"}', "[1]"):
        with pytest.raises(Malformed):
            ProposedCommand.from_json(broken)
    for broken in ("{", "[{}]"):
        with pytest.raises(Malformed):
            alternatives_from_json(broken)
