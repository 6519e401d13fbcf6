"""Trust: was the advice right, how do people decide, what did nobody see coming, what is kept of people."""

import streamlit as st

from components import trust as c
from components.reviews import counts_panel
from components.set_point import moves_panel
from components.tables import lead
from services.desk import Desk


def render(desk: Desk) -> None:
    """All panels; behaviour is never shown for a few people."""
    trust = desk.queries.trust.trust()
    st.html(lead(c.headline(trust)))
    left, right = st.columns([1.5, 1], gap="small")
    with left:
        st.html(c.groups_panel(trust.rows))
    with right:
        st.html(f'<div class="tw-stack">{c.calibration_panel(trust)}{c.advice_panel(trust)}</div>')
    st.html(moves_panel(trust.moves))
    st.html(counts_panel(trust.missed))
    name = f"taktwise-trust-{desk.site.site_id}.csv"
    st.download_button("Download as CSV", c.trust_csv(trust), name, "text/csv", on_click="ignore")
    st.html(c.personal_panel())
