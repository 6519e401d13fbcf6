"""The typical day: one curve for working days and one for days off, each with its band."""

import plotly.graph_objects as go

from components.tables import csv_bytes, empty, panel, small, table
from components.tokens import FONT, INK, INK_2, INK_3, LINE_STRONG
from components.words import number, plural
from domain.load_profile import TypicalDay
from services.rows.energy import EnergyView
from services.rows.site import SiteRow

STYLES = ({"color": INK, "width": 1.6}, {"color": INK_3, "width": 1.6, "dash": "dash"})
FILLS = ("rgba(60,70,80,.14)", "rgba(60,70,80,.07)")
GRID = "#d3d8dc"


def profile_figure(view: EnergyView) -> go.Figure:
    """Median demand by the site's clock, with the band that 8 of 10 days keep to."""
    figure = go.Figure()
    for day, style, fill in zip(view.typical, STYLES, FILLS, strict=False):
        hours = [place.minute / 60 for place in day.places]
        band = [*(p.high for p in day.places), *reversed([p.low for p in day.places])]
        figure.add_trace(
            go.Scatter(x=[*hours, *reversed(hours)], y=band, fill="toself", fillcolor=fill, mode="none",
                       hoverinfo="skip", showlegend=False)
        )  # fmt: skip
        words = [f"{p.minute // 60:02d}:{p.minute % 60:02d}" for p in day.places]
        figure.add_trace(
            go.Scatter(x=hours, y=[p.median for p in day.places], mode="lines", line=style, name=day.name,
                       text=words, hovertemplate="%{text}  %{y:,.0f} kW<extra>" + day.name + "</extra>")
        )  # fmt: skip
    figure.update_xaxes(
        range=[0, 24], tickvals=list(range(0, 25, 3)), ticktext=[f"{h:02d}:00" for h in range(0, 25, 3)],
        showgrid=False, linecolor=LINE_STRONG, tickfont_size=11,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID, zeroline=False, nticks=5, rangemode="tozero", tickfont_size=11,
                        title_text="kW", title_font_size=11)  # fmt: skip
    figure.update_layout(
        height=240, margin={"l": 52, "r": 16, "t": 8, "b": 28}, hovermode="x",
        legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"},
        font={"family": FONT, "color": INK_2},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip
    return figure


def profile_panel(view: EnergyView) -> str:
    """What the curves say, in a table; a sentence where the stretch is too short."""
    if not view.typical:
        return panel(
            "Typical day", empty("Choose at least 7 days: a typical day needs two days of its kind.")
        )
    rows = [_row(day) for day in view.typical]
    head = ("", "Energy of the day, kWh", "Highest, kW", "Lowest, kW")
    return panel("Typical day", table(head, rows, right=(1, 2, 3)))


def _row(day: TypicalDay) -> tuple[str, ...]:
    low, high = min(day.places, key=lambda p: p.median), day.highest
    return (
        day.name + small(plural(day.days, "day") + " measured"),
        number(day.kwh),
        f"{high.median:,.0f}" + small(_clock(high.minute)),
        f"{low.median:,.0f}" + small(_clock(low.minute)),
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def profile_csv(view: EnergyView, site: SiteRow) -> bytes:
    """The curves; the clock is that of the site."""
    head = ("days", "quarter_hour", "time_zone", "kw_low", "kw_median", "kw_high")
    return csv_bytes(
        head,
        (
            (day.name, _clock(p.minute), site.time_zone, p.low, p.median, p.high)
            for day in view.typical
            for p in day.places
        ),
    )
