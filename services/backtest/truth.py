"""What really happened, and how the replayed cases look beside it. Later knowledge enters here only.

What counts as a failure stands in services/failures.py. A case is a hit when its machine failed within the
horizon; masked when the machine was maintained instead (nobody knows what would have been); unfinished when
the history ends first; else false. A failure without a hit is missed. Money: what the choice, and waiting
for the limit alarm, would have cost with the failure at the time at which it came (domain.costs), or
without one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.costs import Plan, Rates, Scenario, Setting, cost_cents
from domain.recommendation import plan_of
from services.backtest.asof import Book, Score, setting_at
from services.backtest.replay import Advised


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and what came of it: hit, false, masked or unfinished. `lead_us` only for a hit."""

    case: Advised
    verdict: str
    lead_us: int | None
    saved_cents: int


def judge(
    book: Book, cases: Iterable[Advised], failed: list[int], score_of: "Scores", to_us: int
) -> list[Judged]:
    """Each case beside what happened."""
    return [_judge(book, case, failed, score_of(case), to_us) for case in cases]


class Scores:
    """The score at which a case was opened, from the case itself."""

    def __init__(self, horizon_us: int) -> None:
        self._horizon_us = horizon_us

    def __call__(self, case: Advised) -> Score:
        """Life is left out: with the failure's own time known, the shape of the risk plays no part."""
        nothing = (0.0, 0.0, 0.0)
        return Score(case.at_us, case.probability, nothing, "", self._horizon_us)


def _judge(book: Book, case: Advised, failed: list[int], score: Score, to_us: int) -> Judged:
    until = case.at_us + score.horizon_us
    failure = next((at for at in failed if case.at_us < at <= until), None)
    if failure is not None:
        return Judged(case, "hit", failure - case.at_us, _saved(book, case, score, failure))
    if any(case.at_us < end <= until for end in book.maintained):
        return Judged(case, "masked", None, 0)
    if until > to_us:
        return Judged(case, "unfinished", None, 0)
    return Judged(case, "false", None, _saved(book, case, score, None))


def _saved(book: Book, case: Advised, score: Score, failure: int | None) -> int:
    setting, _ = setting_at(book, score, case.cause)
    ours = plan_of(case.choice, case.start_us, case.at_us)
    anyway = Plan(None, heed_alarm=True)
    return round(_mean(setting, anyway, failure) - _mean(setting, ours, failure))


def _mean(setting: Setting, plan: Plan, failure: int | None) -> float:
    """The mean over what stays unknown: whether the alarm would catch it, whether a look would find it."""
    rates: Rates = setting.rates
    finds = rates.inspection_misleads if failure is None else rates.inspection_finds
    total = 0.0
    for caught, a in ((True, rates.alarm_catches), (False, 1 - rates.alarm_catches)):
        for found, b in ((True, finds), (False, 1 - finds)):
            total += a * b * cost_cents(setting, plan, Scenario(failure, caught, found, 1.0, 1.0))
    return total
