"""The bar on top of every screen, and the one place where a click on a link becomes a change of screen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from components.tokens import STATIC


@dataclass(frozen=True, slots=True)
class Tab:
    """A section or a screen: its word, its address, whether it is open, and a count (0: none shown)."""

    label: str
    url: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class TopBar:
    """All that the bar shows. `sites` are (id, name); with more than one, a chooser is shown.

    `own`: the person's own account is open.
    """

    tabs: Sequence[Tab]
    under: Sequence[Tab]
    person: str
    role: str
    site_id: str
    sites: Sequence[tuple[str, str]]
    own: bool = False


_MODULE = (STATIC / "topbar.js").read_text(encoding="utf-8")
_bar = st.components.v2.component("taktwise_topbar", html="<div></div>", js=_MODULE, isolate_styles=False)


def show(bar: TopBar) -> str | None:
    """Draw the bar. Returns the address that the person has just chosen by a link, or None."""
    data = {
        "tabs": [asdict(tab) for tab in bar.tabs],
        "under": [asdict(tab) for tab in bar.under],
        "person": bar.person,
        "role": bar.role,
        "site": bar.site_id,
        "sites": [list(site) for site in bar.sites],
        "own": bar.own,
    }
    result: Any = _bar(key="topbar", data=data, on_go_change=lambda: None)
    chosen = getattr(result, "go", None)
    return chosen if isinstance(chosen, str) else None


def parts_of(url: str) -> tuple[str, dict[str, str]]:
    """`/machine?id=x` -> ("machine", {"id": "x"}). Anything that leads away yields ("", {})."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return "", {}
    return parts.path.strip("/"), dict(parse_qsl(parts.query))
