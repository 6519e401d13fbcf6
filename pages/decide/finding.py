"""What the technician found, in two taps: what it was, and the cause. A remark can be typed before."""

import streamlit as st

from domain.messages import Finding
from domain.recommendation import CAUSE_LABELS, cause_label
from pages.decide import changing
from pages.decide.acting import act_once
from services.desk import Desk
from services.rows.decide import CaseView

FINDINGS = {
    Finding.FAILED: "The part had failed",
    Finding.DEGRADED: "The part was worn",
    Finding.NOTHING_FOUND: "Nothing was found",
    Finding.OTHER_FAULT: "Another fault was found",
}


def finding_form(desk: Desk, case: CaseView) -> None:
    """First tap: what was found. Second tap: the cause, the probable one first; that records it."""
    chosen = f"found-{case.case_id}"
    st.html('<div class="tw-h"><h2>What was found?</h2></div>')
    with st.container(horizontal=True):
        for finding, words in FINDINGS.items():
            picked = st.session_state.get(chosen) == finding
            if st.button(f"\u2713 {words}" if picked else words, key=f"{chosen}-{finding}"):
                st.session_state[chosen] = finding
                st.rerun()
    found = st.session_state.get(chosen)
    if found is None:
        return
    typed = st.session_state.get(f"text-outcome-{case.case_id}", case.drafts.get("outcome", ""))
    st.caption(
        "Tap the cause: it is recorded at once." if found != Finding.NOTHING_FOUND else "Tap to record it."
    )
    with st.container(horizontal=True):
        for cause, words in _causes(case, found).items():
            if st.button(words, key=f"cause-{case.case_id}-{cause}"):
                _record(desk, case, found, cause, typed)
    changing.draft(desk, case, "outcome", "Remark, if there is something to say: before the cause")


def _causes(case: CaseView, found: Finding) -> dict[str, str]:
    """Buttons of the second tap, in the order in which they are probable."""
    if found == Finding.NOTHING_FOUND:
        return {"": "Nothing found, record it"}
    first = case.evidence.cause
    ordered = [first, *(c for c in CAUSE_LABELS if c not in (first, "unknown"))]
    return {c: cause_label(c).capitalize() for c in ordered if c != "unknown"} | {"": "Cause not known"}


def _record(desk: Desk, case: CaseView, found: Finding, cause: str, text: str) -> None:
    cases, who = desk.commands.cases, desk.actor
    st.session_state.pop(f"found-{case.case_id}", None)
    act_once(case, "outcome", lambda act: cases.record_outcome(who, case.case_id, act, found, cause, text))
