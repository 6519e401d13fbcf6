"""One machine against its usual pattern: T2, SPE, and the sensors behind an odd hour."""

from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from auth.permissions import Permission
from components.links import link
from components.patterns import noted_panel, parts_panel
from components.spc_figures import pattern_figure
from components.tables import small
from components.words import moment, safe
from domain.clock import DAY, HOUR, micros
from domain.errors import Conflict, UserFixable
from domain.recommendation import CAUSE_LABELS, cause_label
from pages import forms
from pages.filters import choice, remember
from pages.forms import Form
from pages.kept import kept_line, spending
from services.desk import Desk
from services.rows.quality import PatternView

PLOT = {"displayModeBar": False, "scrollZoom": False}
SPANS = {"": "Last 7 days", "1": "Last 24 hours", "14": "Last 14 days"}


def render(desk: Desk) -> None:
    """The machine named by `?id=`; `?hour=` chooses the hour that is taken apart."""
    unit = st.query_params.get("id", "")
    asked = st.query_params.get("hour", "")
    forms.said()
    left, right = st.columns([5, 1], vertical_alignment="bottom")
    with right:
        days = int(choice("Stretch", "span", list(SPANS.items())) or 7)
    chosen = int(asked) if asked.isdigit() else 0
    view = desk.queries.patterns.machine(unit, desk.now_us - days * DAY, desk.now_us, chosen)
    with left:
        above = f'<p class="tw-crumbs">{link("Several sensors", "patterns")} &rsaquo; {safe(view.name)}</p>'
        st.html(f'{above}<div class="tw-title"><h1>{safe(view.name)}: usual pattern</h1></div>')
    with st.container(border=True, key="sensors"):
        if view.points:
            st.plotly_chart(pattern_figure(view, desk.site.time_zone), theme=None, config=PLOT)
        st.html(small(_frozen(view, desk)))
    _hour(view, desk)
    left, right = st.columns([3, 2], gap="small")
    with left:
        st.html(parts_panel(view, desk.site, desk.now_us))
    with right:
        st.html(noted_panel(view, desk.site, desk.now_us))
    if desk.may(Permission.MANAGE_CHARTS, unit):
        with st.expander("Freeze the usual pattern anew"):
            _freezing(desk, unit)
        with st.expander("Let hours beyond a limit open a case"):
            _opening(desk, view)


def _opening(desk: Desk, view: PatternView) -> None:
    old, causes, form = view.opens, list(CAUSE_LABELS), Form()
    with st.form("pattern-case", border=False):
        opens = st.checkbox("Two of three hours beyond a limit open a case", bool(old and old.opens_case))
        at = causes.index(old.cause) if old and old.cause in causes else causes.index("unknown")
        cause = st.selectbox("Suspected cause of that case", causes, at, format_func=cause_label)
        reason = form.why(desk, f"pattern-case-{view.equipment_id}", "Why (kept with the setting)")
        form.under("reason", "")
        pressed = st.form_submit_button("Save")
    if pressed:
        act, unit = desk.commands.charts.watch_pattern, view.equipment_id
        form.attempt(
            lambda: act(desk.actor, unit, opens_case=opens, cause=cause, reason=reason),
            "Saved: it holds for the hours to come.",
        )


def _frozen(view: PatternView, desk: Desk) -> str:
    zone, row = desk.site.time_zone, view.limits
    span = f"{moment(row.from_us, zone, desk.now_us)} to {moment(row.to_us, zone, desk.now_us)}"
    return safe(
        f"Version {row.version}, from {row.samples} hours of running, {span}, frozen by {row.frozen_by}: "
        f"{row.reason}"
    )


def _hour(view: PatternView, desk: Desk) -> None:
    """Choose an odd hour; the address remembers it."""
    odd = [p for p in view.points if p.t2 > view.t2_limit or p.spe > view.spe_limit]
    odd = sorted(odd, key=lambda p: -p.at_us)[:50]
    options = list(dict.fromkeys([*([view.chosen_us] if view.chosen_us else []), *(p.at_us for p in odd)]))
    if not options:
        return
    zone = desk.site.time_zone
    picked = st.selectbox(
        "Hour to take apart",
        options,
        format_func=lambda at: f"{moment(at - HOUR, zone, desk.now_us)} to {moment(at, zone, desk.now_us)}",
        width=300,
    )
    if picked != view.chosen_us:
        remember("hour", str(picked))
        st.rerun()


def _freezing(desk: Desk, unit: str) -> None:
    zone = ZoneInfo(desk.site.time_zone)
    today = desk.site.local(desk.now_us).date()
    with st.form("freeze-pattern", border=False):
        left, right = st.columns(2)
        first = left.date_input("From the start of", today - timedelta(days=14), format="YYYY-MM-DD")
        last = right.date_input("To the end of", today - timedelta(days=1), format="YYYY-MM-DD")
        reason = kept_line(desk, f"why:pattern-{unit}", "Why (kept with the pattern)", form=True)
        pressed = st.form_submit_button("Freeze the pattern")
    if not pressed:
        return
    from_us = micros(datetime.combine(first, time(), zone))
    to_us = micros(datetime.combine(last + timedelta(days=1), time(), zone))
    try:
        freeze = desk.commands.charts.freeze_pattern
        act = partial(freeze, desk.actor, unit, from_us, to_us, reason)
        spending(desk, act, f"why:pattern-{unit}")()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
