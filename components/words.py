"""Values as people read them: times in the site's zone, durations, money, chances, units.

Pure text, not yet escaped: names that came from outside go through `safe` before they enter HTML.
"""

from html import escape

from domain import telemetry
from domain.clock import DAY, HOUR, MINUTE
from domain.saving import Worth
from domain.telemetry import METRICS, joined_labels, sensors_of
from domain.wording import NOTHING, instant, lapse, local, money, repeated, stamp

__all__ = [
    "NOTHING",
    "age",
    "age_roughly",
    "hours",
    "instant",
    "lapse",
    "left",
    "life",
    "local",
    "metric_label",
    "metric_unit",
    "model_text",
    "moment",
    "money",
    "number",
    "of_100",
    "plural",
    "points",
    "safe",
    "signed",
    "stamp",
    "unit_text",
    "worth_words",
]

_DERIVED = {"operating_hours": "Operating hours since the last stop", "run_fraction": "Share of time running"}


def safe(value: object) -> str:
    """Text that is harmless inside HTML and inside quoted attributes."""
    return escape(str(value), quote=True)


def moment(us: int | None, zone: str, now_us: int) -> str:
    """`14:00` today, `Fri 14:00` within six days, else `12 Nov 14:00` (with the year if it is another);
    with the offset, `02:30 +02:00`, in an hour that comes twice."""
    if us is None:
        return NOTHING
    then, now = local(us, zone), local(now_us, zone)
    clock = f"{then:%H:%M} {repeated(us, zone)}".rstrip()
    if then.date() == now.date():
        return clock
    if abs((then.date() - now.date()).days) < 6:
        return f"{then:%a} {clock}"
    return f"{then.day} {then:%b}{'' if then.year == now.year else f' {then.year}'} {clock}"


def hours(us: int) -> str:
    """A span of some hours in whole hours: `24 h`."""
    return f"{us / HOUR:.0f} h"


def age(us: int | None, now_us: int) -> str:
    """How old a value is: `0.5 s old`, or `no data yet`."""
    return "no data yet" if us is None else f"{lapse(max(0, now_us - us))} old"


def age_roughly(us: int | None, now_us: int) -> str:
    """How old a value is in steps that change seldom: `under 1 min`, `7 min`, `2 h`, `3 d`."""
    if us is None:
        return "no data yet"
    old = max(0, now_us - us)
    if old < MINUTE:
        return "under 1 min"
    return next(
        f"{old // size} {name}" for size, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")) if old >= size
    )


def left(deadline_us: int, now_us: int) -> str:
    """`42 min`, or `too late since 5 min` once the deadline has passed."""
    rest = deadline_us - now_us
    return lapse(rest) if rest > 0 else f"too late since {lapse(rest)}"


def of_100(probability: float | None) -> str:
    """A chance in words: `7 of 100`."""
    if probability is None:
        return "not known yet"
    if probability < 0.005:
        return "under 1 of 100"
    return "over 99 of 100" if probability > 0.995 else f"{probability * 100:.0f} of 100"


def points(value: float) -> str:
    """A contribution in points of 100, with its sign: `+34`, `\u22126`; under half a point `0`."""
    return signed(value * 100)


def signed(count: float) -> str:
    """A difference in whole ones, with its sign: `+34`, `\u22121,200`; under a half `0`."""
    rounded = round(count)
    return "0" if rounded == 0 else f"{'+' if rounded > 0 else chr(0x2212)}{abs(rounded):,}"


def number(value: float | None, unit: str = "") -> str:
    """Three significant digits with the unit."""
    if value is None:
        return NOTHING
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{digits}f}".replace("-", "\u2212")
    return f"{text} {unit_text(unit)}".rstrip()


def life(rul: float | None, low: float | None, high: float | None, unit: str) -> str:
    """Remaining life with its interval: `9 operating hours (6 to 11)`."""
    if rul is None:
        return NOTHING
    text = f"{rul:,.0f} {unit_text(unit)}"
    return text if low is None or high is None else f"{text} ({low:,.0f} to {high:,.0f})"


def unit_text(unit: str) -> str:
    """A unit as written on the shop floor."""
    return telemetry.unit_text(unit)


def metric_label(name: str) -> str:
    """The name that people use of a sensor, of what is derived from it, or of sensors taken together."""
    return joined_labels([_label(sensor) for sensor in sensors_of(name)])


def _label(name: str) -> str:
    if name in _DERIVED:
        return _DERIVED[name]
    spec = METRICS.get(name)
    return spec.label if spec and spec.label else name.replace("_", " ").capitalize()


def metric_unit(name: str) -> str:
    """The unit of a canonical metric, as written on the shop floor."""
    spec = METRICS.get(name)
    return unit_text(spec.unit) if spec else ""


def model_text(name: str, version: str) -> str:
    """A model as people call it: `plant failure model, version 20261121`; the hash is in the small print."""
    if not name:
        return ""
    short = version.partition("-")[0]
    return f"{name.replace('_', ' ')} model" + (f", version {short}" if short else "")


def worth_words(worth: Worth, currency: str) -> str:
    """`\u20ac 2,200 and \u20ac 140 a week`, either alone where the other is nothing, '' where both are."""
    once = money(worth.once, currency) if worth.once > 0 else ""
    weekly = f"{money(worth.weekly, currency)} a week" if worth.weekly > 0 else ""
    return " and ".join(part for part in (once, weekly) if part)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 case`, `4 cases`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
