"""The reason tree and the limits of short stops: all see them, planners and managers change them."""

import streamlit as st

from auth.permissions import Permission
from components import stops as c
from components.tables import lead
from domain.kpi import MinorModel
from domain.reasons import Reason, Tree
from pages import forms
from pages.forms import Form
from services.desk import Desk


def render(desk: Desk) -> None:
    """The tree and the limits as they are, and forms to change them."""
    shown = st.container()
    if desk.may(Permission.EDIT_REASONS, desk.site.site_id):
        left, right = st.columns(2, gap="small")
        with left:
            _reason(desk, desk.queries.stops.tree())
        with right:
            if desk.may(Permission.SET_TARGETS, desk.site.site_id):
                _limit(desk)
                _model(desk)
    with shown:
        forms.said()
        tree = desk.queries.stops.tree()
        count = sum(len(tree.leaves(group.code)) for group in tree.groups)
        said = f"<b>{count} reasons in {len(tree.groups)} groups.</b> A change holds from now on."
        st.html(lead(said))
        st.html(c.tree_panel(tree))
        st.html(c.limits_panel(desk.queries.stops.limits(), desk.site))


def _reason(desk: Desk, tree: Tree) -> None:
    options = ["", *(n.code for n in tree.nodes)]
    names = {n.code: f"{n.name}{'' if n.active else ' (off)'}" for n in tree.nodes}
    with st.container(border=True, key="plain-reason"):
        st.html('<div class="tw-h"><h2>Change or add a reason</h2></div>')
        code = st.selectbox(
            "Reason", options, format_func=lambda i: names.get(i, "A new one"), key="reason-code"
        )
        node = tree.find(code)
        groups = ["", *(n.code for n in tree.nodes if not n.parent)]
        form = Form()
        with st.form(f"reason-{code}"):
            new = code or st.text_input("Code, small letters and underscores, for ever", max_chars=40)
            name = st.text_input("Name", node.name if node else "", max_chars=40)
            parent = st.selectbox(
                "In the group",
                groups,
                groups.index(node.parent) if node else 0,
                format_func=lambda i: names.get(i, "It is a group itself"),
            )
            position = st.number_input("Place in the group", 0, 99, node.position if node else 0)
            active = st.checkbox("Can be chosen", node.active if node else True)
            form.under("", "reason", "code")
            pressed = st.form_submit_button("Save")
        if pressed:
            act, site_id = desk.commands.stops.set_reason, desk.site.site_id
            form.attempt(
                lambda: act(desk.actor, site_id, Reason(new, name.strip(), parent, int(position), active)),
                f"{name.strip()} is saved.",
            )


def _limit(desk: Desk) -> None:
    places, form = {desk.site.site_id: desk.site.name, **dict(desk.queries.stops.lines())}, Form()
    with st.form("limit"):
        st.html('<div class="tw-h"><h2>Limit of a short stop</h2></div>')
        scope = st.selectbox("For", list(places), format_func=places.__getitem__)
        seconds = st.number_input("Seconds; a shorter stop needs no reason", 10, 1_800, 300, step=10)
        form.under("seconds")
        why = form.why(desk, "stop-limit", "Why", 500)
        form.under("reason", "")
        pressed = st.form_submit_button("Set from now on")
    if pressed:
        model, since = desk.queries.stops.minor_model(), desk.now_us
        act = desk.commands.figures.set_stop_policy
        form.attempt(
            lambda: act(desk.actor, scope, int(seconds), model, since, why),
            f"From now on, stops under {seconds} s are short ({places[scope]}).",
        )


def _model(desk: Desk) -> None:
    """Where short stops count: one model for the whole site, chosen openly."""
    now, form, site = desk.queries.stops.minor_model(), Form(), desk.site
    options = list(MinorModel)
    with st.form("model"):
        st.html('<div class="tw-h"><h2>Where short stops count, for the whole plant</h2></div>')
        chosen = st.selectbox(
            "They lower", options, options.index(now), format_func=c.MODELS.__getitem__, key="minor-model"
        )
        why = form.why(desk, "stop-model", "Why (OEE stays the same, its factors change)", 500)
        form.under("reason", "")
        pressed = st.form_submit_button("Choose from now on")
    if pressed:
        act, seconds = desk.commands.figures.set_stop_policy, desk.queries.stops.limit_now(site.site_id)
        form.attempt(
            lambda: act(desk.actor, site.site_id, seconds, chosen, desk.now_us, why),
            f"From now on, short stops lower {c.MODELS[chosen]}.",
        )
