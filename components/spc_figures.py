"""Control charts and multivariate charts as Plotly figures. Orange and a triangle mark what is abnormal."""

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.tokens import FONT, HIGH, INK_2, INK_3, LINE_STRONG
from components.words import local, number, safe, unit_text
from domain.spc.model import Kind, Series
from domain.spc.rules import RULE_LABELS
from services.rows.quality import ChartView, PatternView

GRID = "#d3d8dc"


def chart_figure(view: ChartView, zone: str) -> go.Figure:
    """The series of a chart under each other, with lines, limits, phase I shaded and breaks marked."""
    shown = [s for s in view.series if s.points]
    titles = [f"{s.name}{_unit(view)}" for s in shown]
    weights = [1.0, 0.55][: len(shown)]
    figure = make_subplots(
        rows=max(1, len(shown)), cols=1, shared_xaxes=True, vertical_spacing=0.11, subplot_titles=titles,
        row_heights=weights if shown else None,
    )  # fmt: skip
    for row, series in enumerate(shown, start=1):
        _lines(figure, series, row, zone)
        _values(figure, view, series, row, zone)
    if view.limits and shown:
        first, last = shown[0].points[0].at_us, view.limits.to_us
        if last > first:
            edges = [_at(max(first, view.limits.from_us), zone), _at(last, zone)]
            figure.add_vrect(x0=edges[0], x1=edges[1], fillcolor=INK_3, opacity=0.07, line_width=0)
    return _calm(figure, 120 + 190 * len(shown))


def _unit(view: ChartView) -> str:
    if view.chart.kind is Kind.CUSUM:
        return ", in sigmas"
    if view.chart.kind is Kind.P:
        return ", % of parts"
    return f", {unit_text(view.unit)}" if unit_text(view.unit) else ""


def _at(us: int, zone: str) -> datetime:
    return local(us, zone).replace(tzinfo=None)


def _scale(view: ChartView) -> float:
    return 100.0 if view.chart.kind is Kind.P else 1.0


def _lines(figure: go.Figure, series: Series, row: int, zone: str) -> None:
    times = [_at(p.at_us, zone) for p in series.points]
    factor = 100.0 if series.name == "Share" else 1.0
    for values, dash in (
        ([p.center * factor for p in series.points], "solid"),
        ([p.upper * factor for p in series.points], "dash"),
        ([p.lower * factor for p in series.points], "dash"),
    ):
        line = {
            "color": LINE_STRONG if dash == "solid" else INK_3,
            "width": 1.1,
            "dash": dash,
            "shape": "hvh",
        }
        figure.add_trace(
            go.Scatter(x=times, y=values, mode="lines", line=line, hoverinfo="skip"), row=row, col=1
        )
        figure.add_annotation(
            x=1.0, xref="x domain", xanchor="left", xshift=4, y=values[-1], text=number(values[-1]),
            showarrow=False, font={"size": 11, "color": INK_2}, row=row, col=1,
        )  # fmt: skip


def _values(figure: go.Figure, view: ChartView, series: Series, row: int, zone: str) -> None:
    factor = _scale(view)
    broken: dict[int, list[str]] = {}
    for one in view.breaks:
        if one.series == series.name:
            broken.setdefault(one.index, []).append(RULE_LABELS[one.rule])
    left_out = set(view.limits.excluded) if view.limits else set()
    points = series.points
    figure.add_trace(
        go.Scatter(
            x=[_at(p.at_us, zone) for p in points],
            y=[p.value * factor for p in points],
            mode="lines+markers",
            line={"color": INK_2, "width": 1.2},
            marker={
                "size": [9 if i in broken else 5 for i in range(len(points))],
                "color": [HIGH if i in broken else INK_2 for i in range(len(points))],
                "symbol": [
                    "triangle-up" if i in broken else "x" if p.at_us in left_out else "circle"
                    for i, p in enumerate(points)
                ],
            },
            text=["<br>".join(map(safe, broken.get(i, []))) for i in range(len(points))],
            hovertemplate="%{x|%d %b %H:%M}  %{y:.4g}<br>%{text}<extra></extra>",
        ),
        row=row,
        col=1,
    )


def pattern_figure(view: PatternView, zone: str) -> go.Figure:
    """T2 and SPE over time against their limits."""
    titles = ["Distance within the usual pattern (T\u00b2)", "Break of the usual pattern (SPE)"]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.14, subplot_titles=titles)
    times = [_at(p.at_us, zone) for p in view.points]
    for row, (values, limit) in enumerate(
        (([p.t2 for p in view.points], view.t2_limit), ([p.spe for p in view.points], view.spe_limit)),
        start=1,
    ):
        over = [v > limit for v in values]
        figure.add_trace(
            go.Scatter(
                x=times, y=values, mode="lines+markers", line={"color": INK_2, "width": 1.2},
                marker={
                    "size": [8 if o else 4 for o in over],
                    "color": [HIGH if o else INK_2 for o in over],
                    "symbol": ["triangle-up" if o else "circle" for o in over],
                },
                hovertemplate="%{x|%d %b %H:%M}  %{y:.3g}<extra></extra>",
            ),
            row=row, col=1,
        )  # fmt: skip
        figure.add_hline(y=limit, line={"color": INK_3, "width": 1.1, "dash": "dash"}, row=row, col=1)
        figure.update_yaxes(type="log" if max(values, default=0) > 20 * limit else "linear", row=row, col=1)
    if view.chosen_us:
        figure.add_vline(x=_at(view.chosen_us, zone), line={"color": LINE_STRONG, "width": 1})
    return _calm(figure, 460)


def bars_figure(names: Sequence[str], values: Sequence[float]) -> go.Figure:
    """Shares of one hour's figure by sensor, largest on top."""
    figure = go.Figure(
        go.Bar(
            x=[100 * v for v in values][::-1], y=list(names)[::-1], orientation="h",
            marker_color=[INK_3] * len(names), hovertemplate="%{y}: %{x:.0f} %<extra></extra>",
        )
    )  # fmt: skip
    return _calm(figure, 60 + 28 * len(names))


def _calm(figure: go.Figure, height: int) -> go.Figure:
    figure.update_annotations(font_size=12, font_color=INK_2)
    for note in figure.layout.annotations:
        if note.xref == "paper":
            note.update(x=0, xanchor="left")
    figure.update_xaxes(showgrid=False, linecolor=LINE_STRONG, tickformat="%H:%M\n%d %b", tickfont_size=11)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, nticks=6, tickfont_size=11, automargin=True)
    figure.update_layout(
        height=height,
        margin={"l": 48, "r": 62, "t": 26, "b": 40},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": INK_2},
        hovermode="closest",
    )
    return figure
