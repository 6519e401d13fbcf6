"""The part of an explanation's screen that has a prediction computed again, and shows what came out."""

import streamlit as st

from components.recomputed import WAITING, verdict
from components.tables import empty, panel
from domain.clock import wall_us
from pages.live import live
from services.desk import Desk
from services.rows.predict import PredictionView

REFRESH_S = 2
TITLE = "Does it still come out the same?"


def recomputing(desk: Desk, view: PredictionView) -> None:
    """The answer of last time, and the button; while it is being computed, the wait."""
    if view.again is not None and view.again.state == "waiting":
        live(desk, REFRESH_S, lambda now: _waiting(now, view.prediction.prediction_id))
        return
    st.html(panel(TITLE, verdict(view.prediction, view.again, desk.site.time_zone, wall_us())))
    if st.button("Compute this prediction again", key=f"again-{view.prediction.prediction_id}"):
        desk.commands.explanations.recompute(desk.actor, view.prediction.prediction_id)
        st.rerun()


def _waiting(desk: Desk, prediction_id: str) -> None:
    again = desk.queries.predict.prediction(prediction_id).again
    if again is None or again.state != "waiting":
        st.rerun()
    st.html(panel(TITLE, empty(WAITING)))
