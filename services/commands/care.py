"""What people do with a case besides deciding it, the emergency path, and small cases several at once."""

from collections.abc import Sequence

from auth.permissions import Actor, Permission
from auth.signatures import Credential
from data.store import care as store
from data.store.database import Database
from domain.cases import UNDECIDED, CaseState
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotNow, UserFixable
from domain.evidence import Evidence
from domain.ids import new_id
from domain.recommendation import clock_text
from services import telling_people
from services.actors import load_actor
from services.commands import deciding, emergencies
from services.commands.acting import Decided, Work, checked_text, note
from services.commands.once import Act, ActsOnCases
from services.policy.current import policy_in_force
from services.queries.care import latest_snooze_us

MOST_AT_ONCE = 20
P = Permission


class CareCommands:
    """Acts on cases. Errors as in `services.commands.cases`."""

    def __init__(self, database: Database) -> None:
        self._acts = ActsOnCases(database)

    def act_alone(
        self, actor: Actor, case_id: str, version: int, act_id: str, reason: str, credential: Credential
    ) -> Decided:
        """The emergency path: release the orders alone; another person ratifies by the time that is set."""
        words = checked_text(reason)
        act = Act(case_id, version, act_id, P.DECIDE, "emergency")
        return self._acts.do(actor, act, lambda work: deciding.act_alone(work, words), credential)

    def ratify(
        self, actor: Actor, case_id: str, act_id: str, agrees: bool, text: str, credential: Credential
    ) -> Decided:
        """The second person's word on what was done alone; a refusal says why."""
        words = checked_text(text, optional=agrees)
        act = Act(case_id, None, act_id, P.DECIDE, "ratify")
        return self._acts.do(actor, act, lambda work: emergencies.ratify(work, agrees, words), credential)

    def snooze(
        self, actor: Actor, case_id: str, version: int, act_id: str, until_us: int, reason: str
    ) -> Decided:
        """Put a case aside until a plant time: at most to the end of the shift, and before its deadline."""
        words = checked_text(reason)
        act = Act(case_id, version, act_id, P.DECIDE, "snooze")
        return self._acts.do(actor, act, lambda work: _snooze(work, until_us, words))

    def wake(self, actor: Actor, case_id: str, act_id: str) -> Decided:
        """Take a case up again before its time."""
        return self._acts.do(actor, Act(case_id, None, act_id, P.DECIDE, "wake"), _wake)

    def assign(self, actor: Actor, case_id: str, act_id: str, account_id: str, reason: str = "") -> Decided:
        """Give a case to somebody who decides there. They are told at once."""
        words = checked_text(reason, optional=True)
        act = Act(case_id, None, act_id, P.DECIDE, "assign")
        return self._acts.do(actor, act, lambda work: _assign(work, account_id, words))

    def ask(self, actor: Actor, case_id: str, act_id: str, account_id: str, question: str) -> Decided:
        """Ask a colleague for a second opinion. They are told at once."""
        words = checked_text(question)
        act = Act(case_id, None, act_id, P.DECIDE, "ask")
        return self._acts.do(actor, act, lambda work: _ask(work, account_id, words))

    def answer(self, actor: Actor, case_id: str, act_id: str, opinion_id: str, text: str) -> Decided:
        """Give the second opinion that one was asked for. An opinion decides nothing."""
        words = checked_text(text)
        act = Act(case_id, None, act_id, P.COMMENT, "answer")
        return self._acts.do(actor, act, lambda work: _answer(work, opinion_id, words))

    def approve_several(
        self, actor: Actor, chosen: Sequence[tuple[str, int]], act_id: str, credential: Credential
    ) -> tuple[tuple[str, str], ...]:
        """Approve cases of low risk with one signature each, typed once: (case id, what came of it).

        `chosen` holds (case id, version read). One that may not be approved this way is left alone.
        """
        if not 0 < len(chosen) <= MOST_AT_ONCE:
            raise InvalidInput(f"choose between 1 and {MOST_AT_ONCE} cases")
        proof = self._acts.prove(actor, credential)
        results = []
        for case_id, version in chosen:
            act = Act(case_id, version, f"{act_id}:{case_id}", P.DECIDE, "approve")
            try:
                said = self._acts.do(actor, act, _approve_small, proof=proof).message
            except (UserFixable, Conflict) as error:
                said = f"Not approved: {error}."
            results.append((case_id, said))
        return tuple(results)


