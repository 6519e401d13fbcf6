"""One control chart: its points, its limits and who froze them, its rules, capability."""

from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from auth.permissions import Permission
from components import quality as q
from components.links import link
from components.spc_figures import chart_figure
from components.tables import lead, stack
from components.words import safe
from domain.clock import DAY, micros
from domain.errors import Conflict, UserFixable
from pages.filters import choice
from pages.kept import kept_line, spending
from pages.live import live
from pages.quality.defining import changing
from services.desk import Desk
from services.rows.quality import ChartView

REFRESH_S = 10
PLOT = {"displayModeBar": False, "scrollZoom": False}
SPANS = {"": "Last 7 days", "1": "Last 24 hours", "14": "Last 14 days", "30": "Last 30 days"}


def render(desk: Desk) -> None:
    """The chart named by `?id=`, drawn again while it is open."""
    chart_id = st.query_params.get("id", "")
    view = _read(desk, chart_id, 1)
    crumbs = (
        f'<p class="tw-crumbs">{link("Control charts", "charts")} &rsaquo; {safe(view.equipment_name)}</p>'
    )
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with left:
        st.html(f'{crumbs}<div class="tw-title"><h1>{safe(view.chart.title)}</h1></div>')
    with right:
        span = int(choice("Stretch", "span", list(SPANS.items())) or 7)
    live(desk, REFRESH_S, lambda now: _draw(now, chart_id, span))
    data = q.chart_csv(_read(desk, chart_id, span), desk.site)
    st.download_button("Download as CSV", data, "taktwise-chart.csv", "text/csv", on_click="ignore")
    if desk.may(Permission.MANAGE_CHARTS, view.chart.equipment_id):
        with st.expander("Freeze the limits anew"):
            _freezing(desk, view)
        with st.expander("Change the rules, the tolerance, the case"):
            changing(desk, view.chart)


def _read(desk: Desk, chart_id: str, days: int) -> ChartView:
    return desk.queries.quality.chart(chart_id, desk.now_us - days * DAY, desk.now_us)


def _draw(desk: Desk, chart_id: str, days: int) -> None:
    view = _read(desk, chart_id, days)
    st.html(lead(q.chart_headline(view)))
    with st.container(border=True, key="sensors"):
        st.html(f'<p class="tw-muted tw-small">{q.chart_facts(view)}</p>{q.counted_note(view)}')
        if any(s.points for s in view.series):
            st.plotly_chart(chart_figure(view, desk.site.time_zone), theme=None, config=PLOT, key="chart")
    left, right = st.columns(2, gap="small")
    with left:
        limits = q.limits_panel(view, desk.site, desk.now_us)
        st.html(stack(q.capability_panel(view), q.odd_panel(view), limits))
    with right:
        st.html(q.breaks_panel(view, desk.site, desk.now_us))


def _freezing(desk: Desk, view: ChartView) -> None:
    zone = ZoneInfo(desk.site.time_zone)
    today = desk.site.local(desk.now_us).date()
    with st.form("freeze", border=False):
        left, right = st.columns(2)
        first = left.date_input("From the start of", today - timedelta(days=7), format="YYYY-MM-DD")
        last = right.date_input("To the end of", today - timedelta(days=1), format="YYYY-MM-DD")
        without = st.checkbox("Leave out samples that break a rule now (their cause is known)")
        about = f"why:limits-{view.chart.chart_id}"
        reason = kept_line(desk, about, "Why (kept with the limits)", form=True)
        pressed = st.form_submit_button("Freeze the limits")
    if not pressed:
        return
    from_us = micros(datetime.combine(first, time(), zone))
    to_us = min(desk.now_us, micros(datetime.combine(last + timedelta(days=1), time(), zone)))
    seen = desk.queries.quality.chart(view.chart.chart_id, from_us, to_us)
    excluded = sorted({b.at_us for b in seen.breaks}) if without else []
    try:
        freeze = partial(desk.commands.charts.freeze, desk.actor, view.chart.chart_id)
        spending(desk, lambda: freeze(from_us, to_us, reason, excluded), about)()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
