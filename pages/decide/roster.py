"""The roster from a file, and other dates for what is entered; parts of the screen of duties."""

from collections.abc import Callable

import streamlit as st

from components import roster as c
from domain.csv_file import LARGEST_BYTES, MOST_LINES
from domain.errors import UserFixable
from pages.decide.policy import done
from services.desk import Desk
from services.rows.approvals import DelegationRow, DutyRow

Span = Callable[..., tuple[int, int]]
HELP = (
    f"CSV in UTF-8 with the columns person (user name), place, duty (on shift, on call 1 to 9), from and to "
    f"(2026-11-23 06:00, in the site's time); at most {MOST_LINES:,} lines and {LARGEST_BYTES // 1_000} kB. "
    "The file is taken in whole, or not at all."
)


def from_file(desk: Desk) -> None:
    """Upload, see what would be entered and what is wrong, take it in."""
    with st.expander("Take a roster in from a file"):
        st.caption(HELP)
        data = c.roster_csv(desk.queries.policy.roster(), desk.site)
        st.download_button("The roster as CSV", data, "taktwise-roster.csv", "text/csv", on_click="ignore")
        file = st.file_uploader("Roster", type=["csv"], label_visibility="collapsed")
        replace = st.checkbox("End what is entered for these places and days and is not in the file")
        if file is None:
            return
        content, commands = file.getvalue(), desk.commands.roster
        try:
            found = commands.check(desk.actor, desk.site.site_id, content, replace=replace)
        except UserFixable as error:
            st.warning(str(error))
            return
        st.html(c.check_panel(found, desk.site, desk.now_us))
        # the key holds what was shown: a press under an older preview only draws the new one
        words, key = f"Take in {len(found.entries)} lines", f"take-roster-{found.digest}"
        pressed = not found.wrong and st.button(words, key=key)
        if pressed and done(lambda: _take(desk, content, found.digest, replace=replace)):
            st.rerun()


def _take(desk: Desk, content: bytes, read: str, *, replace: bool) -> None:
    roster, site_id = desk.commands.roster, desk.site.site_id
    st.toast(roster.take_in(desk.actor, site_id, content, replace=replace, read=read))


def change_duty(desk: Desk, rows: tuple[DutyRow, ...], span: Span) -> None:
    """Another place in the on-call chain, or other times."""
    if not rows:
        return
    known = {row.duty_id: row for row in rows}
    with st.expander("Change an entry"):
        chosen = st.selectbox(
            "Entry", list(known), index=None, format_func=lambda key: c.duty_words(known[key], desk.site)
        )
        if chosen is None:
            return
        row = known[chosen]
        with st.form(f"move-{chosen}", border=False):
            chain = st.selectbox("Duty", list(range(10)), row.position, format_func=c.chain_words)
            begin, end = span(desk, f"move-{chosen}", (row.from_us, row.until_us))
            pressed = st.form_submit_button("Change")
        if pressed and done(lambda: desk.commands.roster.move_duty(desk.actor, chosen, chain, begin, end)):
            st.rerun()


def change_delegation(desk: Desk, rows: tuple[DelegationRow, ...], span: Span) -> None:
    """Other dates for what the person has lent."""
    known = {row.delegation_id: row for row in rows if row.lent}
    if not known:
        return
    with st.expander("Change the dates"):
        words = {key: f"{row.to_name} for you, {row.place}" for key, row in known.items()}
        chosen = st.selectbox("Who stands in", list(words), index=None, format_func=words.__getitem__)
        if chosen is None:
            return
        with st.form(f"dates-{chosen}", border=False):
            begin, end = span(desk, f"dates-{chosen}", (known[chosen].from_us, known[chosen].until_us))
            pressed = st.form_submit_button("Change")
        if pressed and done(lambda: desk.commands.roster.move_delegation(desk.actor, chosen, begin, end)):
            st.rerun()
