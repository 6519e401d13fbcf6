"""Drawings of KPIs: the waterfall from calendar time to good parts, and a ratio day by day."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from components.charts import FONT_SVG, XMLNS, picture
from components.tokens import FILL, FILL_2, HIGH, INK, INK_2, INK_3, LINE_STRONG
from components.words import local, safe
from domain.kpi import Measures, MinorModel, waterfall
from services.rows.kpi import KpiRow

_WIDTH, _HEIGHT, _TOP, _FOOT = 1120, 250, 24, 50
_LABEL = 80  # of the width, what the words of a target need
NO_LOSS = ("outside", "planned", "no_data")


def waterfall_svg(m: Measures, model: MinorModel) -> str:
    """Hours: all time, what was taken from it step by step, and the time of good parts. The largest loss
    stands out. Empty text where there is no time at all."""
    hours = m.calendar_us / 3_600_000_000
    if hours <= 0:
        return ""
    steps = [s for s in waterfall(m, model) if abs(s.hours) >= 0.005 * hours or s.name not in NO_LOSS]
    left = hours - sum(s.hours for s in waterfall(m, model))
    losses = [s for s in steps if s.name not in NO_LOSS]
    worst = max(losses, key=lambda s: s.hours).name if losses else ""
    width = _WIDTH / (len(steps) + 2)
    scale = (_HEIGHT - _TOP - _FOOT) / hours
    base = _HEIGHT - _FOOT
    rated = any(s.name == "speed" for s in steps)
    drawn = [_bar(0, width, base - hours * scale, hours * scale, FILL_2, _hours(hours), "All time")]
    at = hours
    for number, step in enumerate(steps, start=1):
        high, low = max(at, at - step.hours), min(at, at - step.hours)
        colour = HIGH if step.name == worst and step.hours > 0 else FILL
        mark = f"{chr(0x25B2)} {_hours(step.hours)}" if colour == HIGH else _hours(step.hours)
        drawn.append(_bar(number, width, base - high * scale, (high - low) * scale, colour, mark, step.label))
        at -= step.hours
    end = "Good parts" if rated else "Running"
    drawn.append(_bar(len(steps) + 1, width, base - left * scale, left * scale, INK_2, _hours(left), end))
    axis = f'<line x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}" stroke="{LINE_STRONG}"/>'
    told = ", ".join(f"{s.label} {_hours(s.hours)}" for s in steps)
    svg = (
        f'<svg {XMLNS} viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="{FONT_SVG}">{"".join(drawn)}{axis}</svg>'
    )
    return picture(svg, f"Of {_hours(hours)}: {told}; left for {end.lower()}: {_hours(left)}")


def _hours(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1
    return f"{value:,.{digits}f} h".replace("-", chr(0x2212))


def _bar(number: int, width: float, top: float, height: float, colour: str, value: str, label: str) -> str:
    x = number * width + width * 0.14
    middle = number * width + width / 2
    words = _two_lines(label)
    names = "".join(
        f'<text x="{middle:.0f}" y="{_HEIGHT - _FOOT + 18 + 15 * k}" font-size="12.5" fill="{INK_2}" '
        f'text-anchor="middle">{safe(word)}</text>'
        for k, word in enumerate(words)
    )
    return (
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{width * 0.72:.1f}" height="{max(1.5, height):.1f}" '
        f'fill="{colour}"/><text x="{middle:.0f}" y="{top - 6:.0f}" font-size="13" fill="{INK}" '
        f'text-anchor="middle">{safe(value)}</text>{names}'
    )


def _two_lines(label: str) -> list[str]:
    words = label.split(" ")
    if len(label) <= 11 or len(words) == 1:
        return [label]
    best = min(range(1, len(words)), key=lambda k: max(len(" ".join(words[:k])), len(" ".join(words[k:]))))
    return [" ".join(words[:best]), " ".join(words[best:])]


def trend_svg(days: Sequence[KpiRow], zone: str) -> str:
    """OEE day by day on 0 to 100 %, with the target that each day had; days without a rate are left out."""
    known = [row for row in days if row.figures.oee is not None]
    points = [(row.at_us, row.figures.oee) for row in known]
    if len(points) < 2:
        return ""
    width, height, left, base = 560, 190, 40, 160
    first, span = points[0][0], max(1, points[-1][0] - points[0][0])
    top = max(1.0, *(value for _, value in points if value is not None))

    def place(at: int, value: float) -> tuple[float, float]:
        return left + (width - left - 12) * (at - first) / span, base - (base - 12) * value / top

    dots = [place(at, value) for at, value in points if value is not None]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{INK_2}"/>' for x, y in dots[-62:])
    grid = "".join(
        f'<line x1="{left}" x2="{width}" y1="{place(first, v)[1]:.1f}" y2="{place(first, v)[1]:.1f}" '
        f'stroke="{LINE_STRONG}" stroke-width=".4"/><text x="0" y="{place(first, v)[1] + 4:.1f}" '
        f'font-size="12" fill="{INK_3}">{100 * v:.0f} %</text>'
        for v in (0, 0.25, 0.5, 0.75, 1.0)
    )
    goal = _aims(
        [(dots[k][0], row.target) for k, row in enumerate(known)], width, lambda v: place(first, v)[1]
    )
    ends = "".join(
        f'<text x="{x:.0f}" y="{height - 8}" font-size="12" fill="{INK_3}" text-anchor="{anchor}">'
        f"{local(at, zone):%-d %b}</text>"
        for (x, _), (at, _), anchor in (
            (dots[0], points[0], "start"),
            (dots[-1], points[-1], "end"),
        )
    )
    told = f"OEE from {100 * (points[0][1] or 0):.0f} to {100 * (points[-1][1] or 0):.0f} %"
    svg = (
        f'<svg {XMLNS} viewBox="0 0 {width} {height}" font-family="{FONT_SVG}">{grid}'
        f'<polyline points="{line}" fill="none" stroke="{INK_2}" stroke-width="1.6"/>'
        f"{marks}{goal}{ends}</svg>"
    )
    return picture(svg, told)


def _aims(
    targets: Sequence[tuple[float, float | None]], width: float, height_of: Callable[[float], float]
) -> str:
    """The target as a dashed line, from each point (x, target) at which it changes to the next such point."""
    drawn = []
    starts = [k for k, (_, value) in enumerate(targets) if k == 0 or value != targets[k - 1][1]]
    for begin, end in pairwise([*starts, len(targets)]):
        x, value = targets[begin]
        if value is None:
            continue
        y, until = height_of(value), width if end == len(targets) else targets[end][0]
        drawn.append(
            f'<line x1="{x:.1f}" x2="{until:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{INK}" '
            'stroke-dasharray="5 4"/>'
        )
        if until - x >= _LABEL or end == len(targets):
            drawn.append(
                f'<text x="{until - 4:.0f}" y="{y - 5:.1f}" font-size="12" fill="{INK}" text-anchor="end">'
                f"target {100 * value:.0f} %</text>"
            )
    return "".join(drawn)
