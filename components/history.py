"""Decided cases and what came of them."""

from collections.abc import Sequence

from components.card import state_words
from components.links import link
from components.notices import sentence
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, moment, money, plural, safe, stamp
from domain.cases import NO_FAULT, CaseState
from domain.messages import Finding
from domain.recommendation import cause_label
from domain.set_points import VERDICTS, Verdict
from services.rows.decide import AuditRow, HistoryRow, SignatureRow
from services.rows.site import SiteRow

FINDINGS = {
    Finding.FAILED: "had failed",
    Finding.DEGRADED: "was worn",
    Finding.NOTHING_FOUND: "nothing found",
    Finding.OTHER_FAULT: "another fault",
}
HEAD = ("Case", "Decided or ended", "By", "What became of it", "Finding", "Cost", "Worth")
CSV_HEAD = (
    "case",
    "title",
    "machine",
    "line",
    "cause",
    "state",
    "opened",
    "decided",
    "decided by",
    "proposed by",
    "reason",
    "cost",
    "worth",
    "finding",
    "found cause",
    "signatures",
)


def headline(rows: Sequence[HistoryRow]) -> str:
    """How many cases, how they ended, and how often the technician confirmed the advice; HTML."""
    if not rows:
        return "<b>No case in this selection.</b>"
    rejected = sum(1 for r in rows if r.state is CaseState.REJECTED)
    approved = sum(1 for r in rows if r.decided_us is not None) - rejected
    alone = len(rows) - approved - rejected
    found = [r for r in rows if r.finding]
    right = sum(1 for r in found if r.finding in (Finding.FAILED, Finding.DEGRADED))
    said = f"In {right} of {len(found)} with a finding, the part was worn or had failed."
    start = f"{approved} approved, {rejected} rejected, {alone} ended without a decision."
    return f"<b>{plural(len(rows), 'case')}:</b> {start} {said if found else 'No finding yet.'}"


def history_panel(rows: Sequence[HistoryRow], site: SiteRow, now_us: int) -> str:
    """The table of decided cases, newest first."""
    if not rows:
        return panel("Decided and ended cases", empty("Nothing matches. Choose other filters."))
    return panel("Decided and ended cases", table(HEAD, (_row(r, site, now_us) for r in rows), right=(5, 6)))


def _row(r: HistoryRow, site: SiteRow, now_us: int) -> Sequence[str]:
    state = safe(state_words(r.kind, r.state.value))
    if r.attention:
        state = f'<span class="tw-high tw-num">&#9650; the receivers disagree</span>, {state}'
    reason = small(safe(sentence(r.reason))) if r.reason else ""
    return (
        f"{link(r.title, 'case', case=str(r.number))}"
        f'<div class="tw-muted tw-small">{safe(r.line_name)} &middot; case {r.number}</div>',
        f'<span class="tw-nw">{moment(r.decided_us or r.closed_us, site.time_zone, now_us)}</span>',
        (safe(r.decided_by) or '<span class="tw-muted">nobody</span>') + _signed(r, site, now_us),
        state + reason,
        safe(finding(r)) or f'<span class="tw-muted">{NOTHING}</span>',
        *_worth(r, site),
    )


def _worth(r: HistoryRow, site: SiteRow) -> tuple[str, str]:
    """What it cost and was worth: a set point costs nothing, and is worth what it saves in a week if that is
    known; a case about a model has neither."""
    cost, worth = (
        f'<span class="tw-nw">{money(cents, site.currency, whole=True)}</span>'
        for cents in (r.cost_cents, r.benefit_cents)
    )
    if r.kind not in NO_FAULT:
        return cost, worth
    return NOTHING, worth + small("a week") if r.benefit_cents else NOTHING


def signature_words(s: SignatureRow, site: SiteRow) -> str:
    """A signature as it must be readable: printed name, time, meaning."""
    return f"{s.printed_name}, {stamp(s.signed_us, site.time_zone)}: {s.meaning}"


def _signed(r: HistoryRow, site: SiteRow, now_us: int) -> str:
    """Who signed, and when; what each signature means stands on the card and in the CSV."""
    return "".join(
        f'<div class="tw-muted tw-small" title="{safe(s.meaning)}">'
        f"signed by {safe(s.printed_name)} {moment(s.signed_us, site.time_zone, now_us)}</div>"
        for s in r.signatures
    )


def finding(r: HistoryRow) -> str:
    """What the technician found, or what came of a moved set point, in words; "" without either."""
    if r.came:
        return VERDICTS[Verdict(r.came)]
    if not r.finding:
        return ""
    words = FINDINGS[Finding(r.finding)] if r.finding in set(Finding) else r.finding.replace("_", " ")
    return f"{words} ({cause_label(r.found_cause)})" if r.found_cause else words


def history_csv(rows: Sequence[HistoryRow], site: SiteRow) -> bytes:
    """The table as CSV, times in the site's zone, money in whole units of its currency."""
    return csv_bytes(
        CSV_HEAD,
        (
            (
                r.number,
                r.title,
                r.equipment_name,
                r.line_name,
                r.cause,
                r.state.value,
                instant(r.opened_us, site.time_zone),
                instant(r.decided_us, site.time_zone),
                r.decided_by,
                r.proposed_by,
                r.reason,
                r.cost_cents / 100,
                r.benefit_cents / 100,
                r.finding,
                r.found_cause,
                " | ".join(signature_words(s, site) for s in r.signatures),
            )
            for r in rows
        ),
    )


def audit_panel(rows: Sequence[AuditRow], site: SiteRow) -> str:
    """The audit entries of one case, oldest first, each bound to the one before by its hash."""
    body = [
        (
            str(r.entry),
            f'<span class="tw-nw">{stamp(r.wall_us, "UTC")} UTC</span>'
            f'<div class="tw-muted tw-small tw-nw">plant {stamp(r.plant_us, site.time_zone)}</div>',
            safe(r.actor),
            safe(r.action),
            f'<span class="tw-wrap tw-small">{safe(r.detail[:600])}</span>',
            f'<span class="tw-muted tw-small">{safe(r.hash[:12])}</span>',
        )
        for r in rows
    ]
    head = ("Entry", "Time", "Who", "What", "Detail", "Hash")
    return panel("Audit", table(head, body, tight=True) if body else empty("No entry yet."))
