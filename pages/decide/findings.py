"""For the technician on a tablet: what was found, with two taps; a photo and a remark if wanted."""

import streamlit as st

from components import outcomes as c
from components.tables import empty, lead
from components.words import plural
from domain.errors import Conflict, UserFixable
from domain.ids import new_id
from domain.messages import Finding
from domain.recommendation import cause_label
from services.desk import Desk
from services.photos import LARGEST_BYTES
from services.rows.outcomes import ToFind

FIRST = {
    "It had failed": (Finding.FAILED, ""),
    "Badly worn": (Finding.DEGRADED, "severe"),
    "Clearly worn": (Finding.DEGRADED, "clear"),
    "Slightly worn": (Finding.DEGRADED, "slight"),
    "Nothing found": (Finding.NOTHING_FOUND, ""),
    "Another fault": (Finding.OTHER_FAULT, ""),
}
NO_FAULT = {"": "Nothing is wrong", "sensor": "The sensor was wrong"}


def render(desk: Desk) -> None:
    """Cases whose finding is missing: first tap what, second tap the cause."""
    findings = desk.queries.outcomes.findings()
    wanted = f"<b>{plural(len(findings.waiting), 'finding')} wanted.</b> Tap what you found, then the cause."
    st.html(lead(wanted if findings.waiting else "<b>No finding is missing.</b>"))
    if not findings.waiting:
        st.html(empty("When work is done on a case, it appears here."))
    with st.container(key="taps"):
        for case in findings.waiting:
            with st.container(border=True):
                st.html(c.asked(case, desk.site, desk.now_us))
                _taps(desk, case)
    st.html(c.found_panel(findings.found, desk.site, desk.now_us))
    _photo(desk, [row.photo_sha256 for row in findings.found if row.photo_sha256])


def _taps(desk: Desk, case: ToFind) -> None:
    key = f"found-{case.case_id}"
    with st.container(horizontal=True):
        for words in FIRST:
            chosen = st.session_state.get(key) == words
            if st.button(words, key=f"{key}-{words}", type="primary" if chosen else "secondary"):
                st.session_state[key] = words
                st.rerun()
    first = st.session_state.get(key)
    if first:
        _second(desk, case, first)


def _second(desk: Desk, case: ToFind, first: str) -> None:
    finding, grade = FIRST[first]
    with st.expander("Photo or remark, if wanted"):
        photo = st.file_uploader("Photo (JPEG, PNG or WebP, at most 8 MB)", ["jpg", "jpeg", "png", "webp"],
                                 key=f"photo-{case.case_id}")  # fmt: skip
        text = st.text_input("Remark", key=f"remark-{case.case_id}", max_chars=500)
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
        desk.commands.outcomes.found(desk.actor, case.case_id, act_id, finding, cause, grade, text, photo)
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    for name in (f"found-{case.case_id}", f"act-found-{case.case_id}"):
        st.session_state.pop(name, None)
    st.toast(f"Recorded for {case.equipment_name}.")
    st.rerun()


def _photo(desk: Desk, hashes: list[str]) -> None:
    if hashes:
        with st.expander(f"Photos ({len(hashes)})"), st.container(horizontal=True):
            for sha256 in hashes:
                st.image(desk.queries.outcomes.photo(sha256), width=240)
