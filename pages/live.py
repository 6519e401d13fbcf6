"""A part of a slow screen that draws itself again every few seconds, for whoever is signed in then."""

from collections.abc import Callable

import streamlit as st

from components.notices import notice, sentence
from domain.errors import NotSignedIn, Retryable, UserFixable
from pages import bound
from services.desk import Desk


def live(desk: Desk, seconds: float, draw: Callable[[Desk], None]) -> None:
    """Call `draw` now and every `seconds`, each time with the person's rights as they are then.

    `draw` only reads: nothing that can be typed into may be inside. When the session has ended, the
    whole screen runs again and shows the sign-in.
    """

    fresh = [desk]  # the first draw belongs to this run of the screen, which has just asked who this is

    def part() -> None:
        try:
            draw(fresh.pop() if fresh else _again(desk))
        except NotSignedIn:
            st.rerun()
        except UserFixable as error:
            st.html(notice(sentence(error), ""))
        except Retryable as error:
            st.html(notice(sentence(error), f"It is tried again in {seconds:.0f} s.", wrong=True))

    st.fragment(part, run_every=seconds)()


def _again(desk: Desk) -> Desk:
    held = bound()
    actor = held.accounts.actor(st.context.cookies.get(held.session_cookie))
    return held.open_desk(actor, desk.site)
