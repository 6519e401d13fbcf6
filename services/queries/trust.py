"""Reads for the screen of trust: facts about cases, and failures that nobody saw coming."""

from typing import Any

from sqlalchemy import Connection, func, select

from auth.permissions import Permission
from data.store import reviews
from data.store import tables as t
from domain.clock import DAY
from domain.evidence import Evidence
from services.context import Context
from services.queries.common import in_scope
from services.queries.reviews import rows_of
from services.queries.set_points import moved
from services.rows.trust import Trust
from services.signing import APPROVES_CHANGED
from services.trust import Fact, bins, rows

_C, _P = t.cases.c, t.predictions.c
SPAN_US = 90 * DAY


class TrustQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def trust(self) -> Trust:
        """The last ninety days."""
        c = self._context
        c.actor.require(Permission.SEE_TRUST)
        since = c.now_us - SPAN_US
        with c.database.read() as tx:
            mine = in_scope(_C.equipment_id, c.actor) & (_C.site_id == c.site.site_id)
            facts = _facts(tx, mine & (_C.kind == "failure_risk") & (_C.opened_us > since))
            r = t.failure_reviews.c
            here = (in_scope(r.equipment_id, c.actor), r.site_id == c.site.site_id, r.failed_us > since)
            missed = rows_of(tx, reviews.reviews(tx, *here))
            return Trust(rows(facts), bins(facts), missed, moved(tx, mine & (_C.opened_us > since)))


def _facts(tx: Connection, condition: Any) -> list[Fact]:
    o, e, a, g = t.outcomes.c, t.equipment.c, t.accounts.c, t.signatures.c
    found = tx.execute(
        select(
            _C.case_id, _C.proposed_by, _C.prediction_id, _C.state, _C.decided_by,
            _C.decided_wall_us, _C.evidence,
            e.name.label("machine"), a.roles, func.coalesce(o.finding, "").label("finding"), _P.model_name,
        )
        .join_from(t.cases, t.equipment, e.equipment_id == _C.equipment_id)
        .join(t.outcomes, o.case_id == _C.case_id, isouter=True)
        .join(t.accounts, a.account_id == _C.decided_by, isouter=True)
        .join(t.predictions, _P.prediction_id == _C.prediction_id, isouter=True)
        .where(condition)
    ).mappings()  # fmt: skip
    every = [dict(row) for row in found]
    ids = [row["case_id"] for row in every]
    changed = set(
        tx.execute(
            select(g.case_id).where(g.case_id.in_(ids), g.meaning.startswith(APPROVES_CHANGED))
        ).scalars()
    )
    seen, u = _seen(tx, ids), t.audit.c
    # The state of a rejected case moves on to judged: the audit keeps what was decided.
    refused = set(
        tx.execute(select(u.subject_id).where(u.action == "rejected", u.subject_id.in_(ids))).scalars()
    )
    return [
        _fact(row | {"refused": row["case_id"] in refused}, seen, row["case_id"] in changed) for row in every
    ]


def _seen(tx: Connection, case_ids: list[str]) -> dict[tuple[str, str], int]:
    """When each person first had each case on the screen, by the audit."""
    u = t.audit.c
    query = select(u.subject_id, u.actor, func.min(u.wall_us)).where(
        u.subject_kind == "case", u.action == "seen", u.subject_id.in_(case_ids)
    )
    return {(case, who): at for case, who, at in tx.execute(query.group_by(u.subject_id, u.actor))}


def _fact(row: dict[str, Any], seen: dict[tuple[str, str], int], changed: bool) -> Fact:
    by = row["decided_by"] or ""
    began = seen.get((row["case_id"], by))
    ended = row["decided_wall_us"]
    rejected = row["refused"]
    return Fact(
        model=row["model_name"] or row["proposed_by"],
        machine=row["machine"],
        role=(row["roles"] or "").split(",")[0].replace("_", " "),
        decided_by=by,
        overridden=rejected or changed,
        rejected=rejected,
        approved=bool(by) and not rejected,
        took_us=ended - began if began is not None and ended is not None else None,
        risk=Evidence.from_json(row["evidence"]).probability,
        finding=row["finding"],
    )
