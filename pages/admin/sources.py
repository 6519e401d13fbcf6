"""Sources and topics: which connections, devices and topics there are, and what is missing."""

import streamlit as st

from components import sources as c
from components.tables import lead, stack
from components.words import stamp
from pages.filters import choice
from services.desk import Desk

STATES = {"": "All devices", "free": "Not placed yet", "silent": "Offline or stale"}
SOURCES = {"": "All sources", "sparkplug": "Sparkplug", "json": "JSON topics"}


def render(desk: Desk) -> None:
    """Filters, the sentence, connections and topics beside the devices."""
    with st.container(horizontal=True):
        source = choice("Source", "source", list(SOURCES.items()))
        state = choice("Devices", "devices", list(STATES.items()))
    view, site, now = desk.queries.intake.sources(), desk.site, desk.now_us
    rows = [
        row
        for row in view.devices
        if source in ("", row.source)
        and (state != "free" or not row.assigned)
        and (state != "silent" or row.offline_us is not None or row.stale)
    ]
    st.html(lead(c.headline(view), f"plant time {stamp(now, site.time_zone)[:16]}"))
    left, right = st.columns([3, 2], gap="small")
    with left:
        st.html(c.devices_panel(rows, site, now))
    with right:
        connections = c.connections_panel(view.connections, view.mapping)
        st.html(stack(connections, c.topics_panel(view.topics, site, now)))
