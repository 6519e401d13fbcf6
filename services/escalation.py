"""Who is told that a case waits, as its time to decide goes by; and that an emergency wants ratifying.

Idempotent: a message's id is made from case, proposer, step and person, so that a step is told once,
however often, and by how many workers, it is looked at. A change proposed to another approver is told anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from auth.permissions import Actor, Permission
from data.store import approvals, cases
from data.store import care as care_store
from data.store import notices as store
from data.store import tables as t
from data.store.database import Database
from domain.approval import Policy, Step, grant
from domain.cases import UNDECIDED
from domain.clock import MINUTE
from domain.errors import Forbidden
from services.actors import actor_of
from services.policy.current import default_action, given_in, policy_in_force, rights_of, to_sign
from services.situation import Site, site_at
from services.telling_people import INSIDE, rows_for

ON_CALL_PAUSE_US = 10 * MINUTE
REMEMBERED = 50_000
OVERDUE_CHANNELS = ("app", "email", "webhook", "mqtt")
_WAITING = tuple(state.value for state in UNDECIDED)


@dataclass(frozen=True, slots=True)
class Due:
    """A step whose time has come for a case. `position`: how far down the on-call chain."""

    case_id: str
    proposed_by: str
    step: int
    position: int


class Escalation:
    """Looks at every open case. One instance remembers what it has told; the store knows it for all."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: set[Due | tuple[str, str]] = set()

    def turn(self) -> int:
        """Write the messages that are due; returns how many were new."""
        with self._database.read() as tx:
            sites = tx.execute(select(t.clocks.c.site_id).order_by(t.clocks.c.site_id)).scalars().all()
            due = {site_id: self._due(tx, site_at(tx, site_id)) for site_id in sites}
            stale = store.any_decided(tx)
        count = 0
        if len(self._told) > REMEMBERED:
            self._told.clear()  # the store knows them too
        if stale:
            with self._database.write() as tx:
                store.drop_decided(tx)
        for site_id, (steps, alone) in due.items():
            if steps or alone:
                with self._database.write() as tx:
                    count += self._tell(tx, site_at(tx, site_id), steps, alone)
                self._told |= {*steps, *((row["case_id"], kind) for row, kind in alone)}
        return count

    def _due(self, tx: Connection, site: Site) -> tuple[list[Due], list[tuple[dict[str, Any], str]]]:
        if site.shadow:
            return [], []
        c, policy = t.cases.c, policy_in_force(tx)
        query = select(c.case_id, c.proposed_by, c.opened_us, c.deadline_us)
        rows = tx.execute(query.where(c.site_id == site.site_id, c.state.in_(_WAITING))).all()
        steps = [d for row in rows for d in _steps(policy, row, site.now_us) if d not in self._told]
        alone = [
            (row, kind)
            for row in approvals.unratified(tx, site.site_id)
            if row["state"] == "waiting"
            for kind in ("asked", *(("overdue",) if site.now_us >= row["due_us"] else ()))
            if (row["case_id"], kind) not in self._told
        ]
        return steps, alone

    def _tell(
        self, tx: Connection, site: Site, steps: Sequence[Due], alone: Sequence[tuple[dict[str, Any], str]]
    ) -> int:
        policy, people, rows = policy_in_force(tx), _people(tx), []
        for due in steps:
            case = cases.get(tx, due.case_id)
            if case is not None and case["state"] in _WAITING:
                rows += _escalated(tx, site, policy, people, case, due)
        for row, kind in alone:
            case = cases.get(tx, row["case_id"])
            if case is not None:
                rows += _to_ratify(tx, site, policy, people, case, row, kind)
        return store.add(tx, rows)


def _steps(policy: Policy, row: Any, now_us: int) -> Iterable[Due]:
    span = max(1, row.deadline_us - row.opened_us)
    for k, step in enumerate(policy.escalation):
        late_us = now_us - row.opened_us - round(step.share * span)
        if late_us >= 0:
            chain = min(9, 1 + late_us // ON_CALL_PAUSE_US) if step.to == "on_call" else 1
            for position in range(1, chain + 1):
                yield Due(row.case_id, row.proposed_by, k, position)


def _escalated(
    tx: Connection, site: Site, policy: Policy, people: Sequence[Actor], case: dict[str, Any], due: Due
) -> list[dict[str, Any]]:
    step = policy.escalation[due.step]
    told = recipients(tx, site, policy, people, case, step, due.position)
    channels = step.channels if told else tuple(c for c in step.channels if c not in (INSIDE, "email"))
    if step.to == "on_call" and not told:
        return []
    left = max(0, case["deadline_us"] - site.now_us) // MINUTE
    words = (
        f"This case waits for a decision; {left} min are left. If nobody decides: {default_action(tx, case)}"
    )
    about = f"escalation|{case['proposed_by']}|{due.step}|{due.position}"
    return rows_for(tx, site, case, told, channels, words, about, "escalation")


def recipients(
    tx: Connection, site: Site, policy: Policy, people: Sequence[Actor], case: dict[str, Any], step: Step,
    position: int = 1,
) -> list[str]:  # fmt: skip
    """Account ids of those whom a step tells. Without a roster: everybody whose signature would count."""
    duty = approvals.on_duty(tx, case["equipment_id"], site.now_us)
    if step.to == "on_call":
        return [d["account_id"] for d in duty if d["position"] == position]
    if step.to != "approver":
        return [a.account_id for a in people if step.to in a.roles and a.may(_SEE, case["equipment_id"])]
    care = care_store.care(tx, case["case_id"])
    if care is not None and care["assigned_to"]:
        return [care["assigned_to"]]
    on_shift = [d["account_id"] for d in duty if d["position"] == 0]
    able = [a.account_id for a in people if _could_sign(tx, site, policy, case, a)]
    return [a for a in on_shift if a in able] or able


_SEE = Permission.SEE_CASES


def _could_sign(tx: Connection, site: Site, policy: Policy, case: dict[str, Any], person: Actor) -> bool:
    if not person.may(Permission(case["permission"]), case["equipment_id"]):
        return False
    rights = rights_of(tx, person, site.now_us).at(case["equipment_id"])
    try:
        grant(policy, to_sign(tx, case), given_in(tx, case), rights)
    except Forbidden:
        return False
    return True


def _to_ratify(
    tx: Connection, site: Site, policy: Policy, people: Sequence[Actor], case: dict[str, Any],
    row: dict[str, Any], kind: str,
) -> list[dict[str, Any]]:  # fmt: skip
    roles = policy.emergency.ratify if policy.emergency else frozenset()
    told = [
        a.account_id
        for a in people
        if {r.value for r in a.roles} & roles
        and a.may(_SEE, case["equipment_id"])
        and a.account_id != row["acted_by"]
    ]
    late = kind == "overdue"
    words = "Somebody acted alone in an emergency" + (
        ", and nobody has ratified it in time." if late else "; please ratify it."
    )
    channels = OVERDUE_CHANNELS if late else (INSIDE, "email")
    return rows_for(tx, site, case, told, channels, words, f"ratification|{kind}", "ratification")


def _people(tx: Connection) -> list[Actor]:
    a = t.accounts
    rows = tx.execute(select(a).where(a.c.active).order_by(a.c.name, a.c.account_id)).mappings()
    return [actor_of(row) for row in rows]
