"""The emergency path: one acts, a second ratifies by a set time, or says why not."""

from data.store import approvals as store
from data.store import cases
from domain.approval import check_emergency, check_ratifier
from domain.errors import NotNow
from services.commands import consenting
from services.commands.acting import Decided, Work, note
from services.policy.current import policy_in_force, rights_of
from services.signing import RATIFIES, REFUSES_TO_RATIFY, sign


def begin(work: Work, reason: str) -> int:
    """Write down that somebody acts alone, and until when it is to be ratified (plant time)."""
    policy, now = policy_in_force(work.tx), work.site.now_us
    person = rights_of(work.tx, work.actor, now).at(work.case["equipment_id"])
    rules = check_emergency(policy, person, work.case["proposed_by"])
    row = {
        "case_id": work.case["case_id"],
        "acted_by": work.actor.account_id,
        "reason": reason,
        "acted_us": now,
        "due_us": now + rules.within_us,
        "state": "waiting",
        "words": "",
    }
    store.add_ratification(work.tx, row)
    return now + rules.within_us


def ratify(work: Work, agrees: bool, words: str) -> Decided:
    """The second person's word. A refusal sends nothing by itself: the orders can be taken back."""
    case_id, now = work.case["case_id"], work.site.now_us
    row = store.ratification(work.tx, case_id)
    if row is None or row["state"] != "waiting":
        raise NotNow("there is nothing to ratify in this case")
    person = rights_of(work.tx, work.actor, now).at(work.case["equipment_id"])
    check_ratifier(policy_in_force(work.tx), row["acted_by"], person)
    if agrees:
        consenting.check_code(work)
    state, meaning = ("ratified", RATIFIES) if agrees else ("refused", REFUSES_TO_RATIFY)
    values = {"state": state, "decided_by": person.account_id, "decided_us": now, "words": words}
    if not store.ratify(work.tx, case_id, values):
        raise NotNow("somebody else has just answered")
    signed = sign(work.tx, work.actor, work.case, cases.commands_of(work.tx, case_id), meaning, work.proof)
    late = now > row["due_us"]
    action = "ratified the emergency" if agrees else "did not ratify the emergency"
    note(work, action, {"text": words, "late": late, **signed})
    said = "Ratified." if agrees else "Not ratified. Take the orders back if they should not be carried out."
    return Decided.of(work.case, said)
