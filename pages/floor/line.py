"""A line: its machines side by side, its orders, its constraint."""

import streamlit as st

from components.links import link, url
from components.live import live
from components.words import safe
from services.desk import Desk


def render(desk: Desk) -> None:
    """The line named by `?id=`."""
    line = desk.queries.floor.node(st.query_params.get("id", ""), "line")
    crumbs = f'<p class="tw-crumbs">{link("Plant", "overview")} &rsaquo; {safe(line.name)}</p>'
    st.html(f'{crumbs}<div class="tw-title"><h1>{safe(line.name)}</h1></div>')
    live("line", line.equipment_id, url("line", id=line.equipment_id))
