"""Integration health: what is connected, what was received, and what is wrong."""

import streamlit as st

from components import connections as c
from components.messages import undelivered_panel
from components.tables import lead
from components.words import stamp
from pages.live import live
from services.desk import Desk

REFRESH_S = 2


def render(desk: Desk) -> None:
    """The sentence and the tables, drawn again while the screen is open."""
    live(desk, REFRESH_S, _draw)


def _draw(desk: Desk) -> None:
    health, site, now = desk.queries.admin.health(), desk.site, desk.now_us
    st.html(lead(c.headline(health), f"plant time {stamp(now, site.time_zone)[:16]}"))
    left, right = st.columns(2, gap="small")
    with left:
        st.html(c.workers_panel(health.workers, health.wall_us))
        st.html(c.nodes_panel(health.nodes, site, now))
        st.html(c.watermarks_panel(health.watermarks, site, now, health.wall_us))
    with right:
        st.html(c.sources_panel(health.sources))
        st.html(c.queues_panel(health.queues, health.wall_us))
        st.html(c.gaps_panel(health.gaps, health.gap_count, site, now))
    undelivered = undelivered_panel(desk.queries.policy.failed_notices(), site, now)
    if undelivered:
        st.html(undelivered)
    st.html(c.quarantine_panel(health.quarantine, health.quarantine_count, site, now))
