"""The acts themselves, each inside the transaction that `services.commands.cases` opened for it."""

from dataclasses import replace
from typing import Any

from data.store import cases as store
from domain.approval import Grant
from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS, NO_FAULT, UNDER_WAY, Case, CaseKind, CaseState, step
from domain.clock import wall_us
from domain.costs import Cost
from domain.errors import Forbidden, NotNow
from domain.messages import CommandState, Finding
from domain.policy import Approval, above_limit, check_in_time, check_start
from domain.recommendation import clock_text
from services.commands import consenting, emergencies, releasing, set_points
from services.commands.acting import Changes, Decided, Work, checked_text, note, save
from services.fallen import signers, tell_fallen
from services.following import follow_up, is_worn_inspection
from services.planning import chosen, money, propose, replanned
from services.policy.current import approval_of, terms_of
from services.proposal import cost_of
from services.receipts import settle
from services.signing import APPROVES_CHANGED, EMERGENCY, REJECTS, TAKES_BACK, approves, sign

UNTIL_ENDED = "The case stays open until its orders have ended."


def _facts(work: Work, cost_cents: int) -> Approval:
    limit = consenting.limit(work)
    return approval_of(work.case, work.actor.account_id, work.site.now_us, cost_cents, limit)


def approve(work: Work) -> Decided:
    """Approve the orders as they stand."""
    step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    check_in_time(_facts(work, work.case["cost_cents"]))
    set_points.check_limits(work)
    work = releasing.retimed(work)
    after = step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    got, base = consenting.granted(work), approves(work.case["kind"])
    return _release(work, after, base, {}, got) if got.releases else consenting.wait(work, got, base, {})


def approve_changed(work: Work, changes: Changes) -> Decided:
    """Approve another choice or time: counted anew, limits checked again."""
    if work.case["kind"] in ABOUT_SETTINGS:
        return _approve_moved(work, changes)
    after = step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    of_a_fault(work)
    facts = _facts(work, 0)
    check_in_time(facts)
    check_start(work.site.now_us, changes.start_us)
    if work.case["kind"] == CaseKind.RAISED and facts.proposed_by == facts.account_id:
        raise Forbidden("whoever raised this cannot approve it; another person decides")
    plan = replanned(work.tx, work.case, work.site.now_us)
    choice, benefit = chosen(plan, changes.choice, changes.start_us)
    commands = plan.commands(choice)
    releasing.check_choice(choice, commands, work.site.now_us)
    cost = cost_of(choice, commands)
    values: dict[str, Any] = {
        **money(cost, benefit),
        "title": plan.title(choice),
        "advised": choice.key,
        "alternatives": releasing.with_choice(work.case["alternatives"], choice),
    }
    others = [one for one in signers(work.tx, work.case) if one != work.actor.account_id]
    propose(work.tx, work.case["case_id"], commands, wall_us())
    told = {**work.case, **values, "version": after.version}
    tell_fallen(work.tx, work.site, told, others, f"{work.actor.name} changed it")
    detail = {
        "choice": choice.label,
        "cost_cents": cost,
        "reason": checked_text(changes.reason, optional=True),
    }
    if above_limit(cost, facts.limit_cents) or consenting.wants_four_eyes(work, values):
        return _propose_up(work, values, choice.start_us, detail)
    deadline = {"deadline_us": releasing.deadline_for(work, choice.start_us)}
    return _sign_changed(work, after, values, deadline, detail)


def _sign_changed(
    work: Work, after: Case, values: dict[str, Any], waiting: dict[str, Any], detail: dict[str, Any]
) -> Decided:
    """Release what was changed, or, where others sign too, keep it with `waiting` until they have."""
    got = consenting.granted(consenting.changed(work, values))
    if not got.releases:
        return consenting.wait(save(work, values | waiting), got, APPROVES_CHANGED, detail)
    return _release(save(work, values), after, APPROVES_CHANGED, detail, got)


def _approve_moved(work: Work, changes: Changes) -> Decided:
    """Approve another value of a set point, inside the limits that hold. Nothing is expected of it anew."""
    after = step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    check_in_time(_facts(work, 0))
    other = set_points.other_value(work, changes.value)
    others = [one for one in signers(work.tx, work.case) if one != work.actor.account_id]
    propose(work.tx, work.case["case_id"], (other.command,), wall_us())
    values = {"title": other.title, **money(0, Cost(0, 0, 0))}
    told = {**work.case, **values, "version": after.version}
    tell_fallen(work.tx, work.site, told, others, f"{work.actor.name} changed it")
    detail = {"choice": other.words, "reason": checked_text(changes.reason, optional=True)}
    return _sign_changed(work, after, values, {}, detail)


def _propose_up(work: Work, values: dict[str, Any], start_us: int | None, detail: dict[str, Any]) -> Decided:
    """The change costs more than the actor may approve alone: whoever changed it is its proposer."""
    after = step(work.state, CaseState.PROPOSED)
    values |= {
        "state": after.state.value,
        "version": after.version,
        "proposed_by": work.actor.account_id,
        "deadline_us": releasing.deadline_for(work, start_us),
    }
    note(work, "proposed a change above the own limit", detail)
    work = save(work, values)
    return Decided.of(work.case, "This is above your limit. It waits for somebody who may approve it.")


