"""Flow: messages a second, lag and backlog; the quarantine by reason, and reading it again."""

import streamlit as st

from auth.permissions import Permission
from components import flow as c
from components.connections import quarantine_panel, source_text
from components.set_aside import why
from components.tables import lead
from components.words import plural
from pages.filters import choice
from pages.live import live
from services.desk import Desk
from services.rows.intake import ReasonRow

REFRESH_S = 5


def render(desk: Desk) -> None:
    """The drawn hour, then the quarantine with its filter."""
    live(desk, REFRESH_S, _draw)
    view, site, now = desk.queries.intake.flow(), desk.site, desk.now_us
    st.html(c.reasons_panel(view.reasons, site, now))
    by_name = {f"{row.source}:{row.reason}": row for row in view.reasons}
    options = [("", "All reasons"), *((name, _words(row)) for name, row in by_name.items())]
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = by_name.get(choice("Reason", "reason", options, width=320))
        if chosen is not None and chosen.may_again and desk.may(Permission.REPLAY_MESSAGES):
            _again(desk, chosen)
        data = c.flow_csv(view, site)
        st.download_button("Last hour as CSV", data, "taktwise-flow.csv", "text/csv", on_click="ignore")
    if chosen is not None:
        view = desk.queries.intake.flow(chosen.source, chosen.reason)
    st.html(quarantine_panel(view.messages, view.count, site, now))


def _draw(desk: Desk) -> None:
    view, site = desk.queries.intake.flow(), desk.site
    st.html(lead(c.headline(view), "wall time, drawn again every 5 s"))
    left, right = st.columns(2, gap="small")
    with left:
        st.html(c.rates_panel(view, site))
    with right:
        st.html(c.sources_panel(view))


def _words(row: ReasonRow) -> str:
    return f"{source_text(row.source)}: {why(row.source, row.reason).what.rstrip('.')} ({row.messages:,})"


def _again(desk: Desk, row: ReasonRow) -> None:
    waiting = row.whole - row.asked
    label = f"Read {plural(waiting, 'message')} again" if waiting else "They wait to be read"
    if st.button(label, disabled=not waiting):
        count = desk.commands.intake.read_again(desk.actor, desk.site.site_id, row.source, row.reason)
        st.toast(f"{plural(count, 'message')} will be read again within seconds.")
        st.rerun()
