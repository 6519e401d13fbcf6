"""The plant: every line against its target, where the time went, what waits."""

import streamlit as st

from components.links import url
from components.live import live
from services.desk import Desk


def render(desk: Desk) -> None:
    """The plant, or the parts of it that the actor may see."""
    scopes = desk.queries.floor.scopes()
    for scope in scopes:
        live("overview", scope, url("overview"))
    if not scopes:
        st.info("No part of this site is open to you. Ask an administrator for access.")
