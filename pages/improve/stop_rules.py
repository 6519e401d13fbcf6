"""The reason tree and the limits of short stops: all see them, planners and managers change them."""

from collections.abc import Callable

import streamlit as st

from auth.permissions import Permission
from components import stops as c
from components.tables import lead
from domain.errors import Conflict, UserFixable
from domain.reasons import Reason, Tree
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
    with shown:
        tree = desk.queries.stops.tree()
        count = sum(len(tree.leaves(group.code)) for group in tree.groups)
        said = f"<b>{count} reasons in {len(tree.groups)} groups.</b> A change holds from now on."
        st.html(lead(said))
        st.html(c.tree_panel(tree))
        st.html(c.limits_panel(desk.queries.stops.limits(), desk.site))


def _reason(desk: Desk, tree: Tree) -> None:
    options = ["", *(n.code for n in tree.nodes)]
    names = {n.code: f"{n.name}{'' if n.active else ' (off)'}" for n in tree.nodes}
    with st.container(border=True):
        st.html('<div class="tw-h"><h2>Change or add a reason</h2></div>')
        code = st.selectbox(
            "Reason", options, format_func=lambda i: names.get(i, "A new one"), key="reason-code"
        )
        node = tree.find(code)
        groups = ["", *(n.code for n in tree.nodes if not n.parent)]
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
            if st.form_submit_button("Save"):
                _done(
                    lambda: desk.commands.stops.set_reason(
                        desk.actor,
                        desk.site.site_id,
                        Reason(new, name.strip(), parent, int(position), active),
                    )
                )


def _limit(desk: Desk) -> None:
    places = {desk.site.site_id: desk.site.name, **dict(desk.queries.stops.lines())}
    with st.form("limit"):
        st.html('<div class="tw-h"><h2>Limit of a short stop</h2></div>')
        scope = st.selectbox("For", list(places), format_func=places.__getitem__)
        seconds = st.number_input("Seconds; a shorter stop needs no reason", 10, 1_800, 300, step=10)
        why = st.text_input("Why", max_chars=500)
        if st.form_submit_button("Set from now on"):
            model, since = desk.queries.stops.minor_model(), desk.now_us
            set_policy = desk.commands.figures.set_stop_policy
            _done(lambda: set_policy(desk.actor, scope, int(seconds), model, since, why))


def _done(act: Callable[[], object]) -> None:
    try:
        act()
    except (UserFixable, Conflict) as error:
        st.error(str(error))
    else:
        st.success("Saved.")
