"""How every act on a case is done: once, by whoever may, on the version that was read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential, Proof
from data.store import cases as store
from data.store import drafts
from data.store.database import Database
from domain.errors import Conflict, NotFound
from domain.policy import needs_password
from services.actors import fresh
from services.commands.acting import Decided, Work, again
from services.signing import Signer
from services.situation import site_at

Do = Callable[[Work], Decided]
DECISION = ("reject", "changes", "emergency")
WORDS_OF = {"approve": DECISION, "reject": DECISION, "emergency": DECISION, "withdraw": ("undo",)}


@dataclass(frozen=True, slots=True)
class Act:
    """One act: on which case, in which version (None: any), its id, what it needs, and its kind."""

    case_id: str
    version: int | None
    act_id: str
    permission: Permission
    kind: str


def written_for(act: Act) -> list[str]:
    """The drafts that an act uses up: by deciding, the words of either decision."""
    kinds = WORDS_OF.get(act.kind, (act.kind,))
    return [f"{kind}:{act.case_id}" for kind in kinds]


class ActsOnCases:
    """Does acts, each in one transaction. Errors as in `services.commands.cases`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer(database)

    def prove(self, actor: Actor, credential: Credential) -> Proof:
        """The proof for one act on several cases."""
        return self._signer.prove(actor, credential)

    def do(
        self,
        actor: Actor,
        act: Act,
        do: Do,
        credential: Credential = NOTHING_TYPED,
        proof: Proof | None = None,
    ) -> Decided:
        """Do it, unless the same act was done before: then its first result is returned."""
        if proof is None and needs_password(act.kind):
            proof = self._signer.prove(actor, credential)
        with self._database.write() as tx:
            person, case = reach(tx, actor, act.case_id, act.permission)
            earlier = again(tx, person, act.act_id, act.kind)
            if earlier is not None:
                return earlier
            if act.version is not None and act.version != case["version"]:
                raise Conflict("the case has changed since you read it; look at it again")
            result = do(Work(tx, person, case, site_at(tx, case["site_id"]), proof))
            drafts.use_up(tx, person.account_id, written_for(act))
            store.finish_act(tx, act.act_id, result.to_json())
            return result


def in_reach(person: Actor, equipment_id: str, permission: Permission) -> None:
    """NotFound outside the person's scopes, Forbidden without the permission."""
    person.require(permission)
    if not person.may(permission, equipment_id):
        raise NotFound(f"no machine {equipment_id!r}")


def reach(tx: Connection, actor: Actor, case_id: str, permission: Permission) -> tuple[Actor, dict[str, Any]]:
    """The person as the database knows them now, and the case, locked. NotFound outside the scopes."""
    person = fresh(tx, actor)
    person.require(permission)
    case = store.hold(tx, case_id)
    if case is None or not person.may(permission, case["equipment_id"]):
        raise NotFound("no such case")
    if permission is Permission.DECIDE:
        person.require(Permission(case["permission"]))
    return person, case
