"""Data quality: what each machine's data are good for, what to do about the rest, odd signals."""

from collections import Counter
from collections.abc import Sequence

from components.links import href
from components.tables import empty, panel, small, table
from components.words import lapse, metric_label, metric_unit, moment, plural, safe
from domain.signal_quality import Look, Odd
from domain.telemetry import METRICS, figure_text
from services.rows.data_quality import MachineData, Missing
from services.rows.site import SiteRow

PURPOSES = {"oee": "OEE", "prediction": "Prediction", "traceability": "Traceability"}
_TODO = {
    Odd.SILENT: "Look at the sensor and its connection",
    Odd.FLAT: "Look at the sensor; a deadband may be too wide",
    Odd.OUT_OF_RANGE: "Check the unit in the mapping, then the sensor",
    Odd.NOISY: "Look at cable, screen and fixing",
    Odd.CLOCK: "Set the clock of the source (NTP)",
}


def of(row: MachineData, purpose: str) -> tuple[Missing, ...]:
    """What is missing for a purpose of `PURPOSES`."""
    return {"oee": row.oee, "prediction": row.prediction, "traceability": row.traceability}[purpose]


def headline(rows: Sequence[MachineData]) -> str:
    """How many machines are ready for what; HTML."""
    if not rows:
        return "<b>No machine is placed yet.</b>"
    ready = {purpose: sum(not of(row, purpose) for row in rows) for purpose in PURPOSES}
    told = ", ".join(f"{count} for {_word(purpose)}" for purpose, count in ready.items())
    odd = sum(len(row.odd) for row in rows)
    mark = f' <span class="tw-high">&#9650; {plural(odd, "signal")} look wrong.</span>' if odd else ""
    mark = mark.replace("1 signal look", "1 signal looks")
    return f"<b>Of {plural(len(rows), 'machine')}, ready: {told}.</b>{mark}"


def _word(purpose: str) -> str:
    return PURPOSES[purpose] if purpose == "oee" else PURPOSES[purpose].lower()


def machines_panel(rows: Sequence[MachineData], site: SiteRow, now_us: int) -> str:
    """A line for each machine."""
    body = [
        (
            f'<a href="{href("machine", id=row.equipment_id)}">{safe(row.name)}</a>{small(safe(row.line))}',
            *(_ready(of(row, purpose)) for purpose in PURPOSES),
            _signals(row),
            lapse(row.gaps_us) if row.gaps_us else "&ndash;",
            f'<span class="tw-nw">{moment(row.looked_us, site.time_zone, now_us)}</span>',
        )
        for row in rows
    ]
    head = ("Machine", *PURPOSES.values(), "Signals", "Lost in 24 h", "Looked at")
    html = table(head, body, right=(5, 6), tight=True) if body else empty("No machine fits.")
    return panel("Machines", html, plural(len(rows), "machine"))


def todo_panel(rows: Sequence[MachineData]) -> str:
    """What is missing most, and what to do about it."""
    counted = Counter((purpose, one) for row in rows for purpose in PURPOSES for one in of(row, purpose))
    body = [
        (safe(one.what) + small(safe(one.todo)), PURPOSES[purpose], f"{count:,}")
        for (purpose, one), count in counted.most_common()
    ]
    html = table(("What to do", "For", "Machines"), body, right=(2,), tight=True)
    return panel("What is missing", html if body else empty("Nothing is missing."))


def odd_panel(rows: Sequence[MachineData]) -> str:
    """Signals that look wrong, with what was seen."""
    body = [
        (
            f'<a href="{href("machine", id=row.equipment_id)}">{safe(row.name)}</a>',
            ("All signals" if odd is Odd.CLOCK else safe(metric_label(look.metric)))
            + small(safe(_TODO[odd])),
            safe(seen(odd, look)),
        )
        for row in rows
        for odd, look in row.odd
    ]
    html = table(("Machine", "Signal", "What was seen, last 4 h"), body, tight=True)
    return panel("Signals that look wrong", html if body else empty(_none_odd(rows)))


def _none_odd(rows: Sequence[MachineData]) -> str:
    """What is known where nothing looks wrong: less than all, while some were not looked at yet."""
    looked = sum(row.looked_us is not None for row in rows)
    if looked == len(rows):
        return "Every signal looks right."
    if not looked:
        return "No machine has been looked at yet."
    return f"Every signal of the {plural(looked, 'machine')} looked at so far looks right."


def seen(odd: Odd, look: Look) -> str:
    """What a look found, in words."""
    unit = metric_unit(look.metric)
    if odd is Odd.SILENT:
        return f"no value for {lapse(look.silent_us)} of running"
    if odd is Odd.FLAT:
        return f"the same value for {lapse(look.flat_us)} of running"
    if odd is Odd.OUT_OF_RANGE:
        return f"{look.out_of_range:,} of {look.readings:,} values outside {_range(look.metric)}"
    if odd is Odd.NOISY:
        times = look.noise / look.usual_noise
        return f"noise {figure_text(look.noise, unit)}, {times:.0f} times the usual"
    return f"its clock is {lapse(abs(look.late_us))} {'behind' if look.late_us > 0 else 'ahead'}"


def _range(metric: str) -> str:
    spec = METRICS.get(metric)
    if spec is None:
        return "its range"
    return f"{spec.low:,.0f} to {spec.high:,.0f} {metric_unit(metric)}".replace("-", "\u2212").rstrip()


def _ready(missing: Sequence[Missing]) -> str:
    if not missing:
        return "ready"
    first = small(safe(missing[0].what) + (f" and {len(missing) - 1} more" if len(missing) > 1 else ""))
    return f'<span class="tw-high">&#9650; {len(missing)} missing</span>{first}'


def _signals(row: MachineData) -> str:
    if row.looked_us is None:
        return '<span class="tw-muted">not looked at yet</span>'
    return f'<span class="tw-high">&#9650; {len(row.odd)} odd</span>' if row.odd else "all right"
