"""Text fields that lose nothing: not by a lost connection, a reload, or a screen that draws itself anew."""

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from components.kept import Kept, keeper
from domain.drafts import known
from domain.errors import UserFixable
from services.desk import Desk


def kept_text(
    desk: Desk, subject: str, label: str, *, most: int = 2_000, height: int = 90, otherwise: str = "",
    form: bool = False,
) -> str:  # fmt: skip
    """A text field whose content is kept while it is typed, under a subject such as `outcome:<case id>`.

    `otherwise` stands in it while nothing is kept. The act that uses the text empties the field. Within a
    form (`form`) the text reaches the screen when the form is sent; the browser keeps it all the same. Such a
    form is not cleared when it is sent: its words are there until an act has used them.
    """

    def draw(shown: str, key: str, keep: Callable[[], None] | None) -> str:
        return st.text_area(label, shown, key=key, max_chars=most, height=height, on_change=keep)

    return _kept(desk, subject, otherwise, draw, form=form)


def kept_line(desk: Desk, subject: str, label: str, *, most: int = 300, form: bool = False) -> str:
    """The same for one line of text."""

    def draw(shown: str, key: str, keep: Callable[[], None] | None) -> str:
        return st.text_input(label, shown, key=key, max_chars=most, on_change=keep)

    return _kept(desk, subject, "", draw, form=form)


def spending(desk: Desk, act: Callable[[], object], *subjects: str) -> Callable[[], None]:
    """The act, and then these texts forgotten; nothing is forgotten when it fails."""

    def do() -> None:
        act()
        desk.commands.drafts.used(desk.actor, subjects)

    return do


def _kept(
    desk: Desk,
    subject: str,
    otherwise: str,
    draw: Callable[[str, str, Callable[[], None] | None], str],
    *,
    form: bool,
) -> str:
    if not known(subject):
        raise ValueError(f"name the kind of {subject!r} in domain.drafts")
    draft = desk.commands.drafts.load(desk.actor, subject)
    key, shown = f"text-{subject}-{draft.uses}", draft.content or otherwise

    def keep() -> None:  # what cannot be kept is told beside the field, by static/drafts.js
        with suppress(UserFixable):
            desk.commands.drafts.save(desk.actor, subject, st.session_state[key], draft.uses)

    with st.container(gap=None):
        text = draw(shown, key, None if form else keep)
        keeper(Kept(key, desk.actor.account_id, subject, shown, draft.uses))
    return text
