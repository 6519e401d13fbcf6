"""Why a risk is what it is: contribution bars, sensor by time, what speaks against, similar cases."""

from collections.abc import Sequence
from itertools import groupby

from components.charts import signed_bar
from components.tables import bullets, heading, table
from components.words import metric_label, metric_unit, number, points, safe
from domain.clock import HOUR
from domain.prediction import Contribution, Explanation, Prediction
from domain.telemetry import sensors_of

SHOWN = 8


def segment_text(from_us: int, to_us: int, end_us: int) -> str:
    """A time segment before the end of the window: `last 4 h`, `16 to 12 h before`."""
    start, stop = round((end_us - from_us) / HOUR), round((end_us - to_us) / HOUR)
    return f"last {start} h" if stop <= 0 else f"{start} to {stop} h before"


def contribution_bars(explanation: Explanation, end_us: int, shown: int = SHOWN) -> str:
    """The largest contributions as bars from zero, the rest summed, in points of 100."""
    top, rest = explanation.contributions[:shown], explanation.contributions[shown:]
    values = [c.value for c in top] + ([sum(c.value for c in rest)] if rest else [])
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    rows = [
        _bar_row(f"{metric_label(c.metric)}, {segment_text(c.from_us, c.to_us, end_us)}", c.value, low, high)
        for c in top
    ]
    if rest:
        rows.append(_bar_row(f"{len(rest)} smaller ones together", values[-1], low, high))
    return _bars_head(explanation.base_value, explanation.output_value) + table(
        (), rows, right=(2,), tight=True
    )


def _bars_head(base: float, now: float) -> str:
    right = f"healthy machine {base * 100:.0f}, now {now * 100:.0f}"
    return heading("What moved the risk, points of 100", right)


def _bar_row(label: str, value: float, low: float, high: float) -> Sequence[str]:
    return (
        safe(label),
        f'<div class="tw-barcell">{signed_bar(value, low, high)}</div>',
        f'<span class="tw-num">{points(value)}</span>',
    )


def heat_table(explanation: Explanation, end_us: int) -> str:
    """Sensor by time segment, in points of 100: violet raises the risk, grey lowers it."""
    parts = explanation.contributions
    spans = sorted({(c.segment, c.from_us, c.to_us) for c in parts})
    cells = {(c.metric, c.segment): c for c in parts}
    strongest = max((abs(c.value) for c in parts), default=0.0) or 1.0
    totals = {m: sum(c.value for c in group) for m, group in _by_metric(parts)}
    rows = [
        (
            safe(metric_label(metric)),
            *(_heat_cell(cells.get((metric, segment)), strongest) for segment, _, _ in spans),
            f'<span class="tw-num">{points(totals[metric])}</span>',
        )
        for metric in sorted(totals, key=lambda m: -abs(totals[m]))
    ]
    head = ["Sensor", *(segment_text(a, b, end_us) for _, a, b in spans), "together"]
    body = table(head, rows, right=range(1, len(head)), tight=True)
    return f'<div class="tw-heat">{heading("By sensor and time, points of 100")}{body}</div>'


def _by_metric(parts: Sequence[Contribution]) -> list[tuple[str, list[Contribution]]]:
    ordered = sorted(parts, key=lambda c: c.metric)
    return [(metric, list(group)) for metric, group in groupby(ordered, key=lambda c: c.metric)]


def _heat_cell(part: Contribution | None, strongest: float) -> str:
    if part is None:
        return '<span class="tw-muted">&ndash;</span>'
    share = round(100 * min(1.0, abs(part.value) / strongest) * 0.55)
    colour = "var(--advice)" if part.value >= 0 else "var(--fill-2)"
    if round(part.value * 100) == 0:
        return '<span class="tw-muted">0</span>'
    return (
        f'<span class="tw-cell" style="background:color-mix(in srgb,{colour} {share}%,transparent)">'
        f"{points(part.value)}</span>"
    )


def observed_table(explanation: Explanation, end_us: int, shown: int = 5) -> str:
    """What the sensors showed beside what is usual for this type of machine; of joined ones the first."""
    seen = [c for c in explanation.contributions if c.observed is not None and c.usual is not None]
    if not seen:
        return ""
    rows = [
        (
            safe(f"{metric_label(sensor)}, {segment_text(c.from_us, c.to_us, end_us)}"),
            safe(number(c.observed, metric_unit(sensor))),
            f'<span class="tw-muted">{safe(number(c.usual, metric_unit(sensor)))}</span>',
        )
        for c in seen[:shown]
        for sensor in sensors_of(c.metric)[:1]
    ]
    return (
        '<div class="tw-gap"></div>'
        + heading("What was seen, and what is usual for this type of machine")
        + table(("Sensor", "Seen", "Usual"), rows, right=(1, 2), tight=True)
    )


def how_computed(explanation: Explanation, prediction: Prediction) -> str:
    """The small print: base value, additivity error, background, model and feature version."""
    facts = (
        ("Starting point (healthy machines of this type)", f"{explanation.base_value * 100:.1f} of 100"),
        ("Start plus all contributions", f"{_sum(explanation) * 100:.1f} of 100"),
        ("The model's own figure", f"{explanation.output_value * 100:.1f} of 100"),
        ("Difference between the two", f"{explanation.additivity_error * 100:.3f} points"),
        ("Compared with", explanation.background),
        ("Taken together, since they move together", _joined(explanation)),
        ("Method", explanation.method),
        ("Model and version", f"{prediction.model_name} {prediction.model_version}"),
        ("Version of the inputs", prediction.feature_version),
        ("Fingerprint of the data seen", prediction.window_hash[:16]),
    )
    return table((), [(safe(k), f'<span class="tw-wrap">{safe(v)}</span>') for k, v in facts], tight=True)


def _joined(explanation: Explanation) -> str:
    joined = dict.fromkeys(c.metric for c in explanation.contributions if len(sensors_of(c.metric)) > 1)
    return "; ".join(metric_label(name) for name in sorted(joined)) or "no sensors of this type"


def _sum(explanation: Explanation) -> float:
    return explanation.base_value + sum(c.value for c in explanation.contributions)


def arguments(against: Sequence[str], would_change: Sequence[str], similar: str) -> str:
    """Counter-evidence, what would change the advice, and similar cases (HTML), under each other."""
    return (
        heading("What speaks against it")
        + bullets(against, "Nothing known speaks against it.")
        + heading("What would change the advice")
        + bullets(would_change, "No single change that we know of.")
        + heading("Similar cases")
        + similar
    )
