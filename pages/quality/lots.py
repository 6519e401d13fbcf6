"""Lots: which lot of material went into which order, and what it became."""

import streamlit as st

from components import lots as c
from components.links import link
from components.tables import lead
from pages.filters import page_of, remember
from services.desk import Desk


def render(desk: Desk) -> None:
    """The lot named by `?lot=`, else the newest lots with a search."""
    lot = st.query_params.get("lot", "")
    if lot:
        _one(desk, st.query_params.get("mes", ""), lot)
    else:
        _all(desk)


def _all(desk: Desk) -> None:
    asked = st.text_input(
        "Lot, material or order", st.query_params.get("find", ""), max_chars=80, key="find-lot", width=320
    )
    remember("find", asked.strip())
    view = desk.queries.lots.lots(asked.strip())
    st.html(lead(c.headline(view)))
    st.html(c.lots_panel(page_of(view.lots), desk.site, desk.now_us))
    if view.lots:
        data = c.lots_csv(view, desk.site)
        st.download_button("Download as CSV", data, "taktwise-lots.csv", "text/csv", on_click="ignore")


def _one(desk: Desk, instance: str, lot: str) -> None:
    found, site, now = desk.queries.lots.genealogy(instance, lot), desk.site, desk.now_us
    st.html(f'<p class="tw-crumbs">{link("Lots", "lots")}</p>' + lead(c.lot_headline(found, site, now)))
    before = "No order made it: it came from outside."
    after = "No order has used it yet."
    st.html(c.steps_panel("Made by", found.made_by, "From these lots", before, site, now))
    st.html(c.steps_panel("Went into", found.went_into, "Which became", after, site, now))
