"""Rows of policies, consents, delegations, duties and ratifications. Nothing here commits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from data.store import tables as t

Row = Mapping[str, Any]
ACTIVE = "active"


def active_policy(tx: Connection) -> dict[str, Any] | None:
    """The policy in force; None while it is the one that comes with the desk."""
    return _one(tx.execute(select(t.policies).where(t.policies.c.active_key == ACTIVE)))


def policy(tx: Connection, policy_id: str) -> dict[str, Any] | None:
    """One version, locked until this transaction ends."""
    query = select(t.policies).where(t.policies.c.policy_id == policy_id).with_for_update()
    return _one(tx.execute(query))


def policies(tx: Connection) -> list[dict[str, Any]]:
    """All versions, newest first."""
    return _all(tx.execute(select(t.policies).order_by(t.policies.c.version.desc())))


def version_in_force(tx: Connection) -> int:
    """The number of the policy in force; 1 is the one that comes with the desk."""
    return int(
        tx.execute(select(t.policies.c.version).where(t.policies.c.active_key == ACTIVE)).scalar() or 1
    )


def next_policy_version(tx: Connection) -> int:
    """The next version's number; 1 is the policy that comes with the desk."""
    return 1 + (tx.execute(select(func.max(t.policies.c.version))).scalar() or 1)


def add_policy(tx: Connection, row: Row) -> None:
    """Store a proposed version."""
    tx.execute(insert(t.policies).values(dict(row)))


def decide_policy(tx: Connection, policy_id: str, state: str, by: str, wall_us: int) -> None:
    """Put a version in force (the one before retires), or refuse it."""
    p = t.policies.c
    values: dict[str, Any] = {"state": state, "decided_by": by, "decided_wall_us": wall_us}
    if state == ACTIVE:
        tx.execute(update(t.policies).where(p.active_key == ACTIVE).values(active_key=None, state="retired"))
        values["active_key"] = ACTIVE
    tx.execute(update(t.policies).where(p.policy_id == policy_id).values(values))


def consents_of(tx: Connection, case_id: str, terms: str) -> list[dict[str, Any]]:
    """The signatures under what is proposed now, oldest first."""
    c = t.consents.c
    query = select(t.consents).where(c.case_id == case_id, c.terms == terms).order_by(c.at_us)
    return _all(tx.execute(query))


def add_consent(tx: Connection, row: Row) -> None:
    """Store a signature's part."""
    tx.execute(insert(t.consents).values(dict(row)))


def delegated_to(tx: Connection, account_id: str, now_us: int) -> list[dict[str, Any]]:
    """Delegations that this person may use at this plant time."""
    d = t.delegations.c
    query = select(t.delegations).where(d.to_account == account_id, d.from_us <= now_us, d.until_us > now_us)
    return _all(tx.execute(query.where(d.ended_us.is_(None)).order_by(d.until_us)))


def delegations(tx: Connection, now_us: int) -> list[dict[str, Any]]:
    """Delegations that are or will be in use."""
    d = t.delegations.c
    query = select(t.delegations).where(d.until_us > now_us, d.ended_us.is_(None)).order_by(d.from_us)
    return _all(tx.execute(query))


def delegation(tx: Connection, delegation_id: str) -> dict[str, Any] | None:
    """One delegation."""
    return _one(tx.execute(select(t.delegations).where(t.delegations.c.delegation_id == delegation_id)))


def add_delegation(tx: Connection, row: Row) -> None:
    """Store a delegation."""
    tx.execute(insert(t.delegations).values(dict(row)))


def end_delegation(tx: Connection, delegation_id: str, now_us: int) -> None:
    """Nobody may use it from now on."""
    d = t.delegations.c
    tx.execute(update(t.delegations).where(d.delegation_id == delegation_id).values(ended_us=now_us))


def on_duty(tx: Connection, equipment_id: str, now_us: int) -> list[dict[str, Any]]:
    """Who is on duty for the equipment: those nearest to it first, on shift before on call."""
    d = t.duties.c
    parts = equipment_id.split("/")
    places = ["/".join(parts[:k]) for k in range(1, len(parts) + 1)]
    query = select(t.duties).where(d.equipment_id.in_(places), d.from_us <= now_us, d.until_us > now_us)
    rows = _all(tx.execute(query))
    return sorted(rows, key=lambda r: (r["position"], -len(r["equipment_id"]), r["from_us"], r["duty_id"]))


