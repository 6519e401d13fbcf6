"""Signals: what a machine measured, from the last half hour to years, as lines or shift by shift."""

from datetime import date, timedelta

import streamlit as st

from components import signals as c
from components.links import link
from components.signal_chart import figure
from components.tables import empty, lead, small
from components.words import metric_label
from domain.clock import DAY, HOUR, MINUTE
from domain.shift_calendar import at_minute, local_day
from pages.filters import choice, remember
from services.desk import Desk
from services.rows.signals import Ask, SignalName

PLOT = {"displayModeBar": False, "scrollZoom": False}
SPANS = {
    "": ("Last 24 hours", 24 * HOUR),
    "30min": ("Last 30 minutes", 30 * MINUTE),
    "8h": ("Last 8 hours", 8 * HOUR),
    "3d": ("Last 3 days", 3 * DAY),
    "7d": ("Last 7 days", 7 * DAY),
    "30d": ("Last 30 days", 30 * DAY),
    "90d": ("Last 90 days", 90 * DAY),
    "365d": ("Last 365 days", 365 * DAY),
    "days": ("From day to day", 0),
}
USUAL = 3
MOST = 4
LABEL = "Signals, four at most"


def render(desk: Desk) -> None:
    """Filters, the sentence, the chart, the figures."""
    machines = desk.queries.signals.machines()
    if not machines:
        st.html(empty("No machine is placed here yet."))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = choice("Machine", "id", machines, labelled=True, width=260)
        names = desk.queries.signals.names(unit)
        from_us, to_us = _stretch(desk)
        by = choice(
            "Points", "by", [("", "Over time"), ("shift", "Shift by shift")], labelled=True, width=170
        )
        chosen = _signals(names)
    if not names:
        st.html(empty("This machine has sent no values yet."))
        return
    view = desk.queries.signals.view(Ask(unit, chosen, from_us, to_us, by == "shift"))
    name = dict(machines)[unit].split(", ")[-1]
    st.html(lead(c.headline(view, name), c.level_words(view)))
    if not any(series.points for series in view.series):
        st.html(empty("Nothing was heard in this stretch. Choose another one, or other signals."))
        return
    with st.container(border=True, key="signals"):
        st.plotly_chart(figure(view, desk.site.time_zone), theme=None, config=PLOT)
    st.html(c.summary_panel(view))
    data = c.signals_csv(view, desk.site)
    st.download_button("Download as CSV", data, "taktwise-signals.csv", "text/csv", on_click="ignore")
    st.html(small(f"Times in {desk.site.time_zone}. {link('The machine now', 'machine', id=unit)}"))


def _stretch(desk: Desk) -> tuple[int, int]:
    """The chosen stretch; whole minutes, so that it stands still while somebody looks."""
    options = [(key, words) for key, (words, _) in SPANS.items()]
    key = choice("Stretch", "span", options, labelled=True, width=170)
    if key != "days":
        to_us = desk.now_us - desk.now_us % MINUTE + MINUTE
        return to_us - SPANS[key][1], to_us
    zone = desk.site.time_zone
    today = local_day(desk.now_us, zone)
    first = _day("First day", "from", today - timedelta(days=6), today)
    last = max(first, _day("Last day", "to", today, today))
    return at_minute(first, 0, zone), at_minute(last + timedelta(days=1), 0, zone)


def _day(label: str, name: str, usual: date, latest: date) -> date:
    try:
        asked = min(date.fromisoformat(st.query_params.get(name, "")), latest)
    except ValueError:
        asked = usual
    chosen: date = st.date_input(label, asked, max_value=latest, key=f"filter-{name}", width=140)
    remember(name, chosen.isoformat())
    return chosen


def _signals(names: tuple[SignalName, ...]) -> tuple[str, ...]:
    """Up to four, kept in the address; the first gauges unless somebody chose."""
    known = [one.name for one in names]
    asked = [name for name in st.query_params.get("signals", "").split(",") if name in known][:MOST]
    usual = [one.name for one in names if not one.counter][:USUAL] or known[:USUAL]
    chosen: list[str] = st.multiselect(
        LABEL,
        known,
        asked or usual,
        format_func=metric_label,
        max_selections=MOST,
        key=f"filter-signals-{len(known)}-{known[:1]}",
    )
    remember("signals", "" if chosen == usual else ",".join(chosen))
    return tuple(chosen)
