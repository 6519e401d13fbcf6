"""Beside a text field: keeps what is typed, in the browser at once and on the server a moment later."""

import re
from dataclasses import dataclass

import streamlit as st

# A blob module has no base address, and Streamlit takes one line with a slash for a file's path.
_LOADER = """
const module = await import(location.origin + "/assets/drafts.js");
export default module.default;
"""
_keeper = st.components.v2.component(
    "taktwise_kept", html='<div class="tw-kept" role="status"></div>', js=_LOADER, isolate_styles=False
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A field: the key of its widget, and the draft that it writes (`POST /drafts`).

    `text` is what the field was first drawn with, `uses` how often this draft was used up before.
    """

    field: str
    account_id: str
    subject: str
    text: str
    uses: int


def keeper(kept: Kept) -> None:
    """Watch the field; say in small words below it whether its text is safe."""
    _keeper(
        key=f"keeper-{kept.field}",
        data={
            "field": re.sub(r"[^a-zA-Z0-9_-]", "-", kept.field.strip()),  # as Streamlit names the class
            "account": kept.account_id,
            "subject": kept.subject,
            "kept": kept.text,
            "uses": kept.uses,
        },
        height="content",
    )