def duties(tx: Connection, from_us: int) -> list[dict[str, Any]]:
    """Duties that have not ended at `from_us`, by place and time."""
    d = t.duties.c
    query = select(t.duties).where(d.until_us > from_us).order_by(d.equipment_id, d.from_us, d.position)
    return _all(tx.execute(query))


def same_duty(tx: Connection, row: Row) -> bool:
    """Is this person entered for exactly this already?"""
    d, names = t.duties.c, ("equipment_id", "account_id", "position", "from_us", "until_us")
    mine = [d[name] == row[name] for name in names]
    return tx.execute(select(d.duty_id).where(*mine)).first() is not None


def same_delegation(tx: Connection, row: Row) -> bool:
    """Has this person lent the same rights to the same other already?"""
    d, names = t.delegations.c, ("from_account", "to_account", "equipment_id", "from_us", "until_us")
    mine = [d[name] == row[name] for name in names]
    return tx.execute(select(d.delegation_id).where(*mine, d.ended_us.is_(None))).first() is not None


def same_proposal(tx: Connection, account_id: str, sha256: str) -> bool:
    """Has this person proposed this very text, and nobody has decided about it?"""
    p = t.policies.c
    mine = (p.proposed_by == account_id) & (p.sha256 == sha256) & (p.state == "proposed")
    return tx.execute(select(p.policy_id).where(mine)).first() is not None


def add_duty(tx: Connection, row: Row) -> None:
    """Store a duty."""
    tx.execute(insert(t.duties).values(dict(row)))


def end_duty(tx: Connection, duty_id: str, now_us: int) -> bool:
    """Take somebody off duty from now on. False: it had ended."""
    d = t.duties.c
    statement = update(t.duties).where(d.duty_id == duty_id, d.until_us > now_us)
    return tx.execute(statement.values(until_us=now_us)).rowcount == 1


def add_ratification(tx: Connection, row: Row) -> None:
    """Somebody acted alone: another person has to ratify it."""
    tx.execute(insert(t.ratifications).values(dict(row)))


def ratification(tx: Connection, case_id: str) -> dict[str, Any] | None:
    """What was done alone in this case, and whether it was ratified; None when nothing was."""
    return _one(tx.execute(select(t.ratifications).where(t.ratifications.c.case_id == case_id)))


def ratify(tx: Connection, case_id: str, values: Row) -> bool:
    """Write what another person says. False: somebody was faster."""
    r = t.ratifications.c
    statement = update(t.ratifications).where(r.case_id == case_id, r.state == "waiting")
    return tx.execute(statement.values(dict(values))).rowcount == 1


def unratified(tx: Connection, site_id: str) -> list[dict[str, Any]]:
    """Emergencies of a site that nobody has ratified, or that were refused, earliest first."""
    r, c = t.ratifications, t.cases.c
    query = (
        select(r, c.number, c.title, c.equipment_id)
        .join_from(r, t.cases, c.case_id == r.c.case_id)
        .where(c.site_id == site_id, or_(r.c.state == "waiting", r.c.state == "refused"))
        .order_by(r.c.due_us)
    )
    return _all(tx.execute(query))


def _one(result: Any) -> dict[str, Any] | None:
    row = result.mappings().one_or_none()
    return None if row is None else dict(row)


def _all(result: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in result.mappings()]


def duty(tx: Connection, duty_id: str) -> dict[str, Any] | None:
    """One duty, locked until this transaction ends."""
    return _one(tx.execute(select(t.duties).where(t.duties.c.duty_id == duty_id).with_for_update()))


def change_duty(tx: Connection, duty_id: str, values: Row) -> None:
    """Other times, or another place in the chain."""
    tx.execute(update(t.duties).where(t.duties.c.duty_id == duty_id).values(dict(values)))


def change_delegation(tx: Connection, delegation_id: str, values: Row) -> None:
    """Other dates."""
    d = t.delegations.c
    tx.execute(update(t.delegations).where(d.delegation_id == delegation_id).values(dict(values)))
