"""Booked work: how busy lines and machines were and how long orders took, from what the MES booked alone."""

from datetime import timedelta

import streamlit as st

from components import booked as c
from components.links import link
from components.tables import lead
from components.words import safe
from domain.shift_calendar import at_minute, local_day
from pages.filters import choice, place
from services.desk import Desk
from services.rows.booked import BookedView

SPANS = {"": ("Last 7 days", 7), "1": ("Today", 1), "14": ("Last 14 days", 14), "30": ("Last 30 days", 30)}
WORDS = (
    "From operations and inspections of the MES alone, whatever the machines said; *Figures* has both. "
    "Time that several orders share counts once."
)


def render(desk: Desk) -> None:
    """The part of the plant named by `?id=`, else the first that the actor may see."""
    scope = place(desk)
    if not scope:
        return
    top = st.container()
    span = choice("Days", "span", [(key, words) for key, (words, _) in SPANS.items()], width=180)
    zone = desk.site.time_zone
    end = local_day(desk.now_us, zone) + timedelta(days=1)
    from_us = at_minute(end - timedelta(days=SPANS[span][1]), 0, zone)
    view = desk.queries.booked.view(scope, from_us, at_minute(end, 0, zone))
    keep = {"span": span} if span else {}
    with top:
        st.html(_crumbs(view, keep) + lead(c.headline(view)))
    st.caption(WORDS)
    st.html(c.resources_panel(view, keep))
    st.html(c.cases_panel(view, desk.site, desk.now_us))
    with st.container(horizontal=True):
        data = c.resources_csv(view)
        st.download_button("Where as CSV", data, "taktwise-booked.csv", "text/csv", on_click="ignore")
        data = c.cases_csv(view, desk.site)
        st.download_button("Orders as CSV", data, "taktwise-booked-orders.csv", "text/csv", on_click="ignore")


def _crumbs(view: BookedView, keep: dict[str, str]) -> str:
    steps = [link(name, "booked", id=one, **keep) for name, one in view.above]
    return f'<p class="tw-crumbs">{" &rsaquo; ".join([*steps, safe(view.name)])}</p>'
