"""Figures of the plant, a line or a machine over days: OEE, where the time went, losses, oddities."""

import streamlit as st

from components import kpi as c
from components.booked_scrap import scrap_csv, scrap_panel
from components.kpi_orders import orders_csv, orders_panel
from components.links import link
from components.planned_rates import rates_csv, rates_panel
from components.remarks import flags_panel, remarks_csv
from components.tables import lead
from components.words import moment, safe
from domain.equipment import line_of
from pages import stretch
from pages.filters import choice, place
from services.desk import Desk
from services.rows.kpi import Ask, KpiView


def render(desk: Desk) -> None:
    """The part of the plant named by `?id=`, else the first that the actor may see."""
    scope = place(desk)
    if not scope:
        return
    top = st.container()
    with st.container(horizontal=True):
        from_us, to_us, span = stretch.choose(desk)
        base = desk.queries.kpi.view(Ask(scope, from_us, to_us))
        shift = choice(
            "Shift", "shift", [("", "All shifts"), *((r.key, r.name) for r in base.shifts if r.key)]
        )
        product = choice(
            "Product", "product", [("", "All products"), *((r.key, r.name) for r in base.products)]
        )
    ask = Ask(scope, from_us, to_us, shift, product)
    view = desk.queries.kpi.view(ask) if shift or product else base
    with top:
        upto = f"figures up to {moment(view.upto_us, desk.site.time_zone, desk.now_us)}"
        st.html(_crumbs(desk, view) + lead(c.headline(view), upto))
    _draw(desk, view, {k: v for k, v in (("span", span), ("shift", shift), ("product", product)) if v})


def _crumbs(desk: Desk, view: KpiView) -> str:
    scope = view.ask.scope
    above = [("All figures", "")] if scope != desk.site.site_id else []
    steps_up = {"line": [("area", scope.rsplit("/", 1)[0])]}
    steps_up["unit"] = [("area", line_of(scope).rsplit("/", 1)[0]), ("line", line_of(scope))]
    for level, one in steps_up.get(view.whole.level, []):
        node = desk.queries.floor.node_or_none(one, level)
        above += [(node.name, node.equipment_id)] if node else []
    steps = [link(name, "kpi", **({"id": to} if to else {})) for name, to in above]
    return f'<p class="tw-crumbs">{" &rsaquo; ".join([*steps, safe(view.whole.name)])}</p>'


def _draw(desk: Desk, view: KpiView, keep: dict[str, str]) -> None:
    site = desk.site
    if view.areas:
        st.html(c.parts_panel("Areas", view.areas, keep))
    if view.parts:
        title = "Machines" if view.whole.level == "line" else "Lines, each at the machine that sets its pace"
        st.html(c.parts_panel(title, view.parts, keep))
    if not view.ask.product:
        st.html(c.waterfall_panel(view))
    left, right = st.columns(2, gap="small")
    with left:
        if not view.ask.product:
            st.html(c.losses_panel(view, site))
            st.html(c.big_losses_panel(view, site))
        st.html(c.trend_panel(view, site))
        if view.bottlenecks:
            st.html(c.bottlenecks_panel(view))
    with right:
        st.html(c.figures_panel(view))
        st.html(flags_panel(view, site, desk.now_us))
    st.html(c.parts_panel("By shift", view.shifts, keep) + c.parts_panel("By product", view.products, keep))
    st.html(rates_panel(view, site))
    orders = desk.queries.kpi.orders(view.ask)
    st.html(orders_panel(orders, desk.queries.kpi.kept(view.ask)))
    booked = desk.queries.kpi.booked_scrap(view.ask)
    st.html(scrap_panel(booked, site, desk.now_us))
    with st.container(horizontal=True):
        st.download_button(
            "Figures as CSV", c.figures_csv(view), "taktwise-kpi.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Remarks as CSV",
            lambda: remarks_csv(desk.queries.kpi.remarks(view.ask), site),  # read when it is asked for
            "taktwise-remarks.csv",
            "text/csv",
            on_click="ignore",
        )
        st.download_button(
            "Orders as CSV", orders_csv(orders, site), "taktwise-orders.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Booked scrap as CSV",
            scrap_csv(booked, site),
            "taktwise-booked-scrap.csv",
            "text/csv",
            on_click="ignore",
        )
        st.download_button(
            "Planned run times as CSV",
            rates_csv(view, site),
            "taktwise-planned.csv",
            "text/csv",
            on_click="ignore",
        )
