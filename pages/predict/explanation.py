"""One prediction and why it is what it is."""

import streamlit as st

from components import evidence
from components.charts import trend_figure
from components.horizons import horizons_panel
from components.maturity import machine_panel
from components.risk import prediction_title
from components.tables import empty, heading, panel
from domain.prediction import PredictionStatus
from pages.live import live
from pages.predict.recomputing import recomputing
from services.desk import Desk
from services.rows.predict import PredictionView

REFRESH_S = 2
PLOT = {"displayModeBar": False, "scrollZoom": False}


def render(desk: Desk) -> None:
    """The sentence, the contributions, the sensors; or a way to ask for the explanation."""
    machine = st.query_params.get("machine", "")
    wanted = st.query_params.get("prediction", "")
    if not wanted and not machine:
        st.html(empty("Choose a machine on the risks screen to see why its risk is what it is."))
        return
    view = desk.queries.predict.prediction(wanted or desk.queries.predict.newest(machine))
    st.html(prediction_title(view, desk.site, desk.now_us))
    if view.explanation is not None:
        _explained(desk, view)
    elif view.prediction.status is PredictionStatus.SCORED:
        _unexplained(desk, view)
    note = "the warning level looks at the sentence above"
    both = horizons_panel(view.horizons, note), machine_panel(view.maturity)
    st.html(f'<div class="tw-three">{"".join(both)}</div>')
    if view.prediction.status is PredictionStatus.SCORED:
        recomputing(desk, view)


def _explained(desk: Desk, view: PredictionView) -> None:
    explanation, p = view.explanation, view.prediction
    if explanation is None:
        return
    left, right = st.columns([1, 1.15], gap="small")
    with left:
        bars = evidence.contribution_bars(explanation, p.window_to_us)
        st.html(
            panel(
                "", bars + evidence.observed_table(explanation, p.window_to_us), label="What moved the risk"
            )
        )
        with st.expander("How this was computed"):
            st.html(evidence.how_computed(explanation, p))
    with right:
        if view.trends:
            _sensors(desk, view)
        st.html(panel("", evidence.heat_table(explanation, p.window_to_us), label="By sensor and time"))


def _sensors(desk: Desk, view: PredictionView) -> None:
    p = view.prediction
    with st.container(border=True, key="sensors"):
        st.html(heading("The sensors that raised the risk most", "shaded: the window the model looked at"))
        figure = trend_figure(view.trends, (p.window_from_us, p.window_to_us), desk.site.time_zone)
        st.plotly_chart(figure, theme=None, config=PLOT, key=f"trend-{p.prediction_id}")


def _unexplained(desk: Desk, view: PredictionView) -> None:
    prediction_id = view.prediction.prediction_id
    if view.request == "waiting":
        live(desk, REFRESH_S, lambda now: _being_explained(now, prediction_id))
        return
    text = "This prediction is below the warning level, so it was not explained by itself."
    if view.request == "failed":
        text = f"It could not be explained: {view.request_detail}"
    st.html(panel("Explanation", empty(text)))
    if st.button("Ask for an explanation", key=f"ask-{prediction_id}"):
        desk.commands.explanations.ask(desk.actor, prediction_id)
        st.rerun()


def _being_explained(desk: Desk, prediction_id: str) -> None:
    view = desk.queries.predict.prediction(prediction_id)
    if view.explanation is not None or view.request == "failed":
        st.rerun()
    st.html(
        panel("Explanation", empty("Being explained. It takes some seconds; this page shows it by itself."))
    )
