"""The fixed limits that watch while the AI is stopped, as a sheet that can be changed."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from components.stopping import TYPES
from components.words import metric_label
from domain.errors import UserFixable
from domain.recommendation import CAUSE_LABELS
from domain.rules import RUNNING_HOURS, Limit
from domain.telemetry import METRICS, MetricKind
from pages.predict.signing import credential
from services.desk import Desk
from services.rows.oversight import StopView

METRIC_WORDS = {
    RUNNING_HOURS: "Hours run since maintenance",
    **{name: metric_label(name) for name, spec in METRICS.items() if spec.kind is MetricKind.GAUGE},
}


def limits(desk: Desk, view: StopView) -> None:
    """A sheet, one row a limit; nothing counts until it is saved. An empty sheet: the built-in ones."""
    with st.expander("Change the limits"):
        types = {kind: TYPES.get(kind, kind) for kind in ("", *view.machine_types)}
        rows = [_row(one, types) for one in view.limits]
        edited = st.data_editor(rows, num_rows="dynamic", column_config=_columns(types), key="limits")
        with st.form("limits-sign", border=False, clear_on_submit=True):
            typed = credential(desk)
            pressed = st.form_submit_button("Sign and put these limits in force")
        if pressed:
            try:
                stated = [_limit(row, types) for row in edited]
                desk.commands.stopping.state_limits(desk.actor, desk.site.site_id, stated, typed)
            except UserFixable as error:
                st.warning(f"{str(error)[:1].upper()}{str(error)[1:]}.")
                return
            st.rerun()


def _row(limit: Limit, types: dict[str, str]) -> dict[str, Any]:
    return {
        "Machines": types.get(limit.machine_type, limit.machine_type),
        "What": METRIC_WORDS[limit.metric],
        "Not below": limit.low,
        "Not above": limit.high,
        "Minutes": limit.held_s // 60,
        "Speaks for": CAUSE_LABELS.get(limit.cause, limit.cause),
    }


def _columns(types: dict[str, str]) -> dict[str, Any]:
    column = st.column_config
    return {
        "Machines": column.SelectboxColumn(options=list(types.values()), required=True),
        "What": column.SelectboxColumn(options=list(METRIC_WORDS.values()), required=True),
        "Not below": column.NumberColumn(),
        "Not above": column.NumberColumn(),
        "Minutes": column.NumberColumn(min_value=1, max_value=480, default=30, required=True),
        "Speaks for": column.SelectboxColumn(options=list(CAUSE_LABELS.values()), required=True),
    }


def _limit(row: dict[str, Any], types: dict[str, str]) -> Limit:
    return Limit(
        machine_type=_key(types, row.get("Machines"), ""),
        metric=_key(METRIC_WORDS, row.get("What"), ""),
        low=row.get("Not below"),
        high=row.get("Not above"),
        held_s=int(row.get("Minutes") or 30) * 60,
        cause=_key(CAUSE_LABELS, row.get("Speaks for"), "unknown"),
    )


def _key(words: dict[str, str], said: Any, otherwise: str) -> str:
    keys: Iterable[str] = (key for key, label in words.items() if label == said)
    return next(iter(keys), otherwise)
