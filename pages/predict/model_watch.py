"""The watch over models: truth, drift, learning machines, and the cases of training anew."""

import streamlit as st

from components import model_watch as c
from components.maturity import site_panel
from components.tables import lead
from components.words import moment
from domain.clock import HOUR
from pages.forms import Form, said
from pages.kept import kept_line
from services.commands.model_watch import KINDS
from services.desk import Desk
from services.rows.model_watch import WatchView

NAMES = {"sensor": "a sensor was changed or moved", "tool": "a tool was changed", "other": "something else"}
HOURS = (0, 1, 2, 4, 8, 12, 24, 48, 96, 168)


def render(desk: Desk) -> None:
    """Sentence, then each model: what came, drift, learning."""
    view = desk.queries.model_watch.watch()
    said()
    st.html(lead(c.headline(view)))
    for look in view.looks:
        left, right = st.columns([1, 1], gap="small")
        with left:
            st.html(
                f'<div class="tw-stack">{c.truth_panel(look)}{c.calibration_panel(look.calibration)}</div>'
            )
        with right:
            learning = c.learning_panel(look.learning, desk.site, desk.now_us)
            st.html(f'<div class="tw-stack">{learning}{c.output_panel(look.output)}</div>')
        st.html(f'<div class="tw-stack">{c.inputs_panel(look.inputs)}{c.machines_panel(look.machines)}</div>')
        st.caption(
            f"{look.model} {look.version}, as of {moment(look.made_us, desk.site.time_zone, desk.now_us)}"
        )
    if view.looks:
        name = f"taktwise-model-watch-{desk.site.site_id}.csv"
        st.download_button("Download as CSV", c.watch_csv(view), name, "text/csv", on_click="ignore")
    st.html(site_panel(view.maturity))
    st.html(c.proposals_panel(view.proposals, desk.site, desk.now_us))
    if view.may_mark and view.machines:
        _mark(desk, view)


def _mark(desk: Desk, view: WatchView) -> None:
    with st.container(border=True, key="baseline"):
        st.html('<div class="tw-h"><h2>Say that something is new at a machine</h2></div>')
        names = dict(view.machines)
        with st.container(horizontal=True):
            machine = st.selectbox("Machine", list(names), format_func=names.__getitem__)
            kind = st.selectbox("What", KINDS, format_func=NAMES.__getitem__)
            ago = st.selectbox("When", HOURS, format_func=lambda h: f"{h} h ago" if h else "just now")
        words = kept_line(desk, "baseline", "What was changed")
        form = Form()
        form.under()
        if st.button("Learn its usual values anew", key="baseline-mark"):
            at = desk.now_us - ago * HOUR
            acts = desk.commands.model_watch
            form.attempt(
                lambda: acts.mark(desk.actor, machine, kind, at, words),
                f"{names[machine]} is learning; the list follows within an hour of plant time.",
            )
