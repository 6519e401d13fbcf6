"""Maturity by machine and failure mode, for the screens."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection

from domain.maturity import Facts, counts, level, lifts
from services.maturity import Unit, facts
from services.rows.maturity import MaturityGroup, MaturityRow


def of_machine(tx: Connection, site_id: str, unit: Unit) -> tuple[MaturityRow, ...]:
    """A row per failure mode, the most mature first."""
    rows = [
        MaturityRow(cause, level(found), found, lifts(found))
        for cause, found in facts(tx, site_id, [unit])[unit].items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.level, -row.facts.own, row.cause)))


def of_site(tx: Connection, site_id: str, units: Iterable[Unit]) -> tuple[MaturityGroup, ...]:
    """A row per machine type and failure mode."""
    groups: dict[tuple[str, str], list[Facts]] = {}
    for (_, kind), modes in facts(tx, site_id, units).items():
        for cause, found in modes.items():
            groups.setdefault((kind, cause), []).append(found)
    return tuple(
        MaturityGroup(kind, cause, tuple(counts(map(level, every)).values()), _usual(every))
        for (kind, cause), every in sorted(groups.items())
    )


def _usual(every: Iterable[Facts]) -> str:
    said = Counter(words for one in every if (words := lifts(one)))
    return said.most_common(1)[0][0] if said else ""
