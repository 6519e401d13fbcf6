"""Sends the browser to another address of this desk, outside Streamlit."""

import streamlit as st

from components.tokens import STATIC

_leave = st.components.v2.component("taktwise_leave", js=(STATIC / "leave.js").read_text(encoding="utf-8"))


def leave(url: str) -> None:
    """Replace the page; the present path goes along as `next`."""
    _leave(key="leave", data={"url": url}, height="content")
