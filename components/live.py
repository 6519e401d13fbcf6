"""The live widget: a frame in which the browser draws what the server pushes."""

import streamlit as st

# A blob module has no base address, and Streamlit takes one line with a slash for a file's path.
_LOADER = """
const module = await import(location.origin + "/assets/live.js");
export default module.default;
"""
_live = st.components.v2.component(
    "taktwise_live", html='<div class="tw-live"></div>', js=_LOADER, isolate_styles=False
)


WINDOWS = ("shift", "yesterday", "week")


def live(view: str, scope: str, address: str) -> None:
    """Show a view (`overview`, `line`, `machine`) of a scope; the stream checks the right to see it.

    `address` is the screen's own; `?window=` in it chooses the stretch that the figures are for.
    """
    asked = st.query_params.get("window", "")
    window = asked if asked in WINDOWS else WINDOWS[0]
    _live(
        key=f"live-{view}-{scope}",
        data={"view": view, "scope": scope, "window": window, "url": address},
        height="content",
    )
