import pytest

from domain.failure_review import LABELS, NEXT_STEPS, Before, Verdict, proposed, why


@pytest.mark.parametrize(
    ("before", "verdict"),
    [
        (Before(0, None, 0.2, advised=False, acted=False), Verdict.NO_SENSOR),
        (Before(40, 0.15, 0.2, advised=False, acted=False), Verdict.BELOW_THRESHOLD),
        (Before(40, 0.1, 0.2, advised=False, acted=False), Verdict.BELOW_THRESHOLD),
        (Before(40, 0.01, 0.2, advised=False, acted=False), Verdict.UNPREDICTABLE),
        (Before(40, 0.9, 0.2, advised=True, acted=False), Verdict.IGNORED),
        (Before(0, None, 0.2, advised=True, acted=False), Verdict.IGNORED),
        (Before(40, 0.9, 0.2, advised=True, acted=True), Verdict.TOO_LATE),
    ],
)
def test_the_facts_propose_a_verdict(before: Before, verdict: Verdict) -> None:
    assert proposed(before) is verdict
    assert why(before).endswith(".")


def test_every_verdict_has_words_and_a_next_step() -> None:
    assert set(LABELS) == set(NEXT_STEPS) == set(Verdict)
    assert "90 of 100" in why(Before(40, 0.9, 0.2, advised=True, acted=False))
