"""Energy prices: what a kWh costs and emits, in versions, with who, from when on, and why."""

import streamlit as st

from auth.permissions import Permission
from components import prices as c
from components.tables import lead
from pages import forms
from pages.improve.price_forms import pricing
from services.desk import Desk


def render(desk: Desk) -> None:
    """The sentence, both tables, and two forms for those who may."""
    found = desk.queries.energy.prices()
    forms.said()
    st.html(lead(c.headline(found, desk.site)))
    st.html(c.tariffs_panel(found, desk.site))
    st.html(c.factors_panel(found, desk.site))
    if desk.may(Permission.MANAGE_ENERGY, desk.site.site_id):
        pricing(desk, found)
