"""Small drawings as SVG text (no script, no flicker), and the one interactive chart of sensors.

Colours are the tokens of components.tokens. Violet is what a model says; orange is abnormal.
"""

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.words import local, metric_label, number, safe, unit_text
from domain.clock import HOUR
from services.rows.predict import Point, Trend

Window = tuple[int, int]


def _runs(points: Sequence[Point]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def sparkline(points: Sequence[Point], *, width: int = 132, height: int = 26, alarming: bool = False) -> str:
    """A chance over time on the fixed scale 0..1; a stretch without one is left out."""
    runs = _runs(points)
    if not runs:
        return ""
    first, last = points[0][0], points[-1][0]
    span = max(1, last - first)

    def at(point: tuple[int, float]) -> str:
        return f"{2 + (width - 4) * (point[0] - first) / span:.1f},{height - 3 - (height - 6) * point[1]:.1f}"

    stroke = "var(--advice)" if alarming else "var(--ink-3)"
    lines = "".join(
        f'<polyline points="{" ".join(map(at, run))}" fill="none" stroke="{stroke}" stroke-width="1.5"/>'
        for run in runs
    )
    end = at(runs[-1][-1]).split(",")
    dot = f'<circle cx="{end[0]}" cy="{end[1]}" r="2.2" fill="{stroke}"/>'
    base = f'<line x1="0" x2="{width}" y1="{height - 2}" y2="{height - 2}" stroke="var(--line)"/>'
    return f'<svg width="{width}" height="{height}" aria-hidden="true">{base}{lines}{dot}</svg>'


def signed_bar(value: float, low: float, high: float) -> str:
    """A bar from zero on the scale low..high (low <= 0 <= high): violet up, grey down."""
    span = max(high - low, 1e-9)
    zero = 300 * -low / span
    length = 300 * abs(value) / span
    start, colour = (zero, "var(--advice)") if value >= 0 else (zero - length, "var(--fill-2)")
    return (
        '<svg class="tw-track" width="100%" height="14" viewBox="0 0 300 14" preserveAspectRatio="none" '
        f'aria-hidden="true"><line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="14" '
        'stroke="var(--line-strong)"/>'
        f'<rect x="{start:.1f}" width="{length:.1f}" y="2" height="10" fill="{colour}"/></svg>'
    )


def range_bar(low: float, middle: float, high: float, top: float, *, advised: bool) -> str:
    """A 90 % range with its expected value on the scale 0..top."""
    scale = 412 / max(top, 1)
    colour = "var(--advice)" if advised else "var(--ink-2)"
    left, width = 4 + low * scale, max(2.0, (high - low) * scale)
    return (
        '<svg class="tw-track" width="100%" height="16" viewBox="0 0 420 16" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect x="{left:.1f}" y="5" width="{width:.1f}" height="6" fill="var(--fill)"/>'
        f'<rect x="{2 + middle * scale:.1f}" y="1" width="4" height="14" fill="{colour}"/></svg>'
    )


def _nice_step(span: float, count: int) -> float:
    raw = max(span, 1e-9) / count
    scale = (
        10.0 ** (len(f"{int(raw)}") - 1)
        if raw >= 1
        else 10.0 ** -next(k for k in range(1, 12) if raw * 10**k >= 1)
    )
    return next(m for m in (1, 2, 5, 10) if m * scale >= raw) * scale


def _ticks(low: float, high: float, count: int) -> list[float]:
    step = _nice_step(high - low, count)
    first = int(low // step) + 1
    return [k * step for k in range(first, first + count + 2) if k * step <= high]


def trend_svg(trend: Trend, window: Window, zone: str, *, height: int = 176) -> str:
    """One sensor over time with the window that the model looked at; gaps are dashed."""
    runs = _runs(trend.points)
    width, left, top, bottom = 740, 42, 6, height - 26
    times = [at for at, _ in trend.points]
    values = [v for run in runs for _, v in run]
    low, high = min(values), max(values)
    pad = max((high - low) * 0.15, abs(high) * 0.01, 1e-6)
    low, high = low - pad, high + pad
    first, span = times[0], max(1, times[-1] - times[0])

    def x(at: int) -> float:
        return left + (width - left - 6) * min(1.0, max(0.0, (at - first) / span))

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    def text(px: float, py: float, words: str, extra: str = 'fill="var(--ink-3)"') -> str:
        return f'<text x="{px:.0f}" y="{py:.0f}" font-size="11" {extra}>{safe(words)}</text>'

    shade = (
        f'<rect x="{x(window[0]):.1f}" y="{top}" width="{x(window[1]) - x(window[0]):.1f}" '
        f'height="{bottom - top}" fill="var(--advice)" opacity=".10"/>'
        + text(x(window[0]) + 6, top + 14, "window the model looked at", 'fill="var(--advice)"')
    )
    lines = "".join(
        f'<polyline points="{" ".join(f"{x(a):.1f},{y(v):.1f}" for a, v in run)}" fill="none" '
        'stroke="var(--ink-2)" stroke-width="1.6"/>'
        for run in runs
    )
    dashes = "".join(
        f'<line x1="{x(a[-1][0]):.1f}" y1="{y(a[-1][1]):.1f}" x2="{x(b[0][0]):.1f}" y2="{y(b[0][1]):.1f}" '
        'stroke="var(--line-strong)" stroke-dasharray="3 4"/>'
        for a, b in pairwise(runs)
    )
    scale = "".join(text(2, y(tick) + 4, number(tick)) for tick in _ticks(low, high, 4))
    hours = max(1, round(span / HOUR / 7))
    start = (first // HOUR + 1) * HOUR
    clock = "".join(
        text(x(at) - 14, height - 8, f"{local(at, zone):%H:%M}")
        for at in range(start, times[-1] - HOUR // 3, hours * HOUR)
    )
    axis = f'<line x1="{left}" x2="{width - 6}" y1="{bottom}" y2="{bottom}" stroke="var(--line-strong)"/>'
    label = f"{metric_label(trend.metric)}, from {number(values[0])} to {number(values[-1])}"
    return (
        f'<svg width="100%" viewBox="0 0 {width} {height}" role="img" aria-label="{safe(label)}">'
        f"{shade}{axis}{scale}{clock}{dashes}{lines}</svg>"
    )


def trend_figure(trends: Sequence[Trend], window: Window, zone: str) -> go.Figure:
    """The sensors under each other on one time axis, with the window marked; hover shows values."""
    titles = [", ".join(filter(None, (metric_label(t.metric), unit_text(t.unit)))) for t in trends]
    figure = make_subplots(
        rows=len(trends), cols=1, shared_xaxes=True, vertical_spacing=0.10, subplot_titles=titles
    )
    for row, trend in enumerate(trends, start=1):
        figure.add_trace(
            go.Scatter(
                x=[local(at, zone).replace(tzinfo=None) for at, _ in trend.points],
                y=[value for _, value in trend.points],
                mode="lines",
                line={"color": "#4b565f", "width": 1.6},
                connectgaps=False,
                name=metric_label(trend.metric),
                hovertemplate="%{x|%H:%M}  %{y:.3g} " + unit_text(trend.unit) + "<extra></extra>",
            ),
            row=row,
            col=1,
        )
    edges = [local(at, zone).replace(tzinfo=None) for at in window]
    figure.add_vrect(x0=edges[0], x1=edges[1], fillcolor="#6a4a9c", opacity=0.10, line_width=0)
    figure.update_annotations(font_size=12, font_color="#4b565f", x=0, xanchor="left")
    figure.update_xaxes(showgrid=False, linecolor="#9aa3ab", tickformat="%H:%M\n%d %b", tickfont_size=11)
    figure.update_yaxes(gridcolor="#d3d8dc", zeroline=False, nticks=4, tickfont_size=11)
    figure.update_layout(
        height=40 + 150 * len(trends),
        margin={"l": 44, "r": 8, "t": 24, "b": 8},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "Inter, DejaVu Sans, sans-serif", "color": "#4b565f"},
        hovermode="x unified",
    )
    return figure
