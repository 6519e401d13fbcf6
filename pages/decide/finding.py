"""What the technician found, in two taps: what it was, and the cause. The card and the tablet share it."""

import streamlit as st

from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from domain.messages import Finding
from domain.recommendation import cause_label
from pages.decide.acting import close_form
from pages.kept import kept_text
from services.commands.outcomes import SENSOR
from services.desk import Desk
from services.photos import LARGEST_BYTES
from services.rows.decide import CaseView
from services.rows.outcomes import ToFind

FIRST = {
    "It had failed": (Finding.FAILED, ""),
    "Badly worn": (Finding.DEGRADED, "severe"),
    "Clearly worn": (Finding.DEGRADED, "clear"),
    "Slightly worn": (Finding.DEGRADED, "slight"),
    "Nothing found": (Finding.NOTHING_FOUND, ""),
    "Another fault": (Finding.OTHER_FAULT, ""),
}
NO_FAULT = {"": "Nothing is wrong", SENSOR: "The sensor was wrong"}


def finding_form(desk: Desk, case: CaseView) -> None:
    """The two taps on the card."""
    st.html('<div class="tw-h"><h2>What was found?</h2></div>')
    taps(desk, desk.queries.outcomes.to_find(case.case_id))


def taps(desk: Desk, case: ToFind) -> None:
    """First tap: what was found. Second tap: the cause, the suspected one first; that records it."""
    key = f"found-{case.case_id}"
    with st.container(horizontal=True):
        for words in FIRST:
            chosen = st.session_state.get(key) == words
            if st.button(words, key=f"{key}-{words}", type="primary" if chosen else "secondary"):
                st.session_state[key] = words
                st.rerun()
    first = st.session_state.get(key)
    if first:
        _second(desk, case, *FIRST[first])


def _second(desk: Desk, case: ToFind, finding: Finding, grade: str) -> None:
    with st.expander("Photo or remark, if wanted: before the cause"):
        photo = st.file_uploader("Photo (JPEG, PNG or WebP, at most 8 MB)", ["jpg", "jpeg", "png", "webp"],
                                 key=f"photo-{case.case_id}")  # fmt: skip
        text = kept_text(desk, f"outcome:{case.case_id}", "Remark", most=500)
    causes = {cause: cause_label(cause).capitalize() for cause in (*case.causes, "unknown")}
    with st.container(horizontal=True):
        for cause, words in (NO_FAULT if finding is Finding.NOTHING_FOUND else causes).items():
            if st.button(words, key=f"cause-{case.case_id}-{cause or 'none'}"):
                data = photo.getvalue() if photo is not None and photo.size <= LARGEST_BYTES + 1 else b""
                _record(desk, case, finding, cause, grade, text, data)


def _record(
    desk: Desk, case: ToFind, finding: Finding, cause: str, grade: str, text: str, photo: bytes
) -> None:
    act_id = st.session_state.setdefault(f"act-found-{case.case_id}", new_id())
    try:
        found = desk.commands.outcomes.found
        done = found(desk.actor, case.case_id, act_id, finding, cause, grade, text, photo)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    for name in (f"found-{case.case_id}", f"act-found-{case.case_id}"):
        st.session_state.pop(name, None)
    close_form(case.case_id)
    st.toast(f"{case.equipment_name}: {done.message}")
    st.rerun()
