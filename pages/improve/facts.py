"""For each fact: where it comes from, who says it else, until when, and who may correct it."""

import streamlit as st

from components import stops as c
from components.tables import lead
from services.desk import Desk


def render(_desk: Desk) -> None:
    """The table."""
    st.html(
        lead("<b>Every figure rests on facts.</b> This is where each comes from, and who answers for it.")
    )
    st.html(c.facts_panel())
