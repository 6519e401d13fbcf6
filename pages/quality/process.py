"""Process settings: what machines ran with, and the validated limits within which advice may move them."""

import streamlit as st

from auth.permissions import Permission
from components import process as c
from components.calendar import changes_panel
from components.tables import lead
from components.words import unit_text
from domain.equipment import line_of
from pages import forms
from pages.filters import choice, line_filter, page_of
from pages.forms import Form
from pages.quality import limit_file
from services.desk import Desk
from services.rows.process import SettingRow, SettingsView


def render(desk: Desk) -> None:
    """Filters, advice and the table; forms for those who keep charts and limits."""
    top = st.container()
    with st.container(horizontal=True):
        line = line_filter(desk.queries.quality.lines())
        every = desk.queries.process.settings(line)
        product = choice("Product", "product", [("", "All products"), *every.products])
    view = desk.queries.process.settings(line, product) if product else every
    with top:
        forms.said()
        st.html(lead(c.headline(view)))
    if desk.may(Permission.SEE_PREDICTIONS):
        st.html(c.advice_panel(desk.queries.process.advice(line, product), desk.site, desk.now_us))
    if desk.may(Permission.MANAGE_CHARTS) and view.rows:
        with st.expander("Enter validated limits, or take them back"):
            left, right = st.columns(2, gap="small")
            with left:
                _enter(desk, view)
            with right:
                _take_back(desk, view)
        limit_file.from_file(desk, view.rows)
    st.html(c.settings_panel(page_of(view.rows), desk.site, desk.now_us))
    st.html(changes_panel(view.changes, desk.site))


def _enter(desk: Desk, view: SettingsView) -> None:
    form, rows = Form(), {c.name_of(row): row for row in view.rows}
    with st.form("parameter-limits"):
        st.html('<div class="tw-h"><h2>Enter validated limits</h2></div>')
        chosen = st.selectbox("Setting", list(rows), index=None, placeholder="Choose")
        whole = st.checkbox("For every machine of its line", value=True)
        left, right = st.columns(2)
        low = left.number_input("Lower limit", value=None, format="%g")
        high = right.number_input("Upper limit", value=None, format="%g")
        form.under("low")
        proof = st.text_input("Validated by (number of the trial or report)", max_chars=80)
        form.under("validated_by")
        why = form.why(desk, "parameter-limits", "Why (kept in the record)")
        form.under("reason", "scope", "")
        pressed = st.form_submit_button("Enter the limits")
    if pressed and chosen and low is not None and high is not None:
        row, act = rows[chosen], desk.commands.process.set_limits
        scope = line_of(row.equipment_id) if whole else row.equipment_id
        form.attempt(
            lambda: act(desk.actor, scope, row.product_id, row.parameter, low, high, proof, why),
            f"{chosen}: {low:g} to {high:g} {unit_text(row.unit)}.",
        )


def _take_back(desk: Desk, view: SettingsView) -> None:
    form, held = Form(), dict(_places(row) for row in view.rows if row.limits is not None)
    with st.form("parameter-limits-back"):
        st.html('<div class="tw-h"><h2>Take limits back</h2></div>')
        chosen = st.selectbox(
            "Limits", list(held), index=None, placeholder="Choose" if held else "None are in force"
        )
        why = form.why(desk, "parameter-limits-back", "Why they hold no longer")
        form.under("reason", "")
        pressed = st.form_submit_button("Take back", disabled=not held)
    if pressed and chosen:
        row, act = held[chosen], desk.commands.process.take_back
        form.attempt(
            lambda: act(desk.actor, row.scope, row.product_id, row.parameter, why),
            f"{chosen}: no limits hold.",
        )


def _places(row: SettingRow) -> tuple[str, SettingRow]:
    if row.scope == row.equipment_id:
        return c.name_of(row), row
    return c.line_name_of(row), row
