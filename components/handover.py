"""A handover: what the next shift has to know, and who signed."""

from collections.abc import Sequence

from components.links import link
from components.tables import empty, panel, small, table
from components.words import moment, plural, safe
from services.rows.care import HandoverItem, HandoverView
from services.rows.site import SiteRow

HEAD = ("What", "About", "When")


def headline(view: HandoverView, site: SiteRow, now_us: int) -> str:
    """One sentence; HTML."""
    if not view.shift_end_us:
        return "<b>No shift runs on this line now.</b>"
    until = moment(view.shift_end_us, site.time_zone, now_us)
    name = f"{safe(view.shift_name)} ends {until}. " if view.shift_name else f"The shift ends {until}. "
    said = {
        "open": f"{plural(len(view.items), 'thing')} to hand over, not signed yet.",
        "signed": f"Signed by {safe(view.outgoing)}; the next shift has not accepted it yet.",
        "accepted": f"Handed over by {safe(view.outgoing)}, accepted by {safe(view.incoming)}.",
    }
    return f"<b>{safe(view.place)}.</b> {name}{said[view.state]}"


def handover_panel(view: HandoverView, site: SiteRow, now_us: int, title: str = "Handover") -> str:
    """The things to know, the remarks, the signatures."""
    rows = [_row(item, site, now_us) for item in view.items]
    body = table(HEAD, rows, wide=1) if rows else empty("Nothing is open on this line.")
    if view.remarks:
        body += f'<p class="tw-gap"><b>Remarks:</b> {safe(view.remarks)}</p>'
    return panel(title, body + _signatures(view, site, now_us), plural(len(rows), "thing"))


def _row(item: HandoverItem, site: SiteRow, now_us: int) -> Sequence[str]:
    text = safe(item.text)
    if item.case_number is not None:
        text = link(item.text, "case", case=str(item.case_number)) + small(f"case {item.case_number}")
    when = f'<span class="tw-nw">{moment(item.at_us, site.time_zone, now_us)}</span>'
    return f'<span class="tw-nw">{safe(item.kind)}</span>', text, when


def _signatures(view: HandoverView, site: SiteRow, now_us: int) -> str:
    if not view.outgoing:
        return ""
    said = f"Handed over by <b>{safe(view.outgoing)}</b> {moment(view.signed_us, site.time_zone, now_us)}"
    if view.incoming:
        said += (
            f"; taken over by <b>{safe(view.incoming)}</b> {moment(view.accepted_us, site.time_zone, now_us)}"
        )
    return f'<p class="tw-small tw-gap">{said}. Record {safe(view.content_hash[:16])}.</p>'
