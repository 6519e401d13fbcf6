"""Shadow mode: what a model would have advised, what people did, and what came."""

import streamlit as st

from components import shadow as c
from components.tables import lead
from domain.errors import UserFixable
from pages.kept import kept_line
from pages.predict.signing import credential
from services.desk import Desk
from services.rows.oversight import ShadowView


def render(desk: Desk) -> None:
    """Sentence, comparison, download, and the switch for those who may."""
    view = desk.queries.shadow.view()
    st.html(lead(c.headline(view)))
    st.html(c.rows_panel(view.rows, desk.site, desk.now_us))
    if view.rows:
        name = f"taktwise-shadow-{desk.site.site_id}.csv"
        st.download_button(
            "Download as CSV", c.shadow_csv(view.rows, desk.site), name, "text/csv", on_click="ignore"
        )
    if view.may_set:
        _switch(desk, view)


def _switch(desk: Desk, view: ShadowView) -> None:
    since = dict(view.models)
    with st.container(border=True, key="shadow-switch"):
        model = st.selectbox("Model", list(since) or [""])
        if model not in since:
            return
        reason, on = kept_line(desk, f"why:shadow-{model}", "Why"), since[model] is None
        with st.form(f"shadow-{model}-{on}", border=False, clear_on_submit=True):
            typed = credential(desk)
            pressed = st.form_submit_button("Sign and put it into shadow" if on else "Sign and let it advise")
        if not pressed:
            return
        stopping, site_id = desk.commands.stopping, desk.site.site_id
        try:
            stopping.set_shadow(desk.actor, site_id, model, on=on, reason=reason, credential=typed)
        except UserFixable as error:
            st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
            return
    st.rerun()
