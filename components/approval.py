"""Who has signed, who decides, what was done alone, and what colleagues say: a panel of the card."""

from collections.abc import Sequence

from components.tables import panel, small, table
from components.words import moment, safe
from domain.approval import MEANS, Part
from domain.cases import UNDECIDED
from services.rows.approvals import ApprovalView, Needed, Ratification
from services.rows.care import OpinionRow
from services.rows.decide import CaseView
from services.rows.site import SiteRow

SIGN_AS = {
    Part.DECISION: "Approve and sign",
    Part.SECOND: "Sign as the second",
    Part.PRODUCTION: "Release the machine and sign",
    Part.MAINTENANCE: "Commit person and part, sign",
}


def people_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """Signatures that are still needed, who is on shift, who has the case; '' when there is nothing."""
    a, c = case.approval, case.care
    rows = [*(_needed(n, site, now_us) for n in a.needed if len(a.needed) > 1), *_facts(case, site, now_us)]
    rows += [_opinion(o, site, now_us) for o in c.opinions]
    body = _alone(a.ratification, site, now_us) + (table((), rows) if rows else "")
    right = safe(a.rule) if len(a.needed) > 1 else ""
    return panel("Who decides" if case.state in UNDECIDED else "People", body, right) if body else ""


def _needed(n: Needed, site: SiteRow, now_us: int) -> Sequence[str]:
    what = MEANS[n.part]
    if not n.by:
        return "Still needed", f"somebody who {safe(what)}"
    when = small(f"signed {moment(n.at_us, site.time_zone, now_us)}")
    return "Signed", f"<b>{safe(n.by)}</b> {safe(what)}{when}"


def _facts(case: CaseView, site: SiteRow, now_us: int) -> list[Sequence[str]]:
    a, c = case.approval, case.care
    rows: list[Sequence[str]] = []
    if case.state in UNDECIDED and c.assigned_to:
        rows.append(("With", f"<b>{safe(c.assigned_to)}</b>"))
    if case.state in UNDECIDED and (a.on_duty or a.on_call):
        rows.append(("On shift", _duty(a)))
    if c.snoozed_until_us is not None:
        until = moment(c.snoozed_until_us, site.time_zone, now_us)
        rows.append(("Put aside", f"until {until} by {safe(c.snoozed_by)}{small(safe(c.snooze_reason))}"))
    return rows


def _duty(a: ApprovalView) -> str:
    on_shift = safe(", ".join(a.on_duty)) or "nobody is entered"
    return on_shift + (small(f"then on call: {safe(', '.join(a.on_call))}") if a.on_call else "")


def _opinion(o: OpinionRow, site: SiteRow, now_us: int) -> Sequence[str]:
    asked = small(
        f"{safe(o.asked_by)} asked {moment(o.asked_us, site.time_zone, now_us)}: {safe(o.question)}"
    )
    if o.answered_us is None:
        return "Opinion", f"{safe(o.asked_of)} has not answered yet{asked}"
    return "Opinion", f"<b>{safe(o.asked_of)}</b>: {safe(o.answer)}{asked}"


def _alone(r: Ratification | None, site: SiteRow, now_us: int) -> str:
    if r is None:
        return ""
    reason, who, other = small(safe(r.reason)), safe(r.acted_by), safe(r.decided_by)
    if r.state == "waiting":
        late = now_us > r.due_us
        by = moment(r.due_us, site.time_zone, now_us)
        words = f"not ratified by {by}" if late else f"to be ratified by {by}"
        mark = "tw-note tw-alarm" if late else "tw-note"
        return f'<div class="{mark}" role="status">&#9650; {who} acted alone; {words}.{reason}</div>'
    when = moment(r.decided_us, site.time_zone, now_us)
    if r.state == "ratified":
        said = f"{who} acted alone; ratified by {other} {when}."
        return f'<p class="tw-small">{said}</p>{reason}'
    said = f"{who} acted alone; <b>{other} did not ratify it</b> {when}: {safe(r.words)}"
    return f'<div class="tw-note tw-alarm" role="status">&#9650; {said}</div>'
