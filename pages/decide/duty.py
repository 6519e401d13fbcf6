"""Who is on duty and on call, who stands in for whom, and how messages reach oneself."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from auth.permissions import Actor, Permission
from components import policy as c
from components.links import link
from components.tables import lead
from components.words import plural
from domain.clock import HOUR, MINUTE, micros
from pages.decide import roster
from pages.decide.policy import done
from pages.kept import kept_line, spending
from services.desk import Desk


def render(desk: Desk) -> None:
    """The two lists, each with its form."""
    duties, lent = desk.queries.policy.duties(), desk.queries.policy.delegations()
    on_shift = sum(d.now and d.position == 0 for d in duties)
    unread = desk.queries.policy.unread()
    messages = link(f"{plural(unread, 'new message')}" if unread else "Messages", "messages")
    st.html(lead(f"<b>{plural(on_shift, 'person is', 'people are')} on shift.</b>", messages))
    left, right = st.columns(2, gap="small")
    with left:
        st.html(c.duty_panel(duties, desk.site, desk.now_us))
        if desk.may(Permission.MANAGE_DUTY):
            _put(desk)
            roster.from_file(desk)
            roster.change_duty(desk, duties, _dates)
            _end(
                desk,
                {d.duty_id: f"{d.person}, {d.place}" for d in duties},
                "Take off duty",
                desk.commands.policy.end_duty,
            )
    with right:
        st.html(c.delegations_panel(lent, desk.site, desk.now_us))
        if desk.may(Permission.DECIDE):
            _lend(desk)
            roster.change_delegation(desk, lent, _dates)
            mine = {d.delegation_id: f"{d.to_name} for {d.from_name}" for d in lent if d.mine}
            _end(desk, mine, "End it now", desk.commands.policy.end_delegation)


def _put(desk: Desk) -> None:
    people, places = dict(desk.queries.policy.deciders()), dict(desk.queries.policy.places())
    with st.expander("Enter somebody"), st.form("duty", border=False, clear_on_submit=True):
        person = st.selectbox("Person", list(people), format_func=people.__getitem__, index=None)
        place = st.selectbox("Place", list(places), format_func=places.__getitem__)
        chain = st.selectbox(
            "Duty", list(range(4)), format_func=lambda k: f"on call, {k}" if k else "on shift"
        )
        begin, end = _span(desk, "duty", hours=8)
        pressed = st.form_submit_button("Enter")
    if (
        pressed
        and person
        and done(lambda: desk.commands.policy.put_on_duty(desk.actor, person, place, chain, begin, end))
    ):
        st.rerun()


def _lend(desk: Desk) -> None:
    people = {k: v for k, v in desk.queries.policy.deciders() if k != desk.actor.account_id}
    places = dict(desk.queries.policy.places())
    with st.expander("Let somebody stand in for you"), st.form("lend", border=False):
        person = st.selectbox("Person", list(people), format_func=people.__getitem__, index=None)
        place = st.selectbox("Place", list(places), format_func=places.__getitem__)
        begin, end = _span(desk, "lend", hours=72)
        reason = kept_line(desk, "why:lend", "Reason", most=200, form=True)
        pressed = st.form_submit_button("Let them stand in")
    act = desk.commands.policy.delegate
    if (
        pressed
        and person
        and done(spending(desk, lambda: act(desk.actor, person, place, begin, end, reason), "why:lend"))
    ):
        st.rerun()


def _end(desk: Desk, rows: dict[str, str], words: str, act: Callable[[Actor, str], None]) -> None:
    if not rows:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(words, list(rows), format_func=rows.__getitem__, index=None, key=f"end-{words}")
        if st.button(words, disabled=chosen is None) and chosen and done(lambda: act(desk.actor, chosen)):
            st.rerun()


def _span(desk: Desk, key: str, hours: int) -> tuple[int, int]:
    """From and to, in the site's time."""
    now = desk.now_us - desk.now_us % MINUTE
    return _dates(desk, key, (now, now + hours * HOUR))


def _dates(desk: Desk, key: str, span: tuple[int, int]) -> tuple[int, int]:
    """From and to as two days and two times, in the site's time."""
    zone, found = ZoneInfo(desk.site.time_zone), []
    for label, us in zip(("From", "To"), span, strict=True):
        at = desk.site.local(us)
        left, right = st.columns(2)
        day = left.date_input(label, at.date(), key=f"{key}-{label}-day", format="YYYY-MM-DD")
        time = right.time_input(f"{label}, time", at.time(), key=f"{key}-{label}-time", step=900)
        found.append(micros(datetime.combine(day, time, tzinfo=zone)))
    return found[0], found[1]
