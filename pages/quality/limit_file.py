"""Validated limits from a file; a part of the screen of process settings."""

import streamlit as st

from components import limit_file as c
from domain.csv_file import LARGEST_BYTES, MOST_LINES
from domain.errors import UserFixable
from pages.forms import Form
from services.desk import Desk
from services.rows.process import CheckedLimits, SettingRow

HELP = (
    "CSV in UTF-8 with the columns place, product, setting, low, high, unit, validated_by; decimals with a "
    f"point, at most {MOST_LINES:,} lines and {LARGEST_BYTES // 1_000} kB. Lines without limits say nothing. "
    "The file is entered in whole, or not at all."
)


def from_file(desk: Desk, rows: tuple[SettingRow, ...]) -> None:
    """Download what there is to fill in; upload, see what would be entered and what is wrong, enter it."""
    with st.expander("Enter validated limits from a file"):
        st.caption(HELP)
        st.download_button(
            "Settings to fill in", c.limits_csv(rows), "taktwise-limits.csv", "text/csv", on_click="ignore"
        )
        file = st.file_uploader("Limits", type=["csv"], label_visibility="collapsed")
        if file is None:
            return
        content = file.getvalue()
        try:
            found = desk.commands.process.check_file(desk.actor, desk.site.site_id, content)
        except UserFixable as error:
            st.warning(str(error))
            return
        st.html(c.check_panel(found))
        new = sum(not one.known for one in found.entries)
        if new and not found.wrong:
            _enter(desk, content, found, new)


def _enter(desk: Desk, content: bytes, found: CheckedLimits, new: int) -> None:
    form, act = Form(), desk.commands.process.take_in
    with st.form("limit-file", border=False):
        why = form.why(desk, "limit-file", "Why (kept in the record of each)")
        form.under("reason", "")
        # the key holds what was shown: a press under an older preview only draws the new one
        pressed = st.form_submit_button(f"Enter {new:,} limits", key=f"enter-limits-{found.digest}")
    if pressed:
        site = desk.site.site_id
        form.attempt(
            lambda: act(desk.actor, site, content, why, read=found.digest),
            f"{new:,} limits entered from the file.",
        )
