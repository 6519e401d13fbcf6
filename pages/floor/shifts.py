"""Close a shift, reopen it with a reason, and see what was corrected since."""

from collections.abc import Sequence

import streamlit as st

from auth.permissions import Permission
from components import shifts as c
from components.tables import lead, stack
from domain.errors import Conflict, UserFixable
from pages import stretch
from pages.filters import ROWS, choice, line_filter, place_of
from pages.forms import sentence
from pages.kept import kept_line, spending
from services.desk import Desk
from services.rows.kpi import Begun, ShiftRow

WHICH = [("", "All shifts"), ("open", "To close"), ("closed", "Closed")]


def render(desk: Desk) -> None:
    """The shifts of the chosen line, those of all lines together, a page at a time."""
    top = st.container()
    with st.container(horizontal=True):
        known = desk.queries.kpi.lines()
        line = line_filter(known)
        from_us, to_us, _ = stretch.choose(desk)
        which = choice("Which", "which", WHICH, width=180)
    ask = [line] if line else [key for key, _ in known], from_us, to_us
    form, table = st.container(), st.container()
    every = desk.queries.kpi.begun(*ask)
    wanted = _wanted(every, which, desk.now_us)
    first = place_of(len(wanted))
    rows = desk.queries.kpi.shifts(wanted[first : first + ROWS], to_us)
    if desk.may(Permission.CLOSE_SHIFT):
        with form:
            if _act(desk, rows):
                every = desk.queries.kpi.begun(*ask)
                wanted = _wanted(every, which, desk.now_us)
                rows = desk.queries.kpi.shifts(wanted[first : first + ROWS], to_us)
    with top:
        st.html(lead(c.headline(len(_wanted(every, "open", desk.now_us)), rows)))
    table.html(
        stack(
            c.unsure_panel(rows, desk.site),
            c.corrections_panel(rows, desk.site, desk.now_us),
            c.shifts_panel(rows, desk.site, desk.now_us),
            c.versions_panel(rows, desk.site, desk.now_us),
        )
    )
    if rows:

        def data() -> bytes:  # all of them, made when it is asked for
            return c.shifts_csv(desk.queries.kpi.shifts(wanted, to_us), desk.site)

        st.download_button("Download as CSV", data, "taktwise-shifts.csv", "text/csv", on_click="ignore")


def _wanted(every: Sequence[Begun], which: str, now_us: int) -> list[Begun]:
    """Of the shifts those that the filter asks for."""
    if which == "open":
        return [one for one in every if not one.closed and one.to_us <= now_us]
    return [one for one in every if one.closed or not which]


def _act(desk: Desk, rows: tuple[ShiftRow, ...]) -> bool:
    """One form: a shift, a few words, and what can be done with it. True when something was done."""
    ended = [r for r in rows if r.to_us <= desk.now_us and desk.may(Permission.CLOSE_SHIFT, r.line_id)]
    ended.sort(key=lambda r: (r.closed, -r.from_us))
    if not ended:
        return False
    with st.form("shift"):
        row = st.selectbox(
            "Shift",
            ended,
            format_func=lambda r: f"{c.title(r, desk.site)}, {r.line}{' (closed)' if r.closed else ''}",
            width=400,
        )
        words = kept_line(desk, "why:shift", "Note; to reopen, the reason", most=500, form=True)
        with st.container(horizontal=True):
            close = st.form_submit_button("Close shift")
            reopen = st.form_submit_button("Reopen")
    acts = desk.commands.figures
    try:
        act = acts.close_shift if close else acts.reopen_shift
        if close or reopen:
            spending(desk, lambda: act(desk.actor, row.line_id, row.from_us, words), "why:shift")()
    except (UserFixable, Conflict) as error:
        st.warning(sentence(str(error)))
        return False
    if close or reopen:
        st.success(f"{c.title(row, desk.site)} of {row.line} is {'closed' if close else 'open again'}.")
    return close or reopen
