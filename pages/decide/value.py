"""The ledger: what decisions promised, what they were worth by what was found, and what finance says."""

from functools import partial

import streamlit as st

from components import outcomes as c
from components.tables import lead
from components.words import money
from domain.clock import DAY
from domain.errors import Conflict, UserFixable
from pages.filters import choice
from pages.kept import kept_line, spending
from services.desk import Desk
from services.rows.outcomes import Ledger

SPANS = {"": "Last year", "30": "Last 30 days", "90": "Last 90 days", "all": "All time"}


def render(desk: Desk) -> None:
    """Filter, sentence, table, download, and the form of those who may settle."""
    span = choice("Booked", "span", list(SPANS.items()))
    from_us = 0 if span == "all" else desk.now_us - int(span or 365) * DAY
    ledger = desk.queries.outcomes.ledger(from_us)
    st.html(lead(c.value_headline(ledger, desk.site)))
    st.html(c.value_panel(ledger, desk.site, desk.now_us))
    if ledger.rows:
        data = c.value_csv(ledger, desk.site)
        name = f"taktwise-value-{desk.site.site_id}.csv"
        st.download_button("Download as CSV", data, name, "text/csv", on_click="ignore")
    if ledger.may_settle and ledger.rows:
        _settle(desk, ledger)


def _settle(desk: Desk, ledger: Ledger) -> None:
    rows = {row.case_id: row for row in ledger.rows}
    with st.container(border=True, key="settle"):
        st.html('<div class="tw-h"><h2>Settle a value</h2></div>')
        case_id = st.selectbox(
            "Case", list(rows), format_func=lambda i: f"Case {rows[i].number}: {rows[i].title}"
        )
        row = rows[case_id]
        if st.button(f"Confirm {money(row.realised_cents, desk.site.currency)} as counted"):
            _do(desk, case_id, None, "")
        with st.form("correct", border=False):
            amount = st.number_input(
                f"Or the right amount, {desk.site.currency}", value=row.realised_cents / 100, step=10.0
            )
            about = f"why:value-{case_id}"
            reason = kept_line(desk, about, "Why (kept with the ledger)", most=500, form=True)
            if st.form_submit_button("Correct it"):
                _do(desk, case_id, round(amount * 100), reason)


def _do(desk: Desk, case_id: str, cents: int | None, reason: str) -> None:
    outcomes = desk.commands.outcomes
    try:
        if cents is None:
            outcomes.confirm_value(desk.actor, case_id)
        else:
            act = partial(outcomes.correct_value, desk.actor, case_id, cents, reason)
            spending(desk, act, f"why:value-{case_id}")()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