def _undecided(work: Work) -> None:
    if CaseState(work.case["state"]) not in UNDECIDED:
        raise NotNow("this case is decided already")


def _snooze(work: Work, until_us: int, reason: str) -> Decided:
    _undecided(work)
    latest = latest_snooze_us(work.tx, work.case, work.site.now_us)
    if not work.site.now_us < until_us <= latest:
        by = clock_text(latest, work.site.zone, work.site.now_us)
        raise InvalidInput(f"a case is put aside until {by} at most: the shift's end, or its deadline")
    values = {
        "snoozed_until_us": until_us,
        "snoozed_by": work.actor.account_id,
        "snooze_reason": reason,
        "snoozed_version": work.case["version"],
    }
    store.set_care(work.tx, work.case["case_id"], values)
    note(work, "put aside", {"until_us": until_us, "reason": reason})
    return Decided.of(work.case, "Put aside. It comes back by itself, and at once when newer data change it.")


def _wake(work: Work) -> Decided:
    store.set_care(work.tx, work.case["case_id"], {"snoozed_until_us": None, "snoozed_version": None})
    note(work, "taken up again", {})
    return Decided.of(work.case, "Back in the inbox.")


def _assign(work: Work, account_id: str, reason: str) -> Decided:
    _undecided(work)
    to = _colleague(work, account_id, P.DECIDE)
    values = {
        "assigned_to": account_id,
        "assigned_by": work.actor.account_id,
        "assigned_us": work.site.now_us,
        "snoozed_until_us": None,
        "snoozed_version": None,
    }
    store.set_care(work.tx, work.case["case_id"], values)
    note(work, "assigned", {"to": to.name, "reason": reason})
    words = f"{work.actor.name} gives you this case." + (f" {reason}" if reason else "")
    telling_people.tell(work.tx, work.site, work.case, account_id, "assigned", words, new_id())
    return Decided.of(work.case, f"{to.name} has it now, and was told.")


def _ask(work: Work, account_id: str, question: str) -> Decided:
    of = _colleague(work, account_id, P.COMMENT)
    if account_id == work.actor.account_id:
        raise InvalidInput("choose another person")
    row = {
        "opinion_id": new_id(),
        "case_id": work.case["case_id"],
        "asked_by": work.actor.account_id,
        "asked_of": account_id,
        "question": question,
        "asked_us": work.site.now_us,
        "answer": "",
        "answered_us": None,
    }
    store.add_opinion(work.tx, row)
    note(work, "asked for a second opinion", {"of": of.name, "text": question})
    words = f"{work.actor.name} asks for your opinion: {question}"
    telling_people.tell(work.tx, work.site, work.case, account_id, "asked", words, row["opinion_id"])
    return Decided.of(work.case, f"{of.name} was asked.")


def _answer(work: Work, opinion_id: str, text: str) -> Decided:
    row = store.opinion(work.tx, opinion_id)
    if row is None or row["case_id"] != work.case["case_id"]:
        raise NotFound("no such question in this case")
    if row["asked_of"] != work.actor.account_id:
        raise Forbidden("somebody else was asked")
    if not store.answer(work.tx, opinion_id, text, work.site.now_us):
        raise NotNow("this question is answered already")
    note(work, "gave a second opinion", {"text": text})
    words = f"{work.actor.name} answers: {text}"
    telling_people.tell(work.tx, work.site, work.case, row["asked_by"], "answered", words, opinion_id)
    return Decided.of(work.case, "Your opinion is on the card.")


def _colleague(work: Work, account_id: str, permission: Permission) -> Actor:
    colleague = load_actor(work.tx, account_id)
    if not colleague.may(permission, work.case["equipment_id"]):
        raise InvalidInput(f"{colleague.name} may not do this here")
    return colleague


def _approve_small(work: Work) -> Decided:
    risk = Evidence.from_json(work.case["evidence"]).probability
    if not policy_in_force(work.tx).bulk_allows(work.case["cost_cents"], risk):
        raise Forbidden("the policy wants this case read and approved by itself")
    return deciding.approve(work)
