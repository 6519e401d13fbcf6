"""The policy in words: rules, versions, verdicts; who is on duty and who stands in for whom."""

import difflib
from collections.abc import Iterable, Sequence

from components.tables import bullets, empty, panel, small, table
from components.words import NOTHING, lapse, moment, money, safe, stamp
from domain.approval import MEANS, Part, Policy, Rule, Step
from services.rows.approvals import DelegationRow, DutyRow, PolicyRow, VerdictRow
from services.rows.site import SiteRow

CHANNELS = {"app": "in the desk", "email": "e-mail", "webhook": "webhook", "mqtt": "MQTT"}
STATES = {"proposed": "waits for approval", "active": "in force", "retired": "retired", "refused": "refused"}


def role_words(roles: Iterable[str]) -> str:
    """`maintenance planner, supervisor`."""
    return ", ".join(sorted(role.replace("_", " ") for role in roles))


def rules_panel(policy: Policy, site: SiteRow) -> str:
    """The rules in their order; the first that matches counts."""
    rows = [
        (safe(rule.name), _when(rule, site), _who(rule, policy, site), safe(rule.at_expiry))
        for rule in policy.rules
    ]
    head = ("Rule", "When", "Who signs", "If nobody decides")
    return panel(policy.title, table(head, rows), "the first rule that matches counts")


def _when(rule: Rule, site: SiteRow) -> str:
    said = []
    if rule.min_cost_cents:
        said.append(f"cost from {money(rule.min_cost_cents, site.currency)}")
    if rule.max_cost_cents is not None:
        said.append(f"cost under {money(rule.max_cost_cents, site.currency)}")
    if rule.min_risk:
        said.append(f"risk from {rule.min_risk * 100:.0f} of 100")
    said += [k.replace("_", " ") for k in sorted(rule.kinds)] + list(rule.places)
    return safe(", ".join(said) or "always")


def _who(rule: Rule, policy: Policy, site: SiteRow) -> str:
    if rule.two_consents:
        parts = (f"{MEANS[p].capitalize()}: {role_words(policy.consents[p])}" for p in policy.consents)
        return "<br>".join(safe(p) for p in parts)
    four = rule.four_eyes_above_cents
    second = f"; above {money(four, site.currency)} two people" if four is not None else ""
    code = rule.code_above_cents
    coded = f"; above {money(code, site.currency)} with a code from the phone" if code is not None else ""
    return safe(role_words(rule.roles) + second + coded)


def limits_panel(policy: Policy, site: SiteRow) -> str:
    """What each role releases alone, and the other figures of the policy."""
    limits = sorted(policy.limits.items(), key=lambda item: item[1])
    rows = [(safe(role_words([role])), money(limit, site.currency)) for role, limit in limits]
    lines = [_step(step) for step in policy.escalation]
    if policy.quiet:
        begin, end = (f"{m // 60:02}:{m % 60:02}" for m in (policy.quiet.from_min, policy.quiet.until_min))
        lines.append(
            f"Quiet hours {begin} to {end}: "
            "messages outside the desk wait, unless the time to decide ends in them."
        )
    if policy.emergency:
        e = policy.emergency
        lines.append(
            f"Emergency: {role_words(e.act)} may act alone; "
            f"{role_words(e.ratify)} ratifies within {lapse(e.within_us)}."
        )
    if policy.bulk_cost_cents:
        lines.append(
            f"Several at once: up to {money(policy.bulk_cost_cents, site.currency)} "
            f"and a risk of {policy.bulk_risk * 100:.0f} of 100."
        )
    lines.append(f"At most {policy.cases_per_shift} new cases a supervisor and shift.")
    body = table(("Releases alone", "Up to"), rows, right=(1,)) + bullets(lines, "")
    return panel("Limits, escalation, emergencies", body)


def _step(step: Step) -> str:
    to = {"approver": "whoever is on shift", "on_call": "the on-call chain"}.get(
        step.to, role_words([step.to])
    )
    when = "At once" if not step.share else f"After {step.share * 100:.0f} % of the time to decide"
    return f"{when}: {to} ({', '.join(CHANNELS[c] for c in step.channels)})."


def versions_panel(rows: Sequence[PolicyRow], site: SiteRow) -> str:
    """Who proposed and who decided each version."""
    body = [
        (
            str(r.version),
            safe(STATES.get(r.state, r.state)),
            f"{safe(r.proposed_by)}{small(stamp(r.proposed_wall_us, site.time_zone)[:16])}",
            f"{safe(r.decided_by) or NOTHING}{small(stamp(r.decided_wall_us, site.time_zone)[:16])}",
            safe(r.why) + small(f"sha256 {safe(r.sha256[:16])}"),
        )
        for r in rows
    ]
    head = ("Version", "State", "Proposed by", "Decided by", "Why")
    none = "Version 1 comes with the desk. Nobody has proposed a change yet."
    return panel("Versions", table(head, body) if body else empty(none))


def verdicts_panel(rows: Sequence[VerdictRow]) -> str:
    """The test bench: verdicts that differ from what was expected come first."""
    ordered = sorted(rows, key=lambda r: r.ok)
    body = [
        (
            safe(r.name) + small(safe(r.why)),
            safe(r.expected),
            safe(r.verdict) if r.ok else f'<b class="tw-high">&#9650; {safe(r.verdict)}</b>',
        )
        for r in ordered
    ]
    wrong = sum(not r.ok for r in rows)
    right = "all as expected" if not wrong else f"{wrong} differ from what was expected"
    return panel("Test bench", table(("Scenario", "Expected", "Verdict"), body, wide=0), right)


def change_panel(before: str, after: str) -> str:
    """The lines that a proposed version changes."""
    lines = list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), "in force", "proposed", "", "", 1)
    )
    text = "\n".join(line for line in lines if not line.startswith(("---", "+++")))
    return panel(
        "What changes", f'<pre class="tw-pre">{safe(text)}</pre>' if text else empty("Nothing changes.")
    )


def duty_panel(rows: Sequence[DutyRow], site: SiteRow, now_us: int) -> str:
    """Who decides now and next, by place."""
    body = [
        (
            safe(r.place),
            f"<b>{safe(r.person)}</b>" if r.now else safe(r.person),
            "on shift" if r.position == 0 else f"on call, {r.position}",
            f"{moment(r.from_us, site.time_zone, now_us)} to {moment(r.until_us, site.time_zone, now_us)}",
        )
        for r in rows
    ]
    head = ("Place", "Person", "Duty", "From, to")
    none = "Nobody is entered. Whoever may decide is asked, all at once."
    return panel("On duty", table(head, body) if body else empty(none))


def delegations_panel(rows: Sequence[DelegationRow], site: SiteRow, now_us: int) -> str:
    """Who stands in for whom."""
    body = [
        (
            f"<b>{safe(r.to_name)}</b> for {safe(r.from_name)}{small(safe(r.reason))}",
            safe(r.place),
            f"{moment(r.from_us, site.time_zone, now_us)} to {moment(r.until_us, site.time_zone, now_us)}",
        )
        for r in rows
    ]
    return panel(
        "Standing in", table(("Who", "Place", "From, to"), body) if body else empty("Nobody stands in.")
    )


def part_words(part: Part) -> str:
    """What a signature gives, in words."""
    return MEANS[part]
