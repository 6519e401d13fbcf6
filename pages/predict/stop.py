"""The stop of the AI: its state, what happens then, the drill, the limits, and what there was."""

import streamlit as st

from components import stopping as c
from components.card import meaning
from components.tables import lead
from domain.errors import UserFixable
from pages.kept import kept_line
from pages.live import live
from pages.predict.limits import limits
from pages.predict.signing import credential
from services.commands.stopping import DRILLS, RESUMES, STOPS
from services.desk import Desk
from services.rows.oversight import StopRow, StopView

REFRESH_S = 2


def render(desk: Desk) -> None:
    """State and plan on the left, what this person can do on the right, the record below."""
    view = desk.queries.oversight.stop()
    live(desk, REFRESH_S, _sentence)
    left, right = st.columns([1.5, 1], gap="small")
    with left:
        st.html(f'<div class="tw-stack">{c.plan_panel(view)}{c.limits_panel(view)}</div>')
    with right:
        _acts(desk, view)
    if view.may_resume:
        limits(desk, view)
    live(desk, REFRESH_S, _history)
    name = f"taktwise-ai-stops-{desk.site.site_id}.csv"
    if view.history:
        data = c.history_csv(view.history, desk.site)
        st.download_button("Download as CSV", data, name, "text/csv", on_click="ignore")


def _sentence(desk: Desk) -> None:
    st.html(lead(c.headline(desk.queries.oversight.stop())))


def _history(desk: Desk) -> None:
    rows = desk.queries.oversight.stop().history
    st.html(c.history_panel(rows, desk.site, desk.now_us))


def _acts(desk: Desk, view: StopView) -> None:
    for row in view.status.under_way:
        if view.may_stop if row.drill else view.may_resume:
            _end(desk, row)
    if not view.may_stop:
        st.html(meaning("The AI is stopped by supervisors, maintenance planners, the plant manager and IT."))
        return
    if any(not row.drill and not row.model for row in view.status.under_way):
        return
    with st.container(border=True, key="ai-stop"):
        st.html('<div class="tw-h"><h2>Stop, or rehearse the stop</h2></div>')
        names = {"": "All models", **{model.name: model.name for model in view.models}}
        model = st.selectbox("Which", list(names), format_func=names.__getitem__)
        reason = kept_line(desk, f"ai-stop:{desk.site.site_id}", "Why")
        with st.form("ai-stop-sign", border=False, clear_on_submit=True):
            st.html(meaning(f"Signed as {_me(desk)}. Stop: {STOPS} Drill: {DRILLS}"))
            typed = credential(desk)
            with st.container(horizontal=True):
                stop = st.form_submit_button("Sign and stop the AI")
                drill = st.form_submit_button("Sign and start a drill")
    commands, site_id = desk.commands.stopping, desk.site.site_id
    try:
        if stop:
            commands.stop(desk.actor, site_id, model, reason, typed)
        elif drill:
            commands.drill(desk.actor, site_id, model, reason, typed)
    except UserFixable as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    if stop or drill:
        st.rerun()


def _end(desk: Desk, row: StopRow) -> None:
    what = f"{'the drill for' if row.drill else ''} {row.model or 'all models'}".strip()
    with st.container(border=True):
        title = f"End {what}" if row.drill else f"Let {what} go on"
        st.html(f'<div class="tw-h"><h2>{title}</h2></div>')
        words = "What came of it" if row.drill else "Why it may go on"
        reason = kept_line(desk, f"ai-resume:{row.stop_id}", words)
        with st.form(f"resume-{row.stop_id}", border=False, clear_on_submit=True):
            if not row.drill:
                st.html(meaning(f"Signed as {_me(desk)}: {RESUMES}"))
            typed = credential(desk)
            pressed = st.form_submit_button(
                "Sign and end the drill" if row.drill else "Sign and let it go on"
            )
    if not pressed:
        return
    try:
        desk.commands.stopping.resume(desk.actor, row.stop_id, reason, typed)
    except UserFixable as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()


def _me(desk: Desk) -> str:
    return f"{desk.actor.name} ({desk.actor.username})"
