"""The choice of the stretch that figures are for."""

import streamlit as st

NAMES = {"shift": "This shift", "yesterday": "Yesterday", "week": "Last 7 days"}


def choose_window() -> str:
    """`shift`, `yesterday` or `week`; kept in the address, so that it survives a reload and a link."""
    asked = st.query_params.get("window", "shift")
    chosen = st.segmented_control(
        "Figures for",
        list(NAMES),
        format_func=NAMES.__getitem__,
        default=asked if asked in NAMES else "shift",
        label_visibility="collapsed",
        key="window",
    )
    window = chosen or "shift"
    if window != asked:
        st.query_params["window"] = window
    return window
