"""Findings and values in words: what was found lately, and the ledger."""

from collections.abc import Sequence

from components.history import FINDINGS
from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, instant, moment, money, plural, safe
from domain.messages import Finding
from domain.recommendation import cause_label
from domain.value import GRADES
from services.rows.outcomes import Found, Ledger, ToFind, ValueRow
from services.rows.site import SiteRow

STATES = {"rejected": "advice was rejected", "expired": "nobody decided", "refused": "orders were refused"}


def asked(case: ToFind, site: SiteRow, now_us: int) -> str:
    """The head of one case on the tablet: machine, what was proposed, when it was decided."""
    when = f"decided {moment(case.decided_us, site.time_zone, now_us)}" if case.decided_us else ""
    state = STATES.get(case.state, when)
    return (
        f'<div class="tw-h"><h2>{safe(case.equipment_name)}</h2>'
        f'<span class="tw-muted">case {case.number}, {safe(case.line_name)}</span></div>'
        f"<p>{safe(case.title)}{small(safe(state))}</p>"
    )


def finding_words(finding: str, grade: str, cause: str) -> str:
    """`clearly worn (worn bearing)`."""
    known = FINDINGS[Finding(finding)] if finding in set(Finding) else finding.replace("_", " ")
    words = GRADES.get(grade, known)
    return f"{words} ({cause_label(cause)})" if cause else words


def found_panel(rows: Sequence[Found], site: SiteRow, now_us: int) -> str:
    """What was found lately. Opinions stand apart: they are never counted as truth."""
    if not rows:
        return panel("Found lately", empty("Nothing yet."))
    body = [
        (
            f"{link(row.equipment_name, 'case', case=str(row.number))}{small(safe(row.title))}",
            safe(finding_words(row.finding, row.grade, row.cause))
            + (small("with a photo") if row.photo_sha256 else ""),
            safe(row.by),
            f'<span class="tw-nw">{moment(row.at_us, site.time_zone, now_us)}</span>',
            safe(_opinions(row)),
        )
        for row in rows
    ]
    return panel("Found lately", table(("Machine", "As found", "By", "When", "Opinions"), body))


def _opinions(row: Found) -> str:
    if not row.right + row.wrong:
        return NOTHING
    return f"{row.right} of {row.right + row.wrong} thought it looks right"


def value_headline(ledger: Ledger, site: SiteRow) -> str:
    """Promised, realised and confirmed in one sentence; HTML."""
    if not ledger.rows:
        return "<b>No value is booked yet.</b> It follows the first finding after done work."
    promised, realised = (
        sum(r.promised_cents for r in ledger.rows),
        sum(r.realised_cents for r in ledger.rows),
    )
    settled = [r.settled_cents for r in ledger.rows if r.settled_cents is not None]
    return (
        f"<b>{money(realised, site.currency)} realised</b> of {money(promised, site.currency)} promised in "
        f"{plural(len(ledger.rows), 'case')}; finance has settled {len(settled)}: "
        f"{money(sum(settled), site.currency)}."
    )


def value_panel(ledger: Ledger, site: SiteRow, now_us: int) -> str:
    """The ledger, newest booking first."""
    if not ledger.rows:
        return panel("Value by case", empty("Nothing matches."))
    head = ("Case", "Found", "Promised", "Avoided", "Cost", "Realised", "Finance")
    body = [_value(row, site, now_us) for row in ledger.rows]
    return panel("Value by case", table(head, body, right=(2, 3, 4, 5)))


def _value(row: ValueRow, site: SiteRow, now_us: int) -> Sequence[str]:
    found = finding_words(row.finding, "", "") if row.finding else NOTHING
    where = safe(f"{row.line_name}, case {row.number}")
    return (
        f"{link(row.title, 'case', case=str(row.number))}{small(where)}",
        safe(found) + small(safe(row.words)),
        *(
            f'<span class="tw-nw">{money(cents, site.currency)}</span>'
            for cents in (row.promised_cents, row.avoided_cents, row.cost_cents, row.realised_cents)
        ),
        _settled(row, site, now_us),
    )


def _settled(row: ValueRow, site: SiteRow, now_us: int) -> str:
    if row.settled_cents is None:
        return '<span class="tw-muted">not settled yet</span>'
    by = f"{row.settled} by {row.settled_by}, {moment(row.settled_us, site.time_zone, now_us)}"
    amount = f'<b class="tw-nw">{money(row.settled_cents, site.currency)}</b>'
    return amount + small(safe(f"{by}: {row.settled_reason}"))


def value_csv(ledger: Ledger, site: SiteRow) -> bytes:
    """The ledger as CSV, money in whole units of the site's currency."""
    head = (
        "case", "title", "line", "found", "promised", "avoided", "cost", "realised", "how it was counted",
        "finance", "settled as", "by", "reason", "booked", "currency",
    )  # fmt: skip
    return csv_bytes(head, (_cells(row, site) for row in ledger.rows))


def _cells(r: ValueRow, site: SiteRow) -> Sequence[object]:
    whole = [c / 100 for c in (r.promised_cents, r.avoided_cents, r.cost_cents, r.realised_cents)]
    settled = "" if r.settled_cents is None else r.settled_cents / 100
    said = (r.settled, r.settled_by, r.settled_reason, instant(r.booked_us, site.time_zone), site.currency)
    return (r.number, r.title, r.line_name, r.finding, *whole, r.words, settled, *said)
