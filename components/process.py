"""Settings of processes as tables: what machines ran with, beside the limits that hold."""

from collections.abc import Sequence

from components.tables import empty, panel, small, table
from components.words import NOTHING, moment, plural, safe
from domain.process import parameter_label
from domain.telemetry import figure_text
from services.rows.process import SettingRow, SettingsView
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
    span = f"{figure_text(row.lowest)} to {figure_text(row.highest, row.unit)}"
    return (
        safe(parameter_label(row.parameter)),
        safe(row.equipment_name),
        safe(row.product),
        NOTHING
        if row.set_point is None
        else f'<span class="tw-nw">{figure_text(row.set_point, row.unit)}</span>',
        f'<span class="tw-nw">{figure_text(row.value, row.unit)}</span>' + small(f"{span}; last {when}"),
        _limits(row),
        f"{row.runs:,}",
        '<span class="tw-high">&#9650; ran outside</span>' if row.outside else "",
    )


def _limits(row: SettingRow) -> str:
    if row.limits is None:
        return '<span class="tw-muted">none</span>'
    low, high = figure_text(row.limits.low), figure_text(row.limits.high, row.limits.unit)
    whose = "this machine" if row.scope == row.equipment_id else "the whole line"
    return f'<span class="tw-nw">{low} to {high}</span>' + small(f"{safe(row.limits.validated_by)}; {whose}")


def name_of(row: SettingRow) -> str:
    """A setting in a list to choose from."""
    return f"{parameter_label(row.parameter)}, {row.product}, {row.equipment_name}"


def line_name_of(row: SettingRow) -> str:
    """The same for limits of a whole line."""
    return f"{parameter_label(row.parameter)}, {row.product}, every machine of {row.scope.rsplit('/', 1)[-1]}"
