"""Forms: an error stands under the field that it is about, and what was done is said once on top."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from domain.errors import Conflict, InvalidInput, Tampered, UserFixable
from pages.kept import kept_line
from services.desk import Desk

_SAID = "form-said"


class Form:
    """The places of one form where errors are told. Call `under` after each field, by the names that
    `InvalidInput.field` uses; whatever names no field is told at `under()`, at the end."""

    def __init__(self) -> None:
        self._places: dict[str, DeltaGenerator] = {}
        self._spend: Callable[[], None] = lambda: None

    def why(self, desk: Desk, about: str, label: str, most: int = 300) -> str:
        """The field for the reason, kept while it is typed; it empties once `attempt` has used it."""
        subject = f"why:{about}"
        self._spend = lambda: desk.commands.drafts.used(desk.actor, [subject])
        return kept_line(desk, subject, label, most=most, form=True)

    def under(self, *fields: str) -> None:
        """A place for errors about these fields."""
        place = st.empty()
        self._places |= dict.fromkeys(fields or ("",), place)

    def attempt(self, act: Callable[[], object], said: str) -> None:
        """Do it and draw the screen anew with `said` on top, or tell beside the field why not."""

        def both() -> str:
            act()
            return said

        self.attempt_saying(both)

    def attempt_saying(self, act: Callable[[], str]) -> None:
        """The same where the act itself says what it did."""
        try:
            said = act()
        except (UserFixable, Conflict, Tampered) as error:
            self.tell(error)
            return
        self._spend()
        st.session_state[_SAID] = said
        st.rerun()

    def tell(self, error: Exception) -> None:
        """Show an error where it belongs."""
        place = self._places.get(getattr(error, "field", "")) or self._places.get("")
        words = sentence(str(error))
        if place is None:
            st.error(words)
        else:
            place.error(words)


def said() -> None:
    """What the last form did, once."""
    words = st.session_state.pop(_SAID, "")
    if words:
        st.success(words)


def sentence(text: str) -> str:
    """An error as a sentence: a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")


def needed(reason: str) -> str:
    """The reason without blanks at its ends; an error beside the field where there is none."""
    if not reason.strip():
        raise InvalidInput("please write a few words", "reason")
    return reason.strip()