def _release(work: Work, after: Case, base: str, detail: dict[str, Any], got: Grant | None) -> Decided:
    """Sign, queue the orders, close the drafts: the heart of an approval. No grant: an emergency."""
    now, every = wall_us(), store.commands_of(work.tx, work.case["case_id"])
    values = {
        "state": after.state.value,
        "version": after.version,
        "decided_by": after.decided_by,
        "decided_us": work.site.now_us,
        "decided_wall_us": now,
    }
    terms, said = terms_of(work.case, every), base if got is None else consenting.meaning(work, got, base)
    work = save(work, values)
    rows = [row for row in every if row["state"] == CommandState.PROPOSED]
    signed = sign(work.tx, work.actor, work.case, rows, said, work.proof)
    if got is not None:
        consenting.record(work, got, signed["record_hash"], terms)
    if not work.site.shadow:
        for row in rows:
            releasing.queue(work, row, now)
    note(work, "approved", {"meaning": said, **signed, "orders": [r["command_id"] for r in rows], **detail})
    return Decided.of(work.case, f"Approved. {_what_follows(work)}")


def _what_follows(work: Work) -> str:
    if work.case["kind"] in ABOUT_MODELS:
        return "The training waits to be run: python -m runtime retrain."
    if work.site.shadow:
        return "A replay sends nothing."
    what = "The request is on its" if work.case["kind"] in ABOUT_SETTINGS else "The orders are on their"
    return f"{what} way."


def of_a_fault(work: Work) -> None:
    """NotNow for a case about a model or a set point: there is no hurry, and nothing found at a machine."""
    if work.case["kind"] in ABOUT_MODELS:
        raise NotNow("a case about a model is approved as it is, or rejected")
    if work.case["kind"] in NO_FAULT:
        raise NotNow("a case about a set point is approved, changed or rejected")


def act_alone(work: Work, reason: str) -> Decided:
    """The emergency path: one person releases the orders now, another ratifies by the time that is set.

    What has expired, or rests on stale data, is not released this way either.
    """
    step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    of_a_fault(work)
    check_in_time(_facts(work, work.case["cost_cents"]))
    consenting.check_code(work)
    due_us = emergencies.begin(work, reason)
    work = releasing.retimed(work)
    after = step(work.state, CaseState.APPROVED, by=work.actor.account_id)
    decided = _release(work, after, EMERGENCY, {"reason": reason, "ratify_by_us": due_us}, None)
    by = clock_text(due_us, work.site.zone, work.site.now_us)
    return replace(decided, message=f"{decided.message} Another person has to ratify this by {by}.")


def reject(work: Work, reason: str) -> Decided:
    """Decide against the advice: whoever's role decides on it, whatever it costs."""
    after = step(work.state, CaseState.REJECTED, by=work.actor.account_id, reason=reason)
    consenting.check_role_here(work)
    work = save(
        work,
        {
            "state": after.state.value,
            "version": after.version,
            "decided_by": after.decided_by,
            "decided_us": work.site.now_us,
            "decided_wall_us": wall_us(),
            "reason": reason,
            "open_key": None,
            "closed_us": work.site.now_us,
        },
    )
    rows = store.commands_of(work.tx, work.case["case_id"])
    signed = sign(work.tx, work.actor, work.case, rows, REJECTS, work.proof)
    store.cancel_proposed(work.tx, work.case["case_id"], wall_us())
    note(work, "rejected", {"reason": reason, **signed})
    return Decided.of(work.case, "Rejected. Nothing is sent.")


def take_back(work: Work, command_ids: list[str] | None, reason: str) -> Decided:
    """Take orders back (None: all that can be): a decision against them, so by a role that decides."""
    consenting.check_role_here(work)
    said = releasing.take_back(work, command_ids, reason)
    rows = store.commands_of(work.tx, work.case["case_id"])
    signed = sign(work.tx, work.actor, work.case, rows, TAKES_BACK, work.proof)
    note(work, "took orders back", {"reason": reason, "orders": said, **signed})
    work = save(work, {"version": work.case["version"] + 1})
    settle(work.tx, work.case["case_id"], work.site)
    return Decided.of(store.get(work.tx, work.case["case_id"]) or work.case, "Being taken back.")


def comment(work: Work, text: str) -> Decided:
    """Add a remark."""
    note(work, "comment", {"text": text})
    return Decided.of(work.case, "Noted.")


def judge(work: Work, finding: Finding, cause: str, text: str) -> Decided:
    """Record what was found; an earlier finding stays in the audit.

    While orders are under way the case stays open with its finding, so that nothing is ordered a second time;
    it is closed when they have ended. An inspection that found wear has ended: its repair takes its place.
    """
    case, before = work.case, store.outcome(work.tx, work.case["case_id"])
    closes = CaseState(case["state"]) not in UNDER_WAY or is_worn_inspection(work.tx, case, finding)
    if case["state"] != CaseState.JUDGED and closes:
        after = step(work.state, CaseState.JUDGED)
        closed = case["closed_us"] or work.site.now_us
        values = {"state": after.state.value, "version": after.version, "open_key": None, "closed_us": closed}
        work = save(work, values | {"attention": False})
    elif case["state"] != CaseState.JUDGED:
        step(work.state, CaseState.JUDGED)
    outcome = {
        "case_id": case["case_id"],
        "finding": Finding(finding).value,
        "cause": cause,
        "reported_by": work.actor.account_id,
        "at_us": work.site.now_us,
        "reported_wall_us": wall_us(),
    }
    store.set_outcome(work.tx, outcome)
    earlier = {"finding": before["finding"], "cause": before["cause"]} if before else None
    told = {"finding": outcome["finding"], "cause": cause, "text": text, "before": earlier}
    note(work, "recorded the outcome", told)
    follow_up(work.tx, work.case, finding, cause, work.site)
    return Decided.of(work.case, "Recorded." if closes else f"Recorded. {UNTIL_ENDED}")
