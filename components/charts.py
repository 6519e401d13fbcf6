"""Small drawings as HTML and images (no script, no flicker), and the interactive chart of sensors.

Colours are the tokens of components.tokens. Violet is what a model says; orange is abnormal.
"""

from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from components.tokens import ADVICE, FONT, INK_2, INK_3, LINE, LINE_STRONG
from components.words import local, metric_label, number, of_100, safe, unit_text
from domain.clock import DAY, HOUR
from services.rows.predict import Point, Trend

Window = tuple[int, int]
DASHED = 'stroke-dasharray="5 4"'
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
SOME_DAYS_US = 4 * DAY  # a longer time axis names days, not hours
TWICE = 2.0  # a score of twice its limit, and more, is at the top of a small course
FONT_SVG = FONT.replace('"', "'")


def _runs(points: Sequence[Point]) -> list[list[tuple[int, float]]]:
    runs: list[list[tuple[int, float]]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def picture(svg: str, alt: str) -> str:
    """An SVG as an image within HTML (Streamlit strips inline SVG). `alt` says what it shows."""
    data = b64encode(svg.encode()).decode()
    return f'<img class="tw-pic" alt="{safe(alt)}" src="data:image/svg+xml;base64,{data}">'


def sparkline(points: Sequence[Point], *, width: int = 132, height: int = 26, alarming: bool = False) -> str:
    """A chance over time on the fixed scale 0..1; a stretch without one is left out."""
    runs = _runs(points)
    if not runs:
        return ""
    told = f"from {of_100(runs[0][0][1])} to {of_100(runs[-1][-1][1])}"
    return _small_course(points, runs, (width, height), 1.0, ADVICE if alarming else INK_3, told)


def limit_line(points: Sequence[Point], *, width: int = 132, height: int = 26, alarming: bool = False) -> str:
    """A score by its limit over time, from none to twice the limit; the limit is dashed."""
    runs = _runs(points)
    if not runs:
        return ""
    told = f"from {runs[0][0][1]:.1f} to {runs[-1][-1][1]:.1f} times the limit"
    stroke = ADVICE if alarming else INK_3
    return _small_course(points, runs, (width, height), TWICE, stroke, told, limit=1.0)


def _small_course(
    points: Sequence[Point],
    runs: Sequence[Sequence[tuple[int, float]]],
    size: tuple[int, int],
    top: float,
    stroke: str,
    told: str,
    limit: float | None = None,
) -> str:
    """Values on the scale 0..top, what is higher at the top."""
    width, height = size
    first, last = points[0][0], points[-1][0]
    span = max(1, last - first)

    def y(value: float) -> float:
        return height - 3 - (height - 6) * min(value / top, 1.0)

    def at(point: tuple[int, float]) -> str:
        return f"{2 + (width - 4) * (point[0] - first) / span:.1f},{y(point[1]):.1f}"

    lines = "".join(
        f'<polyline points="{" ".join(map(at, run))}" fill="none" stroke="{stroke}" stroke-width="1.5"/>'
        for run in runs
    )
    end = at(runs[-1][-1]).split(",")
    dot = f'<circle cx="{end[0]}" cy="{end[1]}" r="2.2" fill="{stroke}"/>'
    base = f'<line x1="0" x2="{width}" y1="{height - 2}" y2="{height - 2}" stroke="{LINE}"/>'
    if limit is not None:
        base += (
            f'<line x1="0" x2="{width}" y1="{y(limit):.1f}" y2="{y(limit):.1f}" stroke="{INK_3}" {DASHED}/>'
        )
    return picture(f'<svg {XMLNS} width="{width}" height="{height}">{base}{lines}{dot}</svg>', told)


def signed_bar(value: float, low: float, high: float) -> str:
    """A bar from zero on the scale low..high (low <= 0 <= high): violet up, grey down."""
    span = max(high - low, 1e-9)
    zero, length = 100 * -low / span, 100 * abs(value) / span
    start, colour = (zero, "var(--advice)") if value >= 0 else (zero - length, "var(--fill-2)")
    return (
        f'<div class="tw-track"><i style="left:{start:.2f}%;width:{length:.2f}%;background:{colour}"></i>'
        f'<b style="left:{zero:.2f}%"></b></div>'
    )


def range_bar(low: float, middle: float, high: float, top: float, *, advised: bool) -> str:
    """A 90 % range with its expected value on the scale 0..top."""
    scale = 99 / max(top, 1)
    colour = "var(--advice)" if advised else "var(--ink-2)"
    return (
        f'<div class="tw-track range"><i style="left:{low * scale:.2f}%;'
        f'width:{(high - low) * scale:.2f}%"></i>'
        f'<b style="left:{middle * scale:.2f}%;background:{colour}"></b></div>'
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


USUAL = "usual for this type"


def trend_svg(
    trend: Trend,
    window: Window | None,
    zone: str,
    *,
    usual: float | None = None,
    height: int = 176,
    line: str = USUAL,
) -> str:
    """One sensor over time with its usual value and the window of the model; gaps are dashed.

    `line` names what the dashed line is when it is not the usual value.
    """
    runs = _runs(trend.points)
    width, left, top, bottom = 740, 42, 6, height - 26
    times = [at for at, _ in trend.points]
    values = [v for run in runs for _, v in run]
    shown = values if usual is None else [*values, usual]
    low, high = min(shown), max(shown)
    pad = max((high - low) * 0.15, abs(high) * 0.01, 1e-6)
    low, high = low - pad, high + pad
    first, span = times[0], max(1, times[-1] - times[0])

    def x(at: int) -> float:
        return left + (width - left - 6) * min(1.0, max(0.0, (at - first) / span))

    def y(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    def text(px: float, py: float, words: str, colour: str = INK_3) -> str:
        return f'<text x="{px:.0f}" y="{py:.0f}" font-size="11" fill="{colour}">{safe(words)}</text>'

    shade = window and (
        f'<rect x="{x(window[0]):.1f}" y="{top}" width="{x(window[1]) - x(window[0]):.1f}" '
        f'height="{bottom - top}" fill="{ADVICE}" opacity=".10"/>'
        + text(x(window[0]) + 6, top + 14, "window the model looked at", ADVICE)
    )
    lines = "".join(
        f'<polyline points="{" ".join(f"{x(a):.1f},{y(v):.1f}" for a, v in run)}" fill="none" '
        f'stroke="{INK_2}" stroke-width="1.6"/>'
        for run in runs
    )
    dashes = "".join(
        f'<line x1="{x(a[-1][0]):.1f}" y1="{y(a[-1][1]):.1f}" x2="{x(b[0][0]):.1f}" y2="{y(b[0][1]):.1f}" '
        f'stroke="{LINE_STRONG}" stroke-dasharray="3 4"/>'
        for a, b in pairwise(runs)
    )
    marks = _ticks(low, high, 4)
    digits = 0 if marks and marks[-1] >= 10 and marks == [round(m) for m in marks] else 1
    scale = "".join(text(2, y(tick) + 4, f"{tick:,.{digits}f}") for tick in marks)
    hours = max(1, round(span / HOUR / 7))
    start = (first // HOUR + 1) * HOUR
    clock = "".join(
        text(x(at) - 14, height - 8, local(at, zone).strftime("%H:%M" if span <= SOME_DAYS_US else "%a"))
        for at in range(start, times[-1] - HOUR // 3, hours * HOUR)
    )
    axis = f'<line x1="{left}" x2="{width - 6}" y1="{bottom}" y2="{bottom}" stroke="{LINE_STRONG}"/>'
    label = f"{metric_label(trend.metric)}, from {number(values[0])} to {number(values[-1])}"
    if usual is not None:
        at_y = f"{y(usual):.1f}"
        axis += f'<line x1="{left}" x2="{width - 6}" y1="{at_y}" y2="{at_y}" stroke="{INK_3}" {DASHED}/>'
        axis += text(left + 4, y(usual) + 13, f"{line} {number(usual)}")
        label += f", {'usually' if line == USUAL else line} {number(usual)}"
    inner = f"{shade or ''}{axis}{scale}{clock}{dashes}{lines}"
    return picture(
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" font-family="{FONT_SVG}">{inner}</svg>', label
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
                line={"color": INK_2, "width": 1.6},
                connectgaps=False,
                name=metric_label(trend.metric),
                hovertemplate="%{x|%H:%M}  %{y:.3g} " + unit_text(trend.unit) + "<extra></extra>",
            ),
            row=row,
            col=1,
        )
    edges = [local(at, zone).replace(tzinfo=None) for at in window]
    figure.add_vrect(x0=edges[0], x1=edges[1], fillcolor=ADVICE, opacity=0.10, line_width=0)
    figure.update_annotations(font_size=12, font_color=INK_2, x=0, xanchor="left")
    figure.update_xaxes(showgrid=False, linecolor=LINE_STRONG, tickformat="%H:%M\n%d %b", tickfont_size=11)
    figure.update_yaxes(gridcolor="#d3d8dc", zeroline=False, nticks=4, tickfont_size=11)
    figure.update_layout(
        height=60 + 145 * len(trends),
        margin={"l": 44, "r": 8, "t": 24, "b": 40},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "color": INK_2},
        hovermode="x unified",
    )
    return figure
