"""Why did we not see it? Every unplanned failure, the day before it, the verdict and the next step."""

import streamlit as st

from components import reviews as c
from components.links import link
from components.tables import empty, lead
from domain.errors import NotFound
from domain.failure_review import LABELS, NEXT_STEPS, Verdict
from pages.decide.policy import done
from pages.filters import choice
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
        state = choice(
            "State", "state", [("", "All"), ("open", "Wait for a verdict"), ("settled", "Settled")]
        )
        verdict = choice(
            "Verdict", "verdict", [("", "All verdicts"), *((v.value, LABELS[v]) for v in Verdict)]
        )
    rows = desk.queries.reviews.reviews(state, verdict) if state or verdict else every
    st.html(c.list_panel(rows, desk.site, desk.now_us))
    data = c.reviews_csv(rows, desk.site)
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
        step = st.text_area("Next step", row.next_step or NEXT_STEPS[now], max_chars=2_000, height=90)
        words = st.text_area("Why (needed when you say otherwise)", row.words, max_chars=2_000, height=90)
        pressed = st.form_submit_button("Settle")
    if pressed and done(
        lambda: desk.commands.reviews.settle(
            desk.actor, row.review_id, row.version, chosen.value, step, words
        )
    ):
        st.rerun()
