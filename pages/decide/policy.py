"""The approval policy: rules, test bench, and its changes, which another person approves."""

from collections.abc import Callable

import streamlit as st

from auth.permissions import Permission
from auth.signatures import Credential
from components import policy as c
from components.tables import lead
from domain.errors import Conflict, UserFixable
from pages.kept import kept_line, kept_text
from services.commands.drafts import LONGEST
from services.commands.policy import DRAFT, WHY
from services.desk import Desk
from services.rows.approvals import PolicyRow


def render(desk: Desk) -> None:
    """What counts now; below it what is proposed, and the form for a change."""
    policy, versions = desk.queries.policy.in_force(), desk.queries.policy.versions()
    waiting = [v for v in versions if v.state == "proposed"]
    said = (
        f"{len(waiting)} change waits for approval."
        if len(waiting) == 1
        else f"{len(waiting)} changes wait for approval."
    )
    st.html(lead(f"<b>{said if waiting else 'No change is waiting.'}</b> Who decides what, and until when."))
    for version in waiting:
        _proposed(desk, version)
    st.html(c.rules_panel(policy, desk.site))
    left, right = st.columns(2, gap="small")
    with left:
        st.html(c.limits_panel(policy, desk.site))
        st.html(c.versions_panel(versions, desk.site))
    with right:
        st.html(c.verdicts_panel(desk.queries.policy.verdicts(desk.queries.policy.content())))
    if desk.may(Permission.PROPOSE_POLICY):
        _change(desk)


def _proposed(desk: Desk, version: PolicyRow) -> None:
    st.html(c.change_panel(desk.queries.policy.content(), version.content))
    wrong = [v for v in desk.queries.policy.verdicts(version.content) if not v.ok]
    if wrong:
        st.html(c.verdicts_panel(wrong))
    if version.outdated:
        st.caption(
            f"Another version came into force after version {version.version} was proposed: it can only be "
            "refused. Whoever still wants it proposes it anew."
        )
    if not version.mine:
        st.caption(
            f"Version {version.version}, proposed by {version.proposed_by}. Another person decides about it."
        )
        return
    with st.form(f"decide-{version.policy_id}", clear_on_submit=True):
        st.caption(f"Version {version.version}, proposed by {version.proposed_by}: {version.why}")
        words = {False: "Refuse it"} if version.outdated else {True: "Put it in force", False: "Refuse it"}
        agrees = st.radio(
            "Your decision", list(words), format_func=words.__getitem__, index=None, horizontal=True
        )
        password = st.text_input("Your password", type="password", autocomplete="current-password")
        code = st.text_input("Code from your phone") if desk.queries.policy.wants_code() else ""
        pressed = st.form_submit_button("Sign")
    if pressed and agrees is None:
        st.warning("Please choose.")
    elif pressed:
        typed = Credential(password, code)
        if done(lambda: desk.commands.policy.decide(desk.actor, version.policy_id, bool(agrees), typed)):
            st.rerun()


def _change(desk: Desk) -> None:
    """The text is kept while it is written."""
    with st.expander("Propose a change"):
        now = desk.queries.policy.content()
        text = kept_text(desk, DRAFT, "Policy file", most=LONGEST, height=360, otherwise=now)
        why = kept_line(desk, WHY, "Why")
        try_it, propose = st.columns(2)
        if try_it.button("Try the scenarios"):
            try:
                st.html(c.verdicts_panel(desk.queries.policy.verdicts(text)))
            except UserFixable as error:
                st.warning(str(error))
        if propose.button("Propose") and done(lambda: desk.commands.policy.propose(desk.actor, text, why)):
            st.toast("Proposed. Another person puts it in force.")
            st.rerun()


def done(act: Callable[[], object]) -> bool:
    """Do it; on trouble one sentence on the screen."""
    try:
        act()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return False
    return True
