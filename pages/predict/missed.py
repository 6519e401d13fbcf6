"""Why did we not see it? Every unplanned failure, the day before it, the verdict and the next step."""

from functools import partial

import streamlit as st

from components import reviews as c
from components.links import link
from components.tables import empty, lead
from domain.errors import NotFound
from domain.failure_review import LABELS, NEXT_STEPS, Verdict
from pages.decide.policy import done
from pages.filters import choice, page_of
from pages.kept import kept_text, spending
from services.desk import Desk
from services.rows.reviews import ReviewRow

STATES = (("", "All"), ("open", "Wait for a verdict"), ("settled", "Settled"))
VERDICTS = (("", "All verdicts"), *((one.value, LABELS[one]) for one in Verdict))


def render(desk: Desk) -> None:
    """The list, or one failure when the address names it."""
    asked = st.query_params.get("review", "")
    if asked:
        _one(desk, asked)
        return
    every = desk.queries.reviews.reviews()
    st.html(lead(c.headline(every)))
    with st.container(horizontal=True):
        state, verdict = choice("State", "state", STATES), choice("Verdict", "verdict", VERDICTS)
    rows = desk.queries.reviews.reviews(state, verdict) if state or verdict else every
    table = st.container()
    shown = page_of(rows)
    table.html(c.list_panel(shown, desk.site, desk.now_us))
    data = partial(c.reviews_csv, rows, desk.site)  # all of them, made when it is asked for
    st.download_button("Download as CSV", data, "taktwise-missed.csv", "text/csv", on_click="ignore")


def _one(desk: Desk, review_id: str) -> None:
    try:
        found = desk.queries.reviews.replay(review_id)
    except NotFound as error:
        st.html(empty(f"{str(error)[:1].upper()}{str(error)[1:]}."))
        return
    st.html(lead("<b>Why did we not see it?</b>", link("All failures", "missed")))
    left, right = st.columns([1.45, 1], gap="small")
    with left:
        st.html(c.replay_panel(found, desk.site, desk.now_us))
    with right:
        if found.row.verdict:
            st.html(c.verdict_panel(found.row, desk.site))
        if found.may_settle:
            _settle(desk, found.row)


def _settle(desk: Desk, row: ReviewRow) -> None:
    verdicts = list(Verdict)
    now = Verdict(row.verdict or row.proposed)
    with st.form("settle", border=True):
        st.markdown("**Settle it anew**" if row.verdict else "**Settle the verdict**")
        chosen = st.selectbox("Verdict", verdicts, verdicts.index(now), format_func=LABELS.__getitem__)
        about = (f"why:step-{row.review_id}", f"why:verdict-{row.review_id}")
        step = kept_text(desk, about[0], "Next step", otherwise=row.next_step or NEXT_STEPS[now], form=True)
        words = kept_text(
            desk, about[1], "Why (needed when you say otherwise)", otherwise=row.words, form=True
        )
        pressed = st.form_submit_button("Settle")
    act = desk.commands.reviews.settle
    if pressed and done(
        spending(
            desk,
            lambda: act(desk.actor, row.review_id, row.version, chosen.value, step, words),
            *about,
        )
    ):
        st.rerun()
