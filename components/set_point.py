"""The case of a set point: what would be moved, what is expected, and the limits that allow it; HTML."""

from components.links import link
from components.tables import heading, small, table
from components.words import moment, plural, safe
from domain.process import SettingMove, exact, parameter_label, points
from domain.telemetry import figure_text
from domain.wording import percent
from services.rows.decide import CaseView
from services.rows.site import SiteRow


def figures(case: CaseView, site: SiteRow, now_us: int) -> str:
    """Each figure with where it comes from. '' on a case about something else."""
    move = case.evidence.setting
    if move is None:
        return ""
    body = [
        _row(f"{parameter_label(move.parameter)}, as it is", "", exact(move.from_value, move.unit)),
        _row("Advised", "", exact(move.to_value, move.unit)),
        _row("Bad parts expected as it is", _taught(move), percent(move.share)),
        _row("Bad parts expected after the change", _taught(move), percent(move.share + move.change)),
        _row("Change", f"90 %: {points(move.change_low)} to {points(move.change_high)}",
             f"{points(move.change)} points"),
        *_came(move),
        _row("Validated limits", _whose(move, case),
             f"{figure_text(move.low)} to {figure_text(move.high, move.unit)}"),
    ]  # fmt: skip
    at = moment(case.evidence.at_us, site.time_zone, now_us)
    more = f'<p class="tw-small tw-gap">{link("All settings and their limits", "process")}</p>'
    last = safe(f"the newest operation ended {at}")
    return heading("What is expected", last) + table((), body, right=(1,), tight=True) + more


def _row(label: str, source: str, value: str) -> tuple[str, str]:
    told = safe(label) + (small(safe(source)) if source else "")
    return told, f'<span class="tw-num tw-nw">{safe(value)}</span>'


def _taught(move: SettingMove) -> str:
    return f"{plural(move.taught, 'operation')} of the product taught the model"


def _came(move: SettingMove) -> list[tuple[str, str]]:
    if move.came is None:
        return []
    return [
        _row("Bad parts that came", f"last {plural(move.operations, 'operation')} here", percent(move.came))
    ]


def _whose(move: SettingMove, case: CaseView) -> str:
    scope = "this machine" if move.scope == case.equipment_id else "the whole line"
    return f"{move.validated_by}, entered by {move.entered_by} for {scope}"
