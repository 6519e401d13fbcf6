"""Reads for the policy, who is on duty, who stands in for whom, and the messages to people."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import approvals as store
from data.store import notices
from data.store import tables as t
from domain.approval import Policy
from domain.clock import DAY
from services import second_factors
from services.actors import actor_of
from services.context import Context
from services.policy import bench
from services.policy.current import policy_in_force
from services.policy.file import DEFAULT, SCENARIOS, read_policy
from services.queries.common import in_scope, names_of, people, under
from services.rows.approvals import DelegationRow, DutyRow, NoticeRow, PolicyRow, RosterRow, VerdictRow

SHOWN = 100


class PolicyQueries:
    """Reads on behalf of `context.actor`, within the actor's scopes."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def in_force(self) -> Policy:
        """The policy that counts now."""
        self._context.actor.require(Permission.SEE_POLICY)
        with self._context.database.read() as tx:
            return policy_in_force(tx)

    def content(self) -> str:
        """The file of the policy in force."""
        self._context.actor.require(Permission.SEE_POLICY)
        with self._context.database.read() as tx:
            row = store.active_policy(tx)
        return DEFAULT.read_text() if row is None else str(row["content"])

    def versions(self) -> tuple[PolicyRow, ...]:
        """Every version that was ever proposed, newest first."""
        actor = self._context.actor
        actor.require(Permission.SEE_POLICY)
        with self._context.database.read() as tx:
            rows, force, now = store.policies(tx), policy_in_force(tx), store.version_in_force(tx)
            names = people(tx, [i for r in rows for i in (r["proposed_by"], r["decided_by"])])
        return tuple(_version(row, names, actor, force, now) for row in rows)

    def verdicts(self, content: str) -> tuple[VerdictRow, ...]:
        """The test bench on a policy's text. InvalidInput when it is no policy."""
        self._context.actor.require(Permission.SEE_POLICY)
        found = bench.run(read_policy(content), SCENARIOS.read_text())
        return tuple(VerdictRow(v.name, v.expected, v.verdict, v.why, v.ok) for v in found)

    def duties(self) -> tuple[DutyRow, ...]:
        """Who is or will be on duty at the site."""
        c, d = self._context, t.duties.c
        c.actor.require(Permission.SEE_POLICY)
        with c.database.read() as tx:
            query = select(t.duties).where(d.until_us > c.now_us, under(d.equipment_id, c.site.site_id))
            rows = tx.execute(query.order_by(d.equipment_id, d.from_us, d.position)).mappings().all()
            places = names_of(tx, [r["equipment_id"] for r in rows])
            who = people(tx, [r["account_id"] for r in rows])
        return tuple(
            DutyRow(
                r["duty_id"], places.get(r["equipment_id"], r["equipment_id"]), who.get(r["account_id"], "?"),
                r["position"], r["from_us"], r["until_us"], r["from_us"] <= c.now_us,
            )
            for r in rows
        )  # fmt: skip

    def roster(self) -> tuple[RosterRow, ...]:
        """Who is or will be on duty at the site, as a file names them."""
        c, d, a = self._context, t.duties.c, t.accounts.c
        c.actor.require(Permission.MANAGE_DUTY)
        query = (
            select(a.username, d.equipment_id, d.position, d.from_us, d.until_us)
            .join_from(t.duties, t.accounts, a.account_id == d.account_id)
            .where(d.until_us > c.now_us, under(d.equipment_id, c.site.site_id))
            .order_by(d.equipment_id, d.from_us, d.position)
        )
        with c.database.read() as tx:
            return tuple(RosterRow(*row) for row in tx.execute(query))

    def delegations(self) -> tuple[DelegationRow, ...]:
        """Delegations that are or will be in use at the site."""
        c = self._context
        c.actor.require(Permission.SEE_POLICY)
        with c.database.read() as tx:
            rows = [
                r
                for r in store.delegations(tx, c.now_us)
                if r["equipment_id"].split("/", maxsplit=1)[0] == c.site.site_id
            ]
            places = names_of(tx, [r["equipment_id"] for r in rows])
            who = people(tx, [i for r in rows for i in (r["from_account"], r["to_account"])])
        return tuple(
            DelegationRow(
                r["delegation_id"], who.get(r["from_account"], "?"), who.get(r["to_account"], "?"),
                places.get(r["equipment_id"], r["equipment_id"]), r["from_us"], r["until_us"], r["reason"],
                c.actor.account_id in (r["from_account"], r["to_account"]),
                c.actor.account_id == r["from_account"],
            )
            for r in rows
        )  # fmt: skip

    def deciders(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the people who decide at this site."""
        self._context.actor.require(Permission.SEE_CASES)
        site = self._context.site.site_id
        with self._context.database.read() as tx:
            return tuple(
                (a.account_id, a.name)
                for a in _people(tx)
                if a.permissions & {Permission.DECIDE}
                and any(s == site or s.startswith(site + "/") for s in a.scopes)
            )

    def places(self) -> tuple[tuple[str, str], ...]:
        """(id, name) of the site, areas and lines in the actor's scope, from the top down."""
        c, e = self._context, t.equipment.c
        c.actor.require(Permission.SEE_POLICY)
        query = select(e.equipment_id, e.name).where(
            e.level != "unit", under(e.equipment_id, c.site.site_id), in_scope(e.equipment_id, c.actor)
        )
        with c.database.read() as tx:
            return tuple((r.equipment_id, r.name) for r in tx.execute(query.order_by(e.equipment_id)))

    def my_notices(self) -> tuple[NoticeRow, ...]:
        """Messages to the actor inside the desk, newest first."""
        c, n = self._context, t.notices.c
        mine = (n.account_id == c.actor.account_id) & (n.channel == "app")
        return self._notices(mine & (n.created_us > c.now_us - 7 * DAY))

    def failed_notices(self) -> tuple[NoticeRow, ...]:
        """Messages about the actor's machines that could not be delivered, or are being tried again.

        Newest first. Those about no case are for people of a whole site.
        """
        actor, n, k = self._context.actor, t.notices.c, t.cases.c
        actor.require(Permission.SEE_HEALTH)
        mine = in_scope(k.equipment_id, actor)
        if any("/" not in scope for scope in actor.scopes):
            mine |= n.case_id.is_(None) | (n.case_id == "")
        return self._notices(mine & ((n.state == "failed") | ((n.attempts > 0) & (n.state != "sent"))))

    def unread(self) -> int:
        """How many messages the actor has not seen."""
        with self._context.database.read() as tx:
            return notices.unread(tx, self._context.actor.account_id)

    def wants_code(self) -> bool:
        """True when the actor's signatures need a code from the phone."""
        return second_factors.is_set(self._context.database, self._context.actor.account_id)

    def email(self) -> str:
        """The actor's own e-mail address, or ''."""
        c = t.contacts.c
        with self._context.database.read() as tx:
            query = select(c.email).where(c.account_id == self._context.actor.account_id)
            return tx.execute(query).scalar_one_or_none() or ""

    def _notices(self, condition: Any) -> tuple[NoticeRow, ...]:
        n, k = t.notices, t.cases.c
        query = (
            select(n, k.number.label("number"))
            .join_from(n, t.cases, k.case_id == n.c.case_id, isouter=True)
            .where(condition)
            .order_by(n.c.created_wall_us.desc())
            .limit(SHOWN)
        )
        with self._context.database.read() as tx:
            rows = tx.execute(query).mappings().all()
            who = people(tx, [r["account_id"] for r in rows])
        return tuple(
            NoticeRow(
                r["notice_id"], r["number"], who.get(r["account_id"], "everybody"), r["channel"],
                r["subject"], r["body"], r["state"], r["attempts"], r["created_us"], r["sent_wall_us"],
                r["read_wall_us"] is not None, r["last_error"],
            )
            for r in rows
        )  # fmt: skip


def _people(tx: Connection) -> list[Actor]:
    rows = tx.execute(select(t.accounts).where(t.accounts.c.active).order_by(t.accounts.c.name)).mappings()
    return [actor_of(row) for row in rows]


def _version(
    row: Mapping[str, Any], names: Mapping[str, str], actor: Actor, force: Policy, now: int
) -> PolicyRow:
    mine = (
        row["state"] == "proposed"
        and row["proposed_by"] != actor.account_id
        and actor.may(Permission.APPROVE_POLICY)
        and bool({role.value for role in actor.roles} & force.change_roles)
    )
    return PolicyRow(
        policy_id=row["policy_id"],
        version=row["version"],
        state=row["state"],
        why=row["why"],
        content=row["content"],
        sha256=row["sha256"],
        proposed_by=names.get(row["proposed_by"], row["proposed_by"]),
        proposed_wall_us=row["proposed_wall_us"],
        decided_by=names.get(row["decided_by"] or "", ""),
        decided_wall_us=row["decided_wall_us"],
        mine=mine,
        outdated=row["state"] == "proposed" and row["base_version"] != now,
    )
