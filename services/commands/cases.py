"""What people do with cases. Each act is one transaction, all or nothing:

the password where the policy wants it, permission and scope, the act's id (a second click gets the
first result), the case's version, the transition, the signature, the outbox rows, and the audit entry.
"""

from auth.permissions import Actor, Permission
from auth.signatures import NOTHING_TYPED, Credential
from data.store import cases as store
from data.store import drafts
from data.store.database import Database
from domain.cases import CaseState
from domain.policy import reject_reason
from domain.recommendation import Choice
from services import audit
from services.actors import fresh
from services.commands import deciding, raising
from services.commands.acting import Changes, Decided, Work, again, checked_text, note
from services.commands.once import Act, ActsOnCases, Do, in_reach, reach
from services.situation import site_at


class CaseCommands:
    """Acts on cases, on behalf of an actor whose rights are read anew each time.

    Errors: NotSignedIn, Forbidden, NotFound (outside the scopes), Conflict (the case has another
    version: read it again), NotNow (expired, stale, decided), InvalidInput. The acts that
    `domain.policy` wants signed also need the actor's own password, checked here: Forbidden when it
    is wrong, InvalidInput when it is missing; then nothing else happens.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acts = ActsOnCases(database)

    def seen(self, actor: Actor, case_id: str) -> None:
        """The actor has the card on the screen. Recorded once per person; not part of the version."""
        with self._database.write() as tx:
            person, case = reach(tx, actor, case_id, Permission.SEE_CASES)
            if audit.said(tx, "case", case_id, person.account_id, "seen"):
                return
            work = Work(tx, person, case, site_at(tx, case["site_id"]))
            decides = person.may(Permission.DECIDE, case["equipment_id"])
            if case["state"] == CaseState.PROPOSED and decides:
                store.change(tx, case_id, case["version"], {"state": CaseState.SEEN.value})
            note(work, "seen", {"version": case["version"]})

    def approve(
        self, actor: Actor, case_id: str, version: int, act_id: str, changes: Changes | None = None,
        credential: Credential = NOTHING_TYPED,
    ) -> Decided:  # fmt: skip
        """Sign and release the orders, as proposed or with changes.

        A change that costs more than the actor may approve becomes a proposal for somebody who may.
        """
        do = deciding.approve if changes is None else (lambda work: deciding.approve_changed(work, changes))
        return self._act(actor, case_id, version, act_id, Permission.DECIDE, "approve", do, credential)

    def reject(
        self, actor: Actor, case_id: str, version: int, act_id: str, reason_code: str, text: str = "",
        credential: Credential = NOTHING_TYPED,
    ) -> Decided:  # fmt: skip
        """Decide against the advice; `reason_code` of domain.policy.REJECT_REASONS, text for 'other'."""
        said = reject_reason(reason_code)
        words = checked_text(text, optional=reason_code != "other")
        reason = f"{said}: {words}" if words else said
        return self._act(
            actor, case_id, version, act_id, Permission.DECIDE, "reject",
            lambda w: deciding.reject(w, reason), credential,
        )  # fmt: skip

    def withdraw_command(
        self, actor: Actor, case_id: str, version: int, act_id: str, command_id: str, reason: str = "",
        credential: Credential = NOTHING_TYPED,
    ) -> Decided:  # fmt: skip
        """Take one order back: dropped while it is queued, else a Cancel goes out and waits for its answer.

        The same act confirms a Cancel that the desk has proposed because receivers disagree.
        """
        words = checked_text(reason, optional=True) or "taken back by a person"
        return self._act(
            actor, case_id, version, act_id, Permission.DECIDE, "withdraw",
            lambda w: deciding.take_back(w, [command_id], words), credential,
        )  # fmt: skip

    def undo(
        self, actor: Actor, case_id: str, version: int, act_id: str, reason: str = "",
        credential: Credential = NOTHING_TYPED,
    ) -> Decided:  # fmt: skip
        """Take back every order of the case that can still be taken back."""
        words = checked_text(reason, optional=True) or "taken back by a person"
        return self._act(
            actor, case_id, version, act_id, Permission.DECIDE, "undo",
            lambda w: deciding.take_back(w, None, words), credential,
        )  # fmt: skip

    def comment(self, actor: Actor, case_id: str, act_id: str, text: str) -> Decided:
        """Add a remark to the course of the case."""
        words = checked_text(text)
        return self._act(
            actor, case_id, None, act_id, Permission.COMMENT, "comment", lambda w: deciding.comment(w, words)
        )

    def raise_case(
        self, actor: Actor, equipment_id: str, act_id: str, cause: str, text: str,
        wanted: Choice = Choice.INSPECT_FIRST,
    ) -> Decided:  # fmt: skip
        """Open a case where the models are silent. Whoever raises it does not approve it."""
        words = checked_text(text)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            in_reach(person, equipment_id, Permission.RAISE_CASE)
            earlier = again(tx, person, act_id, "raise")
            if earlier is not None:
                return earlier
            result = raising.open_case(tx, person, equipment_id, cause, words, wanted)
            drafts.use_up(tx, person.account_id, ["raise"])
            store.finish_act(tx, act_id, result.to_json())
            return result

    def ignore_input(
        self, actor: Actor, equipment_id: str, act_id: str, metric: str, until_us: int, reason: str
    ) -> None:
        """Distrust a sensor until a plant time, at most a week on; the actor owns this."""
        words = checked_text(reason)
        with self._database.write() as tx:
            person = fresh(tx, actor)
            in_reach(person, equipment_id, Permission.IGNORE_INPUT)
            if again(tx, person, act_id, "ignore") is None:
                raising.ignore(tx, person, equipment_id, metric, until_us, words)
                drafts.use_up(tx, person.account_id, [f"distrust:{equipment_id}"])
                store.finish_act(tx, act_id, Decided("", 0, "", 0, "ignored").to_json())

    def _act(
        self, actor: Actor, case_id: str, version: int | None, act_id: str,
        permission: Permission, kind: str, do: Do, credential: Credential = NOTHING_TYPED,
    ) -> Decided:  # fmt: skip
        return self._acts.do(actor, Act(case_id, version, act_id, permission, kind), do, credential)
