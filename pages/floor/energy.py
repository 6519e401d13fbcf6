"""Energy: load by quarter hour, cost, base load, and what each line or machine uses for a good part."""

import streamlit as st

from components import energy as c
from components import load_profile
from components.links import link
from components.tables import empty, lead, small, stack
from domain.clock import DAY
from domain.energy import QUARTER_US
from pages.filters import choice, line_filter
from services.desk import Desk
from services.rows.energy import EnergyView

PLOT = {"displayModeBar": False, "scrollZoom": False}
SPANS = {"": "Last 24 hours", "7": "Last 7 days", "14": "Last 14 days", "30": "Last 30 days"}


def render(desk: Desk) -> None:
    """Filters, the sentence, the load, the table."""
    with st.container(horizontal=True):
        line = line_filter(desk.queries.quality.lines())
        days = int(choice("Stretch", "span", list(SPANS.items())) or 1)
    now = desk.now_us - desk.now_us % QUARTER_US
    view = desk.queries.energy.view(line, now - days * DAY, now)
    if view is None:
        st.html(empty("No machine is placed here yet."))
        return
    st.html(lead(c.energy_headline(view, desk.site, desk.now_us), c.missing(view)))
    left, right = st.columns([2, 1], gap="small")
    with left, st.container(border=True, key="sensors"):
        st.html(
            '<p class="tw-muted tw-small">Demand by quarter hour; dotted where a gap was filled evenly</p>'
        )
        st.plotly_chart(c.load_figure(view, desk.site.time_zone), theme=None, config=PLOT)
    with right:
        st.html(c.facts_panel(view, desk.site, desk.now_us))
    typical(view, desk)
    rows, resets = (draw(view, desk.site, desk.now_us) for draw in (c.rows_panel, c.resets_panel))
    st.html(stack(rows, resets))
    data = c.energy_csv(view, desk.site)
    st.download_button("Download as CSV", data, "taktwise-energy.csv", "text/csv", on_click="ignore")
    st.html(small(link("Energy prices: every tariff and emission factor", "prices")))


def typical(view: EnergyView, desk: Desk) -> None:
    """Working days beside days off, with their bands."""
    if not view.typical:
        st.html(load_profile.profile_panel(view))
        return
    left, right = st.columns([2, 1], gap="small")
    with right:
        st.html(load_profile.profile_panel(view))
    with left, st.container(border=True, key="typical"):
        st.html(
            '<p class="tw-muted tw-small">Typical day: the median of each quarter hour; shaded is where 8 of'
            " 10 days lie</p>"
        )
        st.plotly_chart(load_profile.profile_figure(view), theme=None, config=PLOT)
    data = load_profile.profile_csv(view, desk.site)
    with right:
        name = "taktwise-typical-day.csv"
        st.download_button("Typical day as CSV", data, name, "text/csv", on_click="ignore")
