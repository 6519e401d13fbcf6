"""Settings of processes as tables: what machines ran with, beside the limits that hold."""

from collections.abc import Sequence

from components.tables import empty, panel, small, table
from components.words import NOTHING, moment, plural, safe
from domain.process import parameter_label, points
from domain.telemetry import figure_text
from domain.wording import percent
from services.rows.process import AdviceRow, AdviceView, SettingRow, SettingsView
from services.rows.site import SiteRow

NONE = "No operation came with its settings. Map process_parameters in the MES mapping (docs/mes.md)."
HEAD = ("Setting", "Machine", "Product", "Set to", "Ran with", "Validated limits", "Operations", "")


def headline(view: SettingsView) -> str:
    """How many settings have limits, and how many ran outside them; HTML."""
    if not view.rows:
        return "<b>No settings of processes are known here.</b>"
    without = sum(row.limits is None for row in view.rows)
    outside = sum(row.outside for row in view.rows)
    said = f"<b>{plural(len(view.rows), 'setting')} of the last {view.days} days.</b>"
    if outside:
        said += f" {outside:,} ran outside validated limits."
    if without:
        verb = "has" if without == 1 else "have"
        said += f" {without:,} {verb} no validated limits: nothing is advised there."
    return said


def settings_panel(rows: Sequence[SettingRow], site: SiteRow, now_us: int) -> str:
    """Each setting with what it ran with lately."""
    body = [_row(row, site, now_us) for row in rows]
    return panel("Settings", table(HEAD, body, right=(3, 4, 6), tight=True) if body else empty(NONE))


def _row(row: SettingRow, site: SiteRow, now_us: int) -> Sequence[str]:
    when = moment(row.at_us, site.time_zone, now_us)
    span = f"{figure_text(row.lowest)} to {_figure(row.highest, row.unit)}"
    return (
        safe(parameter_label(row.parameter)),
        safe(row.equipment_name),
        safe(row.product),
        NOTHING
        if row.set_point is None
        else f'<span class="tw-nw">{_figure(row.set_point, row.unit)}</span>',
        f'<span class="tw-nw">{_figure(row.value, row.unit)}</span>' + small(f"{span}; last {when}"),
        _limits(row),
        f"{row.runs:,}",
        '<span class="tw-high">&#9650; ran outside</span>' if row.outside else "",
    )


def _limits(row: SettingRow) -> str:
    if row.limits is None:
        return '<span class="tw-muted">none</span>'
    low, high = figure_text(row.limits.low), _figure(row.limits.high, row.limits.unit)
    whose = "this machine" if row.scope == row.equipment_id else "the whole line"
    return f'<span class="tw-nw">{low} to {high}</span>' + small(f"{safe(row.limits.validated_by)}; {whose}")


def _figure(value: float, unit: str) -> str:
    """A figure with its unit, which comes from the MES as it stands there."""
    return safe(figure_text(value, unit))


def name_of(row: SettingRow) -> str:
    """A setting in a list to choose from."""
    return f"{parameter_label(row.parameter)}, {row.product}, {row.equipment_name}"


def line_name_of(row: SettingRow) -> str:
    """The same for limits of a whole line."""
    return f"{parameter_label(row.parameter)}, {row.product}, every machine of {row.scope.rsplit('/', 1)[-1]}"


ADVICE = ("Move", "Of", "From", "To", "Bad parts expected", "Change", "Behind it")
ONLY_SAID = (
    "Each advice is a case in the inbox; whoever may enter validated limits decides on it, and the MES is "
    "asked to move the set point. What went together in past operations is no proof."
)


def advice_panel(view: AdviceView, site: SiteRow, now_us: int) -> str:
    """Which setting to move, from what to what, and what is expected of it; and where nothing is advised."""
    if view.silent:
        return panel("Advice", empty(view.silent))
    told = [_advised(row, site, now_us) for row in view.rows if row.parameter]
    body = (
        table(ADVICE, told, right=(2, 3, 4, 5), tight=True) if told else empty("No setting is advised now.")
    )
    note = f'<p class="tw-muted tw-small tw-last">{ONLY_SAID}</p>' if told else ""
    return panel("Advice", body + note + _unadvised(view), safe(view.model))


def _advised(row: AdviceRow, site: SiteRow, now_us: int) -> Sequence[str]:
    low, high = points(row.change_low), points(row.change_high)
    came = "" if row.came is None else f"; {percent(row.came)} came lately"
    when = moment(row.at_us, site.time_zone, now_us)
    return (
        f"<b>{safe(parameter_label(row.parameter))}</b>",
        safe(row.product) + small(safe(row.equipment_name)),
        f'<span class="tw-nw">{_figure(row.from_value, row.unit)}</span>',
        f'<b class="tw-nw">{_figure(row.to_value, row.unit)}</b>',
        f'<span class="tw-nw">{percent(row.share)} to {percent(row.share + row.change)}</span>',
        f'<span class="tw-nw">{points(row.change)} points</span>' + small(f"90 %: {low} to {high}"),
        f"{plural(row.taught, 'operation')} taught"
        + small(f"{row.operations} of late, the last {when}{came}"),
    )


def _unadvised(view: AdviceView) -> str:
    """How many pairs of product and machine nothing is advised on, by the reason."""
    counts: dict[str, int] = {}
    for row in view.rows:
        if not row.parameter:
            counts[row.why_not] = counts.get(row.why_not, 0) + 1
    if not counts:
        return ""
    told = "; ".join(f"{count:,} ({safe(why)})" for why, count in sorted(counts.items()))
    return f'<p class="tw-muted tw-small tw-last">Nothing is advised on the others: {told}.</p>'
