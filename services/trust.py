"""Figures of trust from facts about cases: pure functions, no database.

Only as-found findings count (domain.value.RIGHT); opinions do not. Reaction times come from the audit,
enter means over groups, and are kept nowhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from domain.clock import MINUTE, SECOND
from domain.messages import Finding
from domain.value import RIGHT
from services.rows.trust import FEWEST, Behaviour, Bin, TrustRow

BINS = ((0.0, 0.3), (0.3, 0.6), (0.6, 1.01))
QUICK_US = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Fact:
    """One case that a model proposed. `took_us` from seen to decided by the same person, wall time."""

    model: str
    machine: str
    role: str
    decided_by: str
    overridden: bool
    rejected: bool
    approved: bool
    took_us: int | None
    risk: float | None
    finding: str


def rows(facts: Sequence[Fact]) -> tuple[TrustRow, ...]:
    """One row for all, each model, each machine and each role, in that order."""
    made = [_row("all", "All advice", facts)] if facts else []
    for kind in ("model", "machine", "role"):
        names = sorted({getattr(fact, kind) for fact in facts} - {""})
        made += [_row(kind, name, [f for f in facts if getattr(f, kind) == name]) for name in names]
    return tuple(made)


def _row(kind: str, name: str, facts: Sequence[Fact]) -> TrustRow:
    judged = [fact for fact in facts if fact.finding]
    return TrustRow(kind, name, len(facts), len(judged), sum(_right(f) for f in judged), _behaviour(facts))


def _right(fact: Fact) -> bool:
    return fact.finding in {one.value for one in RIGHT}


def _behaviour(facts: Iterable[Fact]) -> Behaviour | None:
    decided = [fact for fact in facts if fact.decided_by]
    people = {fact.decided_by for fact in decided}
    if len(people) < FEWEST:
        return None
    rejected = [fact for fact in decided if fact.rejected and fact.finding]
    good = sum(fact.finding == Finding.NOTHING_FOUND for fact in rejected)
    took = [fact.took_us for fact in decided if fact.took_us is not None]
    quick = [fact.took_us < QUICK_US for fact in decided if fact.approved and fact.took_us is not None]
    return Behaviour(
        people=len(people),
        decided=len(decided),
        overridden=sum(fact.overridden for fact in decided) / len(decided),
        overrides_right=good / len(rejected) if rejected else None,
        overrides_judged=len(rejected),
        minutes_to_decide=median(took) / MINUTE if took else None,
        under_10_s=sum(quick) / len(quick) if quick else None,
    )


def bins(facts: Iterable[Fact]) -> tuple[Bin, ...]:
    """Stated risk beside what was found, by the risk that people saw on the card."""
    judged = [(fact.risk, _right(fact)) for fact in facts if fact.risk is not None and fact.finding]
    made = []
    for low, high in BINS:
        mine = [(risk, right) for risk, right in judged if low <= risk < high]
        if mine:
            stated, found = sum(r for r, _ in mine) / len(mine), sum(right for _, right in mine) / len(mine)
            made.append(Bin(low, min(high, 1.0), len(mine), stated, found))
    return tuple(made)
