"""The replay of one machine: every half hour scored as it would have been, cases as they would have opened.

A case opens when the risk is above the model's threshold, acting is cheaper than waiting, and the desk is
not to keep quiet (domain.policy). A risk that stays keeps its case; it ends after CALM_PREDICTIONS low
scores, after maintenance, or with the horizon.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection

from domain.clock import DAY
from domain.equipment import site_of
from domain.policy import CALM_PREDICTIONS, keeps_quiet
from domain.prediction import Contribution
from domain.recommendation import Advice, advise
from services.backtest.asof import Book, Score, cause_at, setting_at
from services.score.inputs import Input
from services.score.judge import horizon_s
from services.score.origin import barred, silenced
from services.score.run import Served

CHUNK_US = 7 * DAY


@dataclass(frozen=True, slots=True)
class Advised:
    """One case that would have been opened. Money in cents; `end_us` is when it would have ended."""

    equipment_id: str
    at_us: int
    end_us: int
    probability: float
    peak: float
    cause: str
    choice: str
    start_us: int | None
    cost_cents: int
    benefit_cents: int
    benefit_low_cents: int
    benefit_high_cents: int


@dataclass(slots=True)
class Replayed:
    """What came of one machine: cases, scores, and for how many half hours nothing was known, by reason."""

    equipment_id: str
    advised: list[Advised] = field(default_factory=list)
    scored: int = 0
    above: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    first_us: int | None = None


def replay(tx: Connection, served: Served, book: Book, from_us: int, to_us: int) -> Replayed:
    """Replay one machine over (from, to]."""
    done, case = Replayed(book.unit.equipment_id), _Case(served, book)
    for one, score in _scores(tx, served, book, from_us, to_us):
        if score is None:
            done.unknown[one.reason] = done.unknown.get(one.reason, 0) + 1
            continue
        done.scored += 1
        done.first_us = done.first_us or score.at_us
        done.above += score.probability >= served.judge.model.card.threshold
        case.see(one, score)
    done.advised = case.ended()
    return done


def _scores(
    tx: Connection, served: Served, book: Book, from_us: int, to_us: int
) -> Iterator[tuple[Input, Score | None]]:
    card, scorer = served.judge.model.card, served.judge.model.scorer
    horizon_us = horizon_s(served.judge.model) * 1_000_000
    for start in range(from_us, to_us, CHUNK_US):
        times = served.inputs.due(tx, book.unit, start, min(start + CHUNK_US, to_us))
        inputs = served.inputs.build(tx, book.unit, times)
        if barred(tx, card, site_of(book.unit.equipment_id)):
            inputs = silenced(inputs)
        windows = [one.window for one in inputs if one.window is not None]
        found = scorer.score(np.stack(windows)) if windows else None
        place = 0
        for one in inputs:
            if one.window is None or found is None:
                yield one, None
                continue
            usable, risk = bool(found.usable[place]), float(found.probability[place])
            low, middle, high = (float(v) for v in found.rul[place])
            place += 1
            score = Score(one.at_us, risk, (low, middle, high), card.life_unit, horizon_us)
            yield (one, score) if usable else (replace(one, reason="no usable answer"), None)


class _Case:
    """The life of the machine's cases, one score after the other."""

    def __init__(self, served: Served, book: Book) -> None:
        self._served, self._book = served, book
        self._open: Advised | None = None
        self._calm = 0
        self._cause = ""  # told once for a stretch above the threshold: an explanation takes its time
        self._done: list[Advised] = []

    def ended(self) -> list[Advised]:
        """All cases; one that was still open ends with its last score."""
        return [*self._done, *([self._open] if self._open else [])]

    def see(self, one: Input, score: Score) -> None:
        """Take the next score into account."""
        above = score.probability >= self._served.judge.model.card.threshold
        self._cause = self._cause if above else ""
        if self._open is not None:
            self._follow(self._open, score, above=above)
        elif above and not self._quiet(score):
            self._consider(one, score)

    def _follow(self, case: Advised, score: Score, *, above: bool) -> None:
        self._calm = 0 if above else self._calm + 1
        maintained = any(case.at_us < end <= score.at_us for end in self._book.maintained)
        over = score.at_us - case.at_us >= score.horizon_us
        self._open = replace(case, end_us=score.at_us, peak=max(case.peak, score.probability))
        if maintained or over or self._calm >= CALM_PREDICTIONS:
            self._done.append(self._open)
            self._open = None

    def _quiet(self, score: Score) -> bool:
        last = self._done[-1] if self._done else None
        return last is not None and keeps_quiet(last.end_us, last.peak, score.at_us, score.probability)

    def _consider(self, one: Input, score: Score) -> None:
        self._cause = self._cause or cause_at(self._book, self._contributions(one))
        setting, calendar = setting_at(self._book, score, self._cause)
        advice = advise(setting, calendar)
        if advice.worth_a_case:
            self._calm = 0
            self._open = _advised(self._book, score, self._cause, advice)

    def _contributions(self, one: Input) -> tuple[Contribution, ...]:
        if one.window is None:
            return ()
        kind, explaining = self._book.unit.machine_type, self._served.judge.explaining
        return explaining.explain("", kind, one.window, one.from_us, one.at_us).contributions


def _advised(book: Book, score: Score, cause: str, advice: Advice) -> Advised:
    best = advice.advised
    return Advised(
        equipment_id=book.unit.equipment_id,
        at_us=score.at_us,
        end_us=score.at_us,
        probability=score.probability,
        peak=score.probability,
        cause=cause,
        choice=best.key,
        start_us=best.start_us,
        cost_cents=best.cost_cents,
        benefit_cents=advice.benefit.expected,
        benefit_low_cents=advice.benefit.low,
        benefit_high_cents=advice.benefit.high,
    )
