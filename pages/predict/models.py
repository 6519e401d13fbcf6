"""The model registry: which version advises, which challengers run in its shadow, and their gates."""

import streamlit as st

from auth.signatures import Credential
from components import models as c
from components.card import meaning
from components.tables import lead
from components.words import safe
from domain.clock import wall_us
from pages.forms import Form, said
from pages.kept import kept_line
from pages.live import live
from services.commands.models import DISMISSES, PROMOTES, ROLLS_BACK
from services.desk import Desk
from services.rows.models import ChallengerRow, RegistryView

REFRESH_S = 5


def render(desk: Desk) -> None:
    """Sentence, challengers with their gates, the versions, the cards, the record."""
    view = desk.queries.models.registry()
    said()
    st.html(lead(c.headline(view)))
    for row in view.challengers:
        _challenger(desk, view, row)
    st.html(c.versions_panel(view.versions, wall_us(), desk.site))
    data, name = c.registry_csv(view, desk.site), "taktwise-models.csv"
    st.download_button("Download as CSV", data, name, "text/csv", on_click="ignore")
    for model, champion, before in view.back if view.may_manage else ():
        _roll_back(desk, model, champion, before)
    _card(view)
    st.html(c.events_panel(view.events, desk.site))


def _challenger(desk: Desk, view: RegistryView, row: ChallengerRow) -> None:
    version = row.version
    left, right = st.columns([2.2, 1], gap="small") if view.may_manage else (st.container(), st.empty())
    with left:
        if row.asked:
            live(desk, REFRESH_S, lambda now: _waiting(now, row))
        else:
            st.html(c.gates_panel(row, desk.site))
    if not view.may_manage:
        return
    models, who, site_id = desk.commands.models, desk.actor, desk.site.site_id
    key = f"{version.name}:{version.version}"
    with right, st.container(border=True, key=f"challenger-{key}"):
        if st.button("Judge the gates anew", disabled=row.asked, key=f"ask-{key}"):
            models.ask_gates(who, site_id, version.name, version.version)
            st.rerun()
        reason = kept_line(desk, f"model:{key}", "Why")
        with st.form(f"sign-{key}", border=False, clear_on_submit=True):
            st.html(meaning(f"Signed as {who.name}. Promote: {PROMOTES} Dismiss: {DISMISSES}"))
            typed = _typed(desk)
            promote = st.form_submit_button("Sign and promote", disabled=not row.ready)
            dismiss = st.form_submit_button("Sign and dismiss")
        form, words = Form(), (who, site_id, version.name, version.version, reason, typed)
        form.under()
        if promote:
            form.attempt(lambda: models.promote(*words), f"{version.version} advises now.")
        elif dismiss:
            form.attempt(lambda: models.dismiss(*words), f"{version.version} is out of the shadow.")


def _waiting(desk: Desk, row: ChallengerRow) -> None:
    now = desk.queries.models.registry().challengers
    mine = next((one for one in now if one.version.version == row.version.version), None)
    if mine is None or not mine.asked:
        st.rerun()
    st.html(c.gates_panel(row, desk.site))


def _roll_back(desk: Desk, model: str, champion: str, before: str) -> None:
    with st.container(border=True, key=f"back-{model}"):
        st.html(f'<div class="tw-h"><h2>Go back from {safe(champion)} to {safe(before)}</h2></div>')
        reason = kept_line(desk, f"model-back:{model}", "Why")
        with st.form(f"back-sign-{model}", border=False, clear_on_submit=True):
            st.html(meaning(f"Signed as {desk.actor.name}: {ROLLS_BACK}"))
            typed = _typed(desk)
            pressed = st.form_submit_button("Sign and roll back")
        form, words = Form(), (desk.actor, desk.site.site_id, model, reason, typed)
        form.under()
        if pressed:
            form.attempt(lambda: desk.commands.models.roll_back(*words), f"{before} advises again.")


def _card(view: RegistryView) -> None:
    names = {f"{v.name} {v.version}": v for v in view.versions}
    if names:
        chosen = st.selectbox("Card of", list(names), key="model-card")
        st.html(c.card_panel(names[chosen]))


def _typed(desk: Desk) -> Credential:
    password = st.text_input("Your password", type="password", autocomplete="current-password")
    coded = desk.queries.policy.wants_code()
    return Credential(
        password, st.text_input("Code from your phone", autocomplete="one-time-code") if coded else ""
    )
