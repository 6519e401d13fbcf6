"""A server's raw value as a number in the unit in which the metric is kept."""

import math

from data.edge.gateway_parts import MetricPart


def number(part: MetricPart, raw: object) -> float | None:
    """None when the value is no number, not finite, or a state that the file does not name."""
    if part.states:
        word = str(raw).lower() if isinstance(raw, bool) else str(raw)
        found = part.states.get(word)
        return None if found is None else float(found)
    if isinstance(raw, bool):
        return float(raw)
    if not isinstance(raw, int | float):
        return None
    try:
        value = part.conversion.of(float(raw))
    except OverflowError:
        return None
    return value if math.isfinite(value) else None
