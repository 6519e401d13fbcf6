"""Define a control chart, or change its rules and its tolerance."""

from dataclasses import replace
from functools import partial

import streamlit as st

from components.words import metric_label
from domain.clock import HOUR, MINUTE
from domain.errors import Conflict, UserFixable
from domain.recommendation import CAUSE_LABELS, cause_label
from domain.spc.model import ATTRIBUTES, KIND_LABELS, SUBGROUPED, WEIGHTED, Kind, Weights
from domain.spc.rules import RULE_LABELS, WESTERN_ELECTRIC, Rule
from domain.telemetry import METRICS, MetricKind
from pages.kept import kept_line, spending
from services.desk import Desk
from services.spc.definition import BETWEEN, METRIC, QUALITY, WITHIN, Chart

EVERY = {15 * MINUTE: "15 min", HOUR: "1 h", 2 * HOUR: "2 h", 8 * HOUR: "8 h"}
SPREADS = {
    WITHIN: "within samples (the usual way)",
    BETWEEN: "between samples (values that drift on purpose)",
}
GAUGES = [name for name, spec in METRICS.items() if spec.kind is MetricKind.GAUGE]


def defining(desk: Desk) -> None:
    """A form for a new chart. The limits are frozen on the chart's own screen."""
    machines = dict(desk.queries.decide.machines())
    words = {kind.value: label for kind, label in KIND_LABELS.items()}
    kind = Kind(st.selectbox("Kind of chart", list(words), format_func=words.__getitem__, key="new-kind"))
    with st.form("new-chart", border=False):
        machine = st.selectbox(
            "Machine", list(machines), index=None, format_func=machines.__getitem__, placeholder="Choose"
        )
        title = st.text_input("Title", max_chars=120)
        metric = ""
        if kind not in ATTRIBUTES:
            metric = st.selectbox("Value", GAUGES, format_func=metric_label)
        size = st.number_input("Values in a sample", 2, 25, 5) if kind in SUBGROUPED else 1
        every = st.selectbox("A sample stands for", list(EVERY), index=1, format_func=EVERY.__getitem__)
        spread = st.selectbox("Spread from", list(SPREADS), format_func=SPREADS.__getitem__)
        rules = rules_field(WESTERN_ELECTRIC)
        weights = weights_field(kind, Weights())
        reason = kept_line(desk, "why:chart-new", "Why (kept with the chart)", form=True)
        pressed = st.form_submit_button("Define the chart")
    if not pressed:
        return
    if machine is None:
        st.warning("Please choose a machine.")
        return
    source = QUALITY if kind in ATTRIBUTES else METRIC
    try:
        chart = Chart(
            "", machine, title, kind, source, metric, subgroup_size=int(size), every_us=every,
            spread=spread, rules=tuple(rules),
            weights=Weights(**weights),
        )  # fmt: skip
        act = partial(desk.commands.charts.define, desk.actor, chart, reason)
        spending(desk, act, "why:chart-new")()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.success("The chart is defined. Its first samples appear within a minute; then freeze its limits.")


def rules_field(chosen: tuple[Rule, ...]) -> list[Rule]:
    """Choose the rules that speak."""
    picked: list[Rule] = st.multiselect(
        "Rules", list(Rule), [Rule(r) for r in chosen], format_func=RULE_LABELS.__getitem__
    )
    return picked


def weights_field(kind: Kind, old: Weights) -> dict[str, float]:
    """The settings of a weighted chart, in sigmas of the plotted value; nothing for other charts."""
    if kind not in WEIGHTED:
        return {}
    left, right = st.columns(2)
    if kind is Kind.EWMA:
        weight = left.number_input("Weight of the newest sample (lambda)", 0.01, 1.0, old.ewma_lambda, 0.05)
        width = right.number_input("Limits at so many sigmas", 0.5, 10.0, old.ewma_width, 0.1)
        return {"ewma_lambda": weight, "ewma_width": width}
    slack = left.number_input("Slack, in sigmas", 0.0, 5.0, old.cusum_slack, 0.1)
    decision = right.number_input("Limit at so many sigmas", 0.5, 20.0, old.cusum_decision, 0.5)
    return {"cusum_slack": slack, "cusum_decision": decision}


def changing(desk: Desk, chart: Chart) -> None:
    """Switch rules, state a tolerance, say whether a broken rule opens a case."""
    with st.form("change-chart", border=False):
        rules = rules_field(chart.rules)
        left, right = st.columns(2)
        low = left.number_input("Tolerance, lower", value=chart.tolerance_low, format="%g")
        high = right.number_input("Tolerance, upper", value=chart.tolerance_high, format="%g")
        weights = weights_field(chart.kind, chart.weights)
        opens = st.checkbox("A broken rule opens a case (one per machine and cause)", chart.opens_case)
        causes = list(CAUSE_LABELS)
        at = causes.index(chart.cause) if chart.cause in causes else len(causes) - 1
        cause = st.selectbox("Suspected cause of that case", causes, at, format_func=cause_label)
        active = st.checkbox("In use", chart.active)
        about = f"why:chart-{chart.chart_id}"
        reason = kept_line(desk, about, "Why (kept with the chart)", form=True)
        pressed = st.form_submit_button("Save a new version")
    if not pressed:
        return
    try:
        changed = replace(
            chart, rules=tuple(rules), tolerance_low=low, tolerance_high=high, opens_case=opens, cause=cause,
            active=active, weights=replace(chart.weights, **weights),
        )  # fmt: skip
        spending(desk, partial(desk.commands.charts.define, desk.actor, changed, reason), about)()
    except (UserFixable, Conflict) as error:
        st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    st.rerun()
