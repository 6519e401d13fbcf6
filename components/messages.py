"""Messages to people, and those that did not arrive."""

from collections.abc import Sequence

from components.links import link
from components.tables import empty, panel, small, table
from components.words import moment, plural, safe
from services.rows.approvals import NoticeRow
from services.rows.site import SiteRow


def messages_panel(rows: Sequence[NoticeRow], site: SiteRow, now_us: int) -> str:
    """What the desk told this person."""
    body = [
        (
            f'<span class="tw-nw">{moment(r.created_us, site.time_zone, now_us)}</span>',
            ("" if r.read else '<span class="tw-tag">new</span> ') + _subject(r) + small(safe(r.body)),
        )
        for r in rows
    ]
    return panel("Messages", table(("Time", "Message"), body) if body else empty("Nothing yet."))


def undelivered_panel(rows: Sequence[NoticeRow], site: SiteRow, now_us: int) -> str:
    """Messages that could not leave the desk; '' when all arrived."""
    if not rows:
        return ""
    body = [_undelivered(r, site, now_us) for r in rows]
    return panel("Messages that did not arrive", table(("Time", "Message, to", "By", "State"), body, wide=1))


def _undelivered(r: NoticeRow, site: SiteRow, now_us: int) -> Sequence[str]:
    words = "not delivered" if r.state == "failed" else "being tried again"
    tries = plural(r.attempts, "try", "tries")
    return (
        f'<span class="tw-nw">{moment(r.created_us, site.time_zone, now_us)}</span>',
        f"{_subject(r)}{small(safe(r.person))}",
        safe(r.channel),
        f'<span class="tw-high">&#9650; {words}</span>{small(f"{tries}: {safe(r.trouble)}")}',
    )


def _subject(r: NoticeRow) -> str:
    if r.case_number is None:
        return safe(r.subject)
    return link(r.subject, "case", case=str(r.case_number))
