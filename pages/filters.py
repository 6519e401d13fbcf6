"""Filters that the address remembers, so that a link shows the same thing to a colleague."""

from collections.abc import Sequence

import streamlit as st


def line_filter(lines: Sequence[tuple[str, str]]) -> str:
    """Choose a line by its name. Returns its id, or "" for all lines."""
    return choice("Line", "line", [("", "All lines"), *lines])


def choice(
    label: str, name: str, options: Sequence[tuple[str, str]], *, labelled: bool = False, width: int = 240
) -> str:
    """Choose one of (value, words). The value is in the address as `name`; the first is the default."""
    words = dict(options)
    values = list(words)
    asked = st.query_params.get(name, "")
    chosen = st.selectbox(
        label,
        values,
        index=values.index(asked) if asked in words else 0,
        format_func=lambda value: words[value],
        key=f"filter-{name}",
        width=width,
        label_visibility="visible" if labelled else "collapsed",
    )
    remember(name, chosen)
    return chosen


def remember(name: str, value: str) -> None:
    """Keep a value in the address; an empty one is left out."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]
