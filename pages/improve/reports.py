"""Reports: look at one, and download it."""

import streamlit as st

from components import reports as c
from components.tables import lead, panel
from domain.reporting import Format, Kind
from pages.filters import choice
from services.desk import Desk
from services.rows.reports import Report

KINDS = [(Kind.DAY.value, "Day"), (Kind.SHIFT.value, "Shift"), (Kind.WEEK.value, "Week")]


def render(desk: Desk) -> None:
    """Filters and downloads, and the report as it would be."""
    report = _chosen(desk)
    if report is not None:
        st.html(lead(c.headline(report), c.times(report)))
        if report.provisional:
            st.html(c.provisional(report))
        if report.unsure:
            st.html(c.unsure(report))
        _charts(desk, report)
        st.html(c.tables(report))


def _chosen(desk: Desk) -> Report | None:
    """The report that the filters ask for, with its files at the right."""
    places = desk.queries.reports.places()
    if not places:
        st.info("No place is open to you here.")
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scope = choice("About", "scope", places, labelled=True)
        kind = Kind(choice("Report", "kind", KINDS, labelled=True))
        periods = desk.queries.reports.periods(scope, kind)
        if not periods:
            st.info("No shift is planned here. Choose a day or a week.")
            return None
        options = [(p.key, p.name + (" (so far)" if p.to_us > desk.now_us else "")) for p in periods]
        ended = next((p.key for p in periods if p.to_us <= desk.now_us), options[0][0])
        options.sort(key=lambda one: one[0] != ended)  # the last one that ended is the default
        period = choice("Period", "period", options, labelled=True, width=300)
        report = desk.queries.reports.report(scope, kind, period)
        for wanted in Format:
            _download(desk, report, wanted)
    return report


def _download(desk: Desk, report: Report, wanted: Format) -> None:
    def content() -> bytes:
        return desk.queries.reports.document(report, wanted).content

    name = f"{report.file_stem}.{wanted.value}"
    st.download_button(f"Download {wanted.value.upper()}", content, name, on_click="ignore", key=wanted.value)


def _charts(desk: Desk, report: Report) -> None:
    """The waterfall over the whole width, so that its words can be read; the others beside each other."""
    (title, svg), *others = desk.queries.reports.drawings(report)
    st.html(f'<div class="tw-short">{panel(title, c.drawing(svg, title))}</div>')
    if others:
        for column, (title, svg) in zip(st.columns(len(others), gap="small"), others, strict=True):
            with column:
                st.html(panel(title, c.drawing(svg, title)))
