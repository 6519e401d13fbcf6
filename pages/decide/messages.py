"""Messages of the desk to oneself, and where they go besides."""

import streamlit as st

from components.messages import messages_panel
from components.tables import lead
from components.words import plural
from pages.decide.policy import done
from services.desk import Desk


def render(desk: Desk) -> None:
    """The newest first; what is on the screen counts as read."""
    rows = desk.queries.policy.my_notices()
    new = sum(not r.read for r in rows)
    st.html(lead(f"<b>{plural(new, 'new message') if new else 'No new message'}.</b> The last seven days."))
    st.html(messages_panel(rows, desk.site, desk.now_us))
    if new:
        desk.commands.policy.messages_read(desk.actor)
    with st.form("contact"):
        email = st.text_input("Send them to this e-mail address too", desk.queries.policy.email())
        if st.form_submit_button("Save") and done(
            lambda: desk.commands.policy.set_contact(desk.actor, email)
        ):
            st.toast("Saved.")
