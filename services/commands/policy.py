"""Changes of the policy, duties, delegations and contacts: proposed, tested, and approved by another."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential
from data.store import approvals as store
from data.store import audit as audit_store
from data.store import drafts, notices
from data.store import tables as t
from data.store.database import Database
from data.store.upsert import upsert
from domain.clock import DAY, wall_us
from domain.equipment import within
from domain.errors import Forbidden, InvalidInput, NotFound, NotNow
from domain.ids import new_id
from services import audit
from services.actors import fresh, load_actor
from services.commands.acting import checked_text
from services.policy import bench
from services.policy.current import policy_in_force
from services.policy.file import SCENARIOS, read_policy
from services.signing import Signer
from services.situation import Site, site_at

LONGEST_FILE = 100_000
DRAFT, WHY = "policy-change", "policy-why"  # what somebody is typing
LONGEST_DELEGATION_US, LONGEST_DUTY_US = 92 * DAY, 31 * DAY
LAST_ON_CALL = 9


class PolicyCommands:
    """Acts on the policy and on who stands in for whom. Errors of domain.errors, UserFixable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer(database)

    def propose(self, actor: Actor, content: str, why: str) -> int:
        """Put a new policy forward; returns its version. The verdicts that it changes are kept with it."""
        with self._database.read() as tx:
            self._may(tx, actor, Permission.PROPOSE_POLICY)
        words = checked_text(why)
        if len(content) > LONGEST_FILE:
            raise InvalidInput("this policy is too long")
        wrong = [v.name for v in bench.run(read_policy(content), SCENARIOS.read_text()) if not v.ok]
        with self._database.write() as tx:
            person = self._may(tx, actor, Permission.PROPOSE_POLICY)
            audit_store.lock(tx)  # versions are counted one at a time
            if store.same_proposal(tx, person.account_id, _sha(content)):
                raise NotNow("you have proposed this already; it waits for another person")
            version, policy_id = store.next_policy_version(tx), new_id()
            row = {
                "policy_id": policy_id, "version": version, "state": "proposed", "active_key": None,
                "content": content, "sha256": _sha(content), "why": words,
                "proposed_by": person.account_id, "proposed_wall_us": wall_us(),
                "base_version": store.version_in_force(tx),
            }  # fmt: skip
            store.add_policy(tx, row)
            drafts.use_up(tx, person.account_id, [DRAFT, WHY])
            detail = {"version": version, "sha256": row["sha256"], "why": words, "other_verdicts": wrong}
            _note(tx, person, "proposed a policy", "policy", policy_id, wall_us(), detail)
            return version

    def decide(
        self, actor: Actor, policy_id: str, agrees: bool, credential: Credential = NOTHING_TYPED
    ) -> None:
        """Put a proposed version in force, or refuse it. Never by whoever proposed it; signed.

        NotNow when another version came into force after it was proposed: its author has not seen that one.
        """
        proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person = self._may(tx, actor, Permission.APPROVE_POLICY)
            audit_store.lock(tx)  # one version after the other
            row = store.policy(tx, policy_id)
            if row is None:
                raise NotFound("no such version of the policy")
            if row["state"] != "proposed":
                raise NotNow("this version was decided already")
            if row["proposed_by"] == person.account_id:
                raise Forbidden("whoever proposed a policy does not put it in force; another person does")
            if not {role.value for role in person.roles} & policy_in_force(tx).change_roles:
                raise Forbidden("the policy in force lets another role decide about its change")
            if agrees and _sha(row["content"]) != row["sha256"]:
                raise NotNow("the text of this version was changed after it was proposed")
            now = store.version_in_force(tx)
            if agrees and row["base_version"] != now:
                raise NotNow(f"version {now} came into force after this was proposed; propose it anew on top")
            state = store.ACTIVE if agrees else "refused"
            store.decide_policy(tx, policy_id, state, person.account_id, wall_us())
            detail = {"version": row["version"], "sha256": row["sha256"], "proved_by": proof.by}
            action = "put a policy in force" if agrees else "refused a policy"
            _note(tx, person, action, "policy", policy_id, wall_us(), detail)

    def delegate(
        self, actor: Actor, to_account: str, equipment_id: str, from_us: int, until_us: int, reason: str
    ) -> None:
        """Lend one's own rights to decide to another person, for a place and a time (plant time)."""
        words = checked_text(reason)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            site = _site(tx, person, equipment_id, Permission.DECIDE)
            deputy = load_actor(tx, to_account)
            if deputy.account_id == person.account_id:
                raise InvalidInput("choose another person")
            if not deputy.may(Permission.DECIDE, equipment_id):
                raise InvalidInput(f"{deputy.name} does not decide there; an administrator gives the role")
            _check_span(from_us, until_us, site.now_us, LONGEST_DELEGATION_US)
            row: dict[str, Any] = {
                "delegation_id": new_id(), "from_account": person.account_id, "to_account": to_account,
                "equipment_id": equipment_id, "from_us": from_us, "until_us": until_us, "reason": words,
                "created_wall_us": wall_us(), "ended_us": None,
            }  # fmt: skip
            audit_store.lock(tx)  # a second click waits, and finds it
            if store.same_delegation(tx, row):
                raise NotNow("this is lent already")
            store.add_delegation(tx, row)
            _note(tx, person, "delegated", "delegation", row["delegation_id"], site.now_us, row)

    def end_delegation(self, actor: Actor, delegation_id: str) -> None:
        """End a delegation now: whoever lent the rights, or holds them."""
        with self._database.write() as tx:
            person, row = fresh(tx, actor), store.delegation(tx, delegation_id)
            if row is None or person.account_id not in (row["from_account"], row["to_account"]):
                raise NotFound("no such delegation of yours")
            site = site_at(tx, row["equipment_id"].split("/")[0])
            store.end_delegation(tx, delegation_id, site.now_us)
            _note(tx, person, "ended a delegation", "delegation", delegation_id, site.now_us, {})

    def put_on_duty(
        self, actor: Actor, account_id: str, equipment_id: str, position: int, from_us: int, until_us: int
    ) -> None:
        """Enter somebody in the roster: position 0 is on shift, 1 to 9 the on-call chain."""
        with self._database.write() as tx:
            person = fresh(tx, actor)
            site = _site(tx, person, equipment_id, Permission.MANAGE_DUTY)
            on_duty = load_actor(tx, account_id)
            if not any(within(equipment_id, s) or within(s, equipment_id) for s in on_duty.scopes):
                raise InvalidInput(f"{on_duty.name} does not see this place")
            if not 0 <= position <= LAST_ON_CALL:
                raise InvalidInput("the on-call chain has at most nine people")
            _check_span(from_us, until_us, site.now_us, LONGEST_DUTY_US)
            row: dict[str, Any] = {
                "duty_id": new_id(), "equipment_id": equipment_id, "account_id": account_id,
                "position": position, "from_us": from_us, "until_us": until_us,
                "entered_by": person.account_id,
            }  # fmt: skip
            audit_store.lock(tx)  # a second click waits, and finds it
            if store.same_duty(tx, row):
                raise NotNow("this duty is entered already")
            store.add_duty(tx, row)
            _note(tx, person, "put on duty", "duty", row["duty_id"], site.now_us, row)

    def end_duty(self, actor: Actor, duty_id: str) -> None:
        """Take somebody off duty now."""
        d = t.duties.c
        with self._database.write() as tx:
            person = fresh(tx, actor)
            place = tx.execute(select(d.equipment_id).where(d.duty_id == duty_id)).scalar_one_or_none()
            if place is None:
                raise NotFound("no such duty")
            site = _site(tx, person, place, Permission.MANAGE_DUTY)
            if store.end_duty(tx, duty_id, site.now_us):
                _note(tx, person, "took off duty", "duty", duty_id, site.now_us, {})

    def set_contact(self, actor: Actor, email: str) -> None:
        """Where messages reach oneself outside the desk; empty: only inside it."""
        address = email.strip()
        local, at, host = address.partition("@")
        if address and (
            not local or not at or "." not in host or len(address) > 254 or not address.isprintable()
        ):
            raise InvalidInput("this is no e-mail address")
        if any(c.isspace() for c in address):
            raise InvalidInput("an e-mail address has no blanks")
        with self._database.write() as tx:
            person = fresh(tx, actor)
            row = {"account_id": person.account_id, "email": address, "changed_wall_us": wall_us()}
            upsert(tx, t.contacts, [row], ["account_id"])
            _note(tx, person, "changed the own e-mail address", "account", person.account_id, wall_us(), {})

    def messages_read(self, actor: Actor) -> None:
        """The actor has the messages on the screen."""
        with self._database.write() as tx:
            notices.read(tx, fresh(tx, actor).account_id, wall_us())

    def _may(self, tx: Connection, actor: Actor, permission: Permission) -> Actor:
        person = fresh(tx, actor)
        person.require(permission)
        return person


def _site(tx: Connection, person: Actor, equipment_id: str, permission: Permission) -> Site:
    person.require(permission)
    known = tx.execute(select(t.equipment.c.equipment_id).where(t.equipment.c.equipment_id == equipment_id))
    if known.first() is None or not person.may(permission, equipment_id):
        raise NotFound(f"no place {equipment_id!r}")
    return site_at(tx, equipment_id.split("/", maxsplit=1)[0])


def _check_span(from_us: int, until_us: int, now_us: int, longest_us: int) -> None:
    if until_us <= max(from_us, now_us):
        raise InvalidInput("the end lies before the beginning, or has passed")
    if until_us - from_us > longest_us:
        raise InvalidInput(f"at most {longest_us // DAY} days at a time")


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _note(
    tx: Connection, person: Actor, action: str, kind: str, subject: str, at_us: int, detail: Mapping[str, Any]
) -> None:
    audit.append(
        tx, actor=person.account_id, action=action, subject_kind=kind, subject_id=subject, plant_us=at_us,
        detail=detail,
    )  # fmt: skip
