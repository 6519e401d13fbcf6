"""For the technician on a tablet: what was found, with two taps; a photo and a remark if wanted."""

import streamlit as st

from components import outcomes as c
from components.tables import empty, lead
from components.words import plural
from pages.decide.finding import taps
from services.desk import Desk


def render(desk: Desk) -> None:
    """Cases whose finding is missing: first tap what, second tap the cause."""
    findings = desk.queries.outcomes.findings()
    wanted = f"<b>{plural(len(findings.waiting), 'finding')} wanted.</b> Tap what you found, then the cause."
    st.html(lead(wanted if findings.waiting else "<b>No finding is missing.</b>"))
    if not findings.waiting:
        st.html(empty("When work is done on a case, it appears here."))
    with st.container(key="taps"):
        for case in findings.waiting:
            with st.container(border=True, key=f"plain-{case.case_id}"):
                st.html(c.asked(case, desk.site, desk.now_us))
                taps(desk, case)
    st.html(c.found_panel(findings.found, desk.site, desk.now_us))
    _photos(desk, [row.photo_sha256 for row in findings.found if row.photo_sha256])


def _photos(desk: Desk, hashes: list[str]) -> None:
    if hashes:
        with st.expander(f"Photos ({len(hashes)})"), st.container(horizontal=True):
            for sha256 in hashes:
                st.image(desk.queries.outcomes.photo(sha256), width=240)
