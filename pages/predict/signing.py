"""The fields with which a person signs on these screens. For use within a form."""

import streamlit as st

from auth.signatures import Credential
from services.desk import Desk


def credential(desk: Desk) -> Credential:
    """The password, and the code where the person has set one up."""
    password = st.text_input("Your password", type="password", autocomplete="current-password")
    coded = desk.queries.policy.wants_code()
    return Credential(
        password, st.text_input("Code from your phone", autocomplete="one-time-code") if coded else ""
    )
