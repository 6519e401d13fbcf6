"""Which of many open cases a person may sign now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Permission
from data.store import tables as t
from domain.approval import Given, grant
from domain.cases import ABOUT_SETTINGS, UNDECIDED
from domain.errors import Forbidden
from services.context import Context
from services.policy.current import given_in, matter, policy_in_force, rights_of
from services.process.limits import InForce, who_entered


class Mine:
    """The person's rights and the signatures of these cases, read once for all of them."""

    def __init__(self, tx: Connection, context: Context, case_ids: Sequence[str]) -> None:
        self._actor = context.actor
        self._policy = policy_in_force(tx)
        self._rights = rights_of(tx, context.actor, context.now_us)
        self._given = _given(tx, set(case_ids))
        self._limits_by = _limits_by(tx, set(case_ids))

    def may_sign(self, row: Mapping[str, Any], risk: float | None) -> bool:
        """True when a signature of this person would count now, whether it releases or not."""
        unit = row["equipment_id"]
        if not self._actor.may(Permission(row["permission"]), unit):
            return False
        try:
            asked = replace(matter(row, risk), limits_by=self._limits_by.get(row["case_id"], ""))
            grant(self._policy, asked, self._given.get(row["case_id"], ()), self._rights.at(unit))
        except Forbidden:
            return False
        return True

    def bulk(self, row: Mapping[str, Any], risk: float | None) -> bool:
        """True for a case that may be approved together with others."""
        return self._policy.bulk_allows(row["cost_cents"], risk)


def _given(tx: Connection, case_ids: set[str]) -> dict[str, tuple[Given, ...]]:
    """Signatures that count, for the few undecided cases that have any."""
    signed = tx.execute(
        select(t.cases)
        .join_from(t.cases, t.consents, t.consents.c.case_id == t.cases.c.case_id)
        .where(t.cases.c.state.in_(("proposed", "seen")))
        .distinct()
    ).mappings()
    rows = [dict(row) for row in signed.all()]
    return {row["case_id"]: given_in(tx, row) for row in rows if row["case_id"] in case_ids}


def _limits_by(tx: Connection, case_ids: set[str]) -> dict[str, str]:
    """Who entered the limits that hold, for undecided cases about set points."""
    c = t.cases.c
    query = select(c.case_id, c.equipment_id, c.evidence)
    query = query.where(c.kind.in_(ABOUT_SETTINGS), c.state.in_([state.value for state in UNDECIDED]))
    rows = [dict(row) for row in tx.execute(query).mappings() if row["case_id"] in case_ids]
    if not rows:
        return {}
    held = InForce.read(tx)
    return {row["case_id"]: who_entered(held, row) for row in rows}
