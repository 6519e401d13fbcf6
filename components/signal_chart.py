"""The chart of *Signals*: mean and band under each other, gaps as gaps, or a point a shift."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.tokens import FONT, HIGH, INK, INK_2, INK_3, LINE_STRONG
from components.words import local, metric_label, number, safe, unit_text
from domain.clock import DAY
from services.rows.signals import SignalPoint, SignalSeries, SignalView

GRID = "#d3d8dc"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


def figure(view: SignalView, zone: str) -> go.Figure:
    """One row a signal, all on one time axis in the site's zone."""
    shown = view.series
    made = make_subplots(
        rows=len(shown),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.09,
        subplot_titles=[_title(s) for s in shown],
    )
    for row, series in enumerate(shown, start=1):
        draw = _by_shift if view.ask.by_shift else _over_time
        for trace in draw(view, series, zone):
            made.add_trace(trace, row=row, col=1)
    made.update_layout(shapes=[shape for row in range(len(shown)) for shape in _shades(view, zone, row)])
    return _calm(made, view, zone)


def _title(series: SignalSeries) -> str:
    unit = unit_text(series.unit)
    return metric_label(series.name) + (f", {unit}" if unit else "")


def _over_time(view: SignalView, series: SignalSeries, zone: str) -> list[Any]:
    points = with_gaps(series.points, view.step_us)
    times = [_at(at, zone) for at, _ in points]
    line = {"color": INK_2, "width": 1.4}
    unit = safe(unit_text(series.unit))
    if view.level == "reading":
        return [
            go.Scatter(
                x=times,
                y=[p.mean if p else None for _, p in points],
                mode="lines+markers",
                marker={"size": 3},
                line=line,
                hovertemplate=f"%{{x|%H:%M:%S}}  %{{y:.4g}} {unit}<extra></extra>",
            )
        ]
    low = [p.low if p else None for _, p in points]
    high = [p.high if p else None for _, p in points]
    text = [
        f"{number(p.mean)} {unit}, {number(p.low)} to {number(p.high)}" if p and p.mean is not None else ""
        for _, p in points
    ]
    traces = [_band(run_times, lows, highs) for run_times, lows, highs in _runs(times, low, high)]
    clock = "%H:%M:%S" if view.level == "second" else "%d %b %H:%M"
    value = [(p.high if series.counter else p.mean) if p else None for _, p in points]
    mean = go.Scatter(
        x=times,
        y=value,
        mode="lines",
        line=line,
        text=text,
        hovertemplate=f"%{{x|{clock}}}  %{{text}}<extra></extra>",
        connectgaps=False,
    )
    lonely = [
        k
        for k, (_, p) in enumerate(points)
        if p and (k == 0 or not points[k - 1][1]) and (k + 1 == len(points) or not points[k + 1][1])
    ]
    dots = go.Scatter(
        x=[times[k] for k in lonely],
        y=[value[k] for k in lonely],
        mode="markers",
        marker={"size": 4, "color": INK_2},
        hoverinfo="skip",
    )
    return [*traces, mean, dots]


def _band(times: Sequence[Any], low: Sequence[Any], high: Sequence[Any]) -> go.Scatter:
    return go.Scatter(
        x=[*times, *reversed(times)],
        y=[*high, *reversed(low)],
        fill="toself",
        mode="lines",
        line={"width": 0},
        fillcolor="rgba(90,104,116,0.20)",
        hoverinfo="skip",
    )


def _runs(times: list[Any], low: list[Any], high: list[Any]) -> list[tuple[list[Any], list[Any], list[Any]]]:
    """The stretches without a gap."""
    found: list[tuple[list[Any], list[Any], list[Any]]] = [([], [], [])]
    for at, a, b in zip(times, low, high, strict=True):
        if a is None:
            found.append(([], [], []))
        else:
            for column, value in zip(found[-1], (at, a, b), strict=True):
                column.append(value)
    return [run for run in found if len(run[0]) > 1]


def with_gaps(points: Sequence[SignalPoint], step_us: int) -> list[tuple[int, SignalPoint | None]]:
    """The points at the middle of their stretch, with None where data are missing: where the next one is
    three times as far as usual."""
    apart = [b.at_us - a.at_us for a, b in pairwise(points)]
    far = max(3 * (median(apart) if apart else 0), 1.5 * step_us)
    found: list[tuple[int, SignalPoint | None]] = []
    for place, point in enumerate(points):
        if place and apart[place - 1] > far:
            found.append((points[place - 1].at_us + max(step_us, 1), None))
        found.append((point.at_us + step_us // 2, point if point.mean is not None else None))
    return found


def _by_shift(_view: SignalView, series: SignalSeries, zone: str) -> list[Any]:
    """One point a shift with its band; shifts of one name share a shape."""
    names = sorted({p.shift for p in series.points})
    traces, unit = [], safe(unit_text(series.unit))
    for place, name in enumerate(names):
        mine = [p for p in series.points if p.shift == name and p.mean is not None]
        mean = [p.mean or 0.0 for p in mine]
        traces.append(
            go.Scatter(
                x=[_at(p.at_us, zone) for p in mine],
                y=mean,
                mode="markers",
                name=safe(name),
                legendgroup=name,
                marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8, "color": _grey(place)},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1,
                    "width": 0,
                    "color": LINE_STRONG,
                    "array": [(p.high or 0.0) - m for p, m in zip(mine, mean, strict=True)],
                    "arrayminus": [m - (p.low or 0.0) for p, m in zip(mine, mean, strict=True)],
                },
                hovertemplate=f"{safe(name)} of %{{x|%d %b %H:%M}}  %{{y:.4g}} {unit}<extra></extra>",
            )
        )
    return traces


def _grey(place: int) -> str:
    return (INK, INK_2, INK_3)[place % 3]


def _shades(view: SignalView, zone: str, row: int) -> list[dict[str, Any]]:
    axis = "" if row == 0 else str(row + 1)
    return [
        {
            "type": "rect",
            "xref": f"x{axis}",
            "yref": f"y{axis} domain",
            "layer": "below",
            "x0": _at(stop.from_us, zone),
            "x1": _at(stop.to_us, zone),
            "y0": 0,
            "y1": 1,
            "fillcolor": HIGH,
            "opacity": 0.13,
            "line": {"width": 0},
        }
        for stop in view.stops
    ]


def _calm(made: go.Figure, view: SignalView, zone: str) -> go.Figure:
    ask, short = view.ask, view.ask.to_us - view.ask.from_us <= 2 * DAY
    made.update_annotations(font_size=12, font_color=INK_2, x=0, xanchor="left")
    made.update_xaxes(
        showgrid=False,
        linecolor=LINE_STRONG,
        tickfont_size=11,
        tickformat="%H:%M\n%d %b" if short else "%d %b\n%Y",
        range=[_at(ask.from_us, zone), _at(ask.to_us, zone)],
    )
    made.update_yaxes(gridcolor=GRID, zeroline=False, nticks=5, tickfont_size=11)
    for row in range(2, len(view.series) + 1):
        made.for_each_trace(lambda trace: trace.update(showlegend=False), row=row, col=1)
    made.update_layout(
        height=80 + 175 * max(1, len(view.series)),
        margin={"l": 56, "r": 12, "t": 26, "b": 44},
        showlegend=ask.by_shift,
        legend={"orientation": "h", "y": 1.0, "x": 1, "xanchor": "right", "yanchor": "bottom"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="closest",
        font={"family": FONT, "color": INK_2},
    )
    return made


def _at(us: int, zone: str) -> Any:
    return local(us, zone).replace(tzinfo=None)
