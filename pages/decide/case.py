"""One case: the evidence, the choices, what will be sent, the decision, and its course."""

import streamlit as st

from components import card
from components.approval import people_panel
from components.choices import choices_panel
from components.course import course_panel
from components.orders import first_start, orders_panel, receipts_panel
from components.retraining import became_panel, uses_panel
from components.set_point import outcome_panel
from components.tables import empty
from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS, UNDECIDED
from pages.decide.deciding import buttons, form_is_open
from pages.live import live
from services.desk import Desk
from services.rows.decide import CaseView

REFRESH_S = 2


def render(desk: Desk) -> None:
    """The card. Header, receipts and course draw themselves again; what is typed stays untouched."""
    asked = st.query_params.get("case", "")
    if not asked.isdigit():
        st.html(empty("Choose a case in the inbox."))
        return
    number = int(asked)
    case = desk.queries.decide.case(number)
    if case.state in UNDECIDED and not case.seen:
        desk.commands.cases.seen(desk.actor, case.case_id)
        case = desk.queries.decide.case(number)
    shown = _shown(case)
    live(desk, REFRESH_S, lambda now: _head(now, number, shown))
    left, right = st.columns([1.45, 1], gap="small")
    with left:
        st.html(card.why_panel(case, desk.site, desk.now_us))
    with right:
        (_undecided if case.state in UNDECIDED else _decided)(desk, case)


def _undecided(desk: Desk, case: CaseView) -> None:
    if choices := _choices(desk, case):
        st.html(choices)
    st.html(orders_panel(case, desk.site, desk.now_us))
    live(desk, REFRESH_S, lambda now: _people(now, case.number))
    buttons(desk, case)
    live(desk, REFRESH_S, lambda now: _course(now, case.number))


def _decided(desk: Desk, case: CaseView) -> None:
    live(desk, REFRESH_S, lambda now: _receipts(now, case.number))
    live(desk, REFRESH_S, lambda now: _people(now, case.number))
    buttons(desk, case)
    live(desk, REFRESH_S, lambda now: _course(now, case.number))
    below = outcome_panel(case.moved) + card.signatures_panel(case, desk.site) + _choices(desk, case)
    if below:
        st.html(f'<div class="tw-stack">{below}</div>')


def _choices(desk: Desk, case: CaseView) -> str:
    """What there is to choose from; nothing on a case about a set point: its figures say it all."""
    if case.kind in ABOUT_SETTINGS:
        return ""
    return uses_panel(case) if case.kind in ABOUT_MODELS else choices_panel(case, desk.site, desk.now_us)


def _shown(case: CaseView) -> tuple[int, int | None, bool]:
    """What the rest of the screen rests on: the version, the proposed start, whether approving is off."""
    return case.version, first_start(case.commands), bool(case.blocked)


def _head(desk: Desk, number: int, shown: tuple[int, int | None, bool]) -> None:
    case = desk.queries.decide.case(number)
    st.html(card.case_title(case, desk.site, desk.now_us, case.approval.limit_cents))
    if (now := _shown(case)) != shown:
        if not form_is_open(case):
            st.rerun()
        if now[:2] != shown[:2]:
            st.html(card.changed_note(case))


def _course(desk: Desk, number: int) -> None:
    case = desk.queries.decide.case(number)
    st.html(course_panel(case.course, desk.site, desk.now_us))


def _receipts(desk: Desk, number: int) -> None:
    case = desk.queries.decide.case(number)
    about_model = case.kind in ABOUT_MODELS
    st.html(became_panel(case) if about_model else receipts_panel(case, desk.site, desk.now_us))


def _people(desk: Desk, number: int) -> None:
    html = people_panel(desk.queries.decide.case(number), desk.site, desk.now_us)
    if html:
        st.html(html)
