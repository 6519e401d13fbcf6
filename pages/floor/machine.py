"""A machine: what it does now, its sensors, its OEE, its risk, its maintenance."""

import streamlit as st

from components.links import link, url
from components.live import live
from components.words import safe
from domain.equipment import line_of
from services.desk import Desk


def render(desk: Desk) -> None:
    """The machine named by `?id=`."""
    unit = desk.queries.floor.node(st.query_params.get("id", ""), "unit")
    line = desk.queries.floor.node_or_none(line_of(unit.equipment_id), "line")
    above = f" &rsaquo; {link(line.name, 'line', id=line.equipment_id)}" if line else ""
    crumbs = f'<p class="tw-crumbs">{link("Plant", "overview")}{above} &rsaquo; {safe(unit.name)}</p>'
    st.html(f'{crumbs}<div class="tw-title"><h1>{safe(unit.name)}</h1></div>')
    live("machine", unit.equipment_id, url("machine", id=unit.equipment_id))
