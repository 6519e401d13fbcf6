"""Filters that the address remembers, so that a link shows the same thing to a colleague."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

from services.desk import Desk

T = TypeVar("T")
ROWS = 50


def line_filter(lines: Sequence[tuple[str, str]]) -> str:
    """Choose a line by its name. Returns its id, or "" for all lines."""
    return choice("Line", "line", [("", "All lines"), *lines])


def place(desk: Desk) -> str:
    """The part of the plant named by `?id=`, else the first that the actor may see; "" once it is said that
    none is."""
    scope = st.query_params.get("id") or next(iter(desk.queries.floor.scopes()), "")
    if not scope:
        st.info("No part of this site is open to you. Ask an administrator for access.")
    return scope


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


def page_of(rows: Sequence[T], size: int = ROWS) -> Sequence[T]:
    """The rows of the page that the address names, with the way to the others below; all when few."""
    first = place_of(len(rows), size)
    return rows[first : first + size]


def place_of(count: int, size: int = ROWS) -> int:
    """Of `count` rows, how many lie before the page that the address names; the way to the others below."""
    last = max(0, (count - 1) // size)
    now = min(skipped(size) // size, last)
    remember("page", str(now + 1) if now else "")
    if last:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Newer", disabled=now == 0, key="page-newer"):
                remember("page", str(now) if now > 1 else "")
                st.rerun()
            if st.button("Older", disabled=now == last, key="page-older"):
                remember("page", str(now + 2))
                st.rerun()
            st.caption(f"{now * size + 1:,} to {min(count, (now + 1) * size):,} of {count:,}")
    return now * size


def skipped(size: int = ROWS) -> int:
    """How many rows lie before the page that the address names, however many there are."""
    asked = st.query_params.get("page", "")[:9]
    return size * (int(asked) - 1) if asked.isdecimal() and int(asked) > 0 else 0
