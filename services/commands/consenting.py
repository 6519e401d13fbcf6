"""Signatures that a case needs: one decision, four eyes, or two consents, as the policy says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data.store import approvals as store
from data.store import cases
from domain.approval import MEANS, Grant, Part, check_role, grant
from domain.cases import CaseState, step
from domain.errors import Forbidden, NotSignedIn
from services.actors import load_actor
from services.commands.acting import Decided, Work, note, save
from services.policy.current import (
    given_in,
    limit_of,
    matter_of,
    policy_in_force,
    rights_of,
    terms_of,
    to_sign,
)
from services.signing import sign


def limit(work: Work) -> int:
    """The highest cost that the person may release alone here, delegated limits included."""
    rights = rights_of(work.tx, work.actor, work.site.now_us)
    return limit_of(policy_in_force(work.tx), rights.at(work.case["equipment_id"]))


def changed(work: Work, values: Mapping[str, Any]) -> Work:
    """The work with columns that are about to be saved."""
    return replace(work, case={**work.case, **values})


def wants_four_eyes(work: Work, values: Mapping[str, Any]) -> bool:
    """True when the case, with these columns, needs a decision and a second signature."""
    matter = matter_of({**work.case, **values})
    return Part.SECOND in policy_in_force(work.tx).rule_for(matter).parts(matter.cost_cents)


def check_code(work: Work) -> None:
    """Forbidden when the policy wants a code from the phone at this cost, and there was none."""
    matter = matter_of(work.case)
    code = policy_in_force(work.tx).rule_for(matter).code_above_cents
    if code is not None and matter.cost_cents > code and (work.proof is None or not work.proof.coded):
        raise Forbidden("at this cost the policy wants a code from your phone beside the password")


def check_role_here(work: Work) -> None:
    """Forbidden unless the policy lets the person's role, or one they stand in for, decide on the case."""
    person = rights_of(work.tx, work.actor, work.site.now_us).at(work.case["equipment_id"])
    check_role(policy_in_force(work.tx), matter_of(work.case), person)


def granted(work: Work) -> Grant:
    """What the person's signature gives now. Forbidden, in one sentence, when it gives nothing."""
    check_code(work)
    policy, matter = policy_in_force(work.tx), to_sign(work.tx, work.case)
    person = rights_of(work.tx, work.actor, work.site.now_us).at(work.case["equipment_id"])
    return grant(policy, matter, given_in(work.tx, work.case), person)


def meaning(work: Work, got: Grant, base: str) -> str:
    """What the signature means: the act, the part that it gives, and on whose behalf."""
    alone = got.releases and got.part is Part.DECISION
    part = "" if alone else f" This signature {MEANS[got.part]}."
    if got.holder_id == work.actor.account_id:
        return base + part
    try:
        name = load_actor(work.tx, got.holder_id).name
    except NotSignedIn:
        name = got.holder_id
    return f"{base}{part} On behalf of {name}."


def record(work: Work, got: Grant, record_hash: str, terms: str) -> None:
    """Keep the signature among those that the case has."""
    store.add_consent(
        work.tx,
        {
            "case_id": work.case["case_id"],
            "terms": terms,
            "part": got.part.value,
            "account_id": work.actor.account_id,
            "holder_id": got.holder_id,
            "limit_cents": got.limit_cents,
            "record_hash": record_hash,
            "at_us": work.site.now_us,
        },
    )


def wait(work: Work, got: Grant, base: str, detail: Mapping[str, Any]) -> Decided:
    """One of several signatures: it is kept, and the case waits for the others."""
    after = step(work.state, CaseState.PROPOSED)
    work = save(work, {"version": after.version})
    rows = cases.commands_of(work.tx, work.case["case_id"])
    said = meaning(work, got, base)
    proposed = [row for row in rows if row["state"] == "proposed"]
    signed = sign(work.tx, work.actor, work.case, proposed, said, work.proof)
    record(work, got, signed["record_hash"], terms_of(work.case, rows))
    missing = [MEANS[part] for part in got.missing]
    note(work, "consented", {"part": got.part.value, **signed, "missing": missing, **detail})
    return Decided.of(work.case, f"Signed. It still waits for somebody who {' and who '.join(missing)}.")
