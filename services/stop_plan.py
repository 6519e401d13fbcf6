"""The contingency plan: whose advice a stop withdraws, and who is told."""

from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import tables as t
from domain.cases import UNDECIDED
from domain.equipment import within
from services.actors import actor_of


def advice_of(tx: Connection, site_id: str, model_name: str) -> list[dict[str, Any]]:
    """The undecided cases of a site that a model proposed ("" = any model), oldest first."""
    c, m = t.cases.c, t.model_versions.c
    known = select(m.name, m.version)
    if model_name:
        known = known.where(m.name == model_name)
    proposers = {f"{row.name} {row.version}" for row in tx.execute(known)}
    rows = tx.execute(
        select(t.cases)
        .where(c.site_id == site_id, c.state.in_([state.value for state in UNDECIDED]))
        .where(c.proposed_by.in_(sorted(proposers)))
        .order_by(c.number)
    ).mappings()
    return [dict(row) for row in rows]


def told(tx: Connection, site_id: str) -> list[Actor]:
    """Active people who decide or may stop the AI at the site, by name: those who must know."""
    rows = tx.execute(select(t.accounts).where(t.accounts.c.active).order_by(t.accounts.c.name)).mappings()
    everybody = [actor_of(row) for row in rows]
    return [one for one in everybody if _concerned(one, site_id)]


def _concerned(person: Actor, site_id: str) -> bool:
    here = any(within(scope, site_id) for scope in person.scopes)
    return here and bool(person.permissions & {Permission.DECIDE, Permission.STOP_AI})
