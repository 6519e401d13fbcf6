"""Signals in words, as a table and as CSV; the chart is components.signal_chart."""

from collections.abc import Sequence

from components.tables import csv_bytes, panel, small, table
from components.words import NOTHING, instant, lapse, metric_label, number, plural, safe
from domain.clock import SECOND
from services.rows.signals import SignalPoint, SignalSeries, SignalView
from services.rows.site import SiteRow

_LEVELS = {"reading": "every reading", "shift": "one point a shift"}


def headline(view: SignalView, machine: str) -> str:
    """What is drawn, in one sentence; HTML."""
    shown = [one for one in view.series if one.points]
    if not shown:
        return f"<b>{safe(machine)} sent none of these signals in this stretch.</b>"
    bad = sum(p.bad for one in shown for p in one.points)
    good = sum(p.readings for one in shown for p in one.points)
    said = f"<b>{safe(machine)}</b>: {plural(len(shown), 'signal')} from {good:,} good values"
    if bad:
        said += f', <span class="tw-high">&#9650; {bad:,} bad ones left out</span>'
    down = sum(stop.to_us - stop.from_us for stop in view.stops)
    return said + (f"; down for {lapse(down)} (shaded)." if down else ".")


def level_words(view: SignalView) -> str:
    """What a point is."""
    return _LEVELS.get(view.level) or f"means of {lapse(view.step_us)}, band from lowest to highest"


def summary_panel(view: SignalView) -> str:
    """Each signal over the stretch, and by shift where that was asked for."""
    rows = []
    for series in view.series:
        groups = sorted({p.shift for p in series.points}) if view.ask.by_shift else [""]
        for name in groups:
            rows.append(_summary(series, [p for p in series.points if p.shift == name], name))
    head = (
        "Signal",
        *(("Shift",) if view.ask.by_shift else ()),
        "Mean",
        "Lowest",
        "Highest",
        "Good values",
        "Bad",
    )
    cells = [(row[0], *row[1:]) if view.ask.by_shift else (row[0], *row[2:]) for row in rows]
    first = 2 if view.ask.by_shift else 1
    return panel("In figures", table(head, cells, right=range(first, first + 5), tight=True))


def _summary(series: SignalSeries, points: Sequence[SignalPoint], shift: str) -> tuple[str, ...]:
    stood = [p for p in points if p.mean is not None]
    weight = sum(p.covered_us or p.readings for p in stood)
    mean = sum((p.mean or 0.0) * (p.covered_us or p.readings) for p in stood) / weight if stood else None
    bad, good = sum(p.bad for p in points), sum(p.readings for p in points)
    share = f"{100 * bad / (bad + good):.1f} %" if bad else "0"
    return (
        safe(metric_label(series.name)) + (small("a counter: it only grows") if series.counter else ""),
        safe(shift),
        f"<b>{number(mean, series.unit)}</b>" if mean is not None and not series.counter else NOTHING,
        number(min((p.low for p in stood if p.low is not None), default=None), series.unit),
        number(max((p.high for p in stood if p.high is not None), default=None), series.unit),
        f"{good:,}",
        f'<span class="tw-high tw-num">&#9650; {share}</span>' if bad else share,
    )


def signals_csv(view: SignalView, site: SiteRow) -> bytes:
    """Every point, times in the site's zone."""
    head = (
        "time",
        "shift",
        "signal",
        "unit",
        "mean",
        "lowest",
        "highest",
        "good_values",
        "bad_values",
        "covered_s",
    )
    return csv_bytes(
        head,
        (
            (
                instant(p.at_us, site.time_zone),
                p.shift,
                series.name,
                series.unit,
                p.mean,
                p.low,
                p.high,
                p.readings,
                p.bad,
                p.covered_us / SECOND,
            )
            for series in view.series
            for p in series.points
        ),
    )
