"""The case of a set point: what would be moved, what is expected, and the limits that allow it; HTML."""

from collections.abc import Sequence

from components.choices import how_counted
from components.links import link
from components.tables import empty, heading, panel, small, table
from components.words import NOTHING, moment, money, plural, safe
from domain.process import SettingMove, exact, parameter_label, points
from domain.set_points import VERDICTS, Side
from domain.telemetry import figure_text
from domain.wording import percent
from services.rows.decide import CaseView
from services.rows.set_points import MovedRow
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
        *_saved(case, site),
        _row("Validated limits", _whose(move, case),
             f"{figure_text(move.low)} to {figure_text(move.high, move.unit)}"),
    ]  # fmt: skip
    at = moment(case.evidence.at_us, site.time_zone, now_us)
    more = f'<p class="tw-small tw-gap">{link("All settings and their limits", "process")}</p>'
    last = safe(f"the newest operation ended {at}")
    counted = _counted(case, site, now_us)
    return heading("What is expected", last) + table((), body, right=(1,), tight=True) + counted + more


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


def saved_words(case: CaseView, site: SiteRow) -> str:
    """What the move is expected to save, for the title."""
    if not case.benefit_cents:
        return "what it saves is not counted"
    return f"saves about {money(case.benefit_cents, site.currency)} a week"


def _saved(case: CaseView, site: SiteRow) -> list[tuple[str, str]]:
    if not case.benefit_cents:
        return []
    low, high = (money(cents, site.currency) for cents in (case.benefit_low_cents, case.benefit_high_cents))
    return [_row("Saved in a week", f"90 %: {low} to {high}", money(case.benefit_cents, site.currency))]


def _counted(case: CaseView, site: SiteRow, now_us: int) -> str:
    """How the money was counted; else why none is shown."""
    e = case.evidence
    if case.benefit_cents:
        return how_counted(case, site, now_us)
    told = OTHER_VALUE if e.inputs else " ".join(e.assumptions)
    return f'<p class="tw-muted tw-small tw-gap">{safe(told)}</p>' if told else ""


def _whose(move: SettingMove, case: CaseView) -> str:
    scope = "this machine" if move.scope == case.equipment_id else "the whole line"
    return f"{move.validated_by}, entered by {move.entered_by} for {scope}"


OTHER_VALUE = "What it saves is not counted: another value than the advised one was approved."
BESIDE = "Other things may have changed at the same time: a comparison, no proof."


def outcome_panel(row: MovedRow | None) -> str:
    """Bad parts before and after, beside what was expected. '' before it is known."""
    if row is None:
        return ""
    o = row.outcome
    body = [
        _row("Bad parts before", _side(o.before), _share(o.before)),
        _row("Bad parts after", _side(o.after), _share(o.after)),
        _row("Change", _span(o.low, o.high), _points(o.change)),
        _row("Expected", *_expected(row)),
    ]
    note = f'<p class="tw-muted tw-small tw-last">{BESIDE}</p>'
    return panel("What came of it", table((), body, right=(1,), tight=True) + note, VERDICTS[o.verdict])


def moves_panel(rows: Sequence[MovedRow]) -> str:
    """Every set point that was moved on advice, for the screen of trust."""
    title = "Set points moved on advice, last 90 days"
    if not rows:
        return panel(title, empty("None has been judged yet."))
    head = ("", "Bad parts before", "After", "Change", "Expected", "")
    judged = [row.as_expected for row in rows if row.as_expected is not None]
    counts = {one: sum(row.outcome.verdict is one for row in rows) for one in VERDICTS}
    told = ", ".join(f"{count} {VERDICTS[one]}" for one, count in counts.items() if count)
    said = f"{told}; as expected in {sum(judged)} of {len(judged)}" if judged else told
    body = table(head, [_moved(row) for row in rows], right=(1, 2, 3, 4), tight=True)
    note = f"As expected: the two 90 % intervals overlap. {BESIDE}"
    return panel(title, body + f'<p class="tw-muted tw-small tw-last">{note}</p>', safe(said))


def _moved(row: MovedRow) -> Sequence[str]:
    o = row.outcome
    expected, came = _expected(row), small(safe(_span(o.low, o.high)))
    return (
        link(row.title, "case", case=str(row.number)) + small(safe(row.proposed_by.replace("_", " "))),
        _share(o.before) + small(safe(_side(o.before))),
        _share(o.after) + small(safe(_side(o.after))),
        _points(o.change) + came,
        safe(expected[1]) + small(safe(expected[0])),
        VERDICTS[o.verdict],
    )


def _side(side: Side) -> str:
    return f"{plural(side.operations, 'operation')}, {side.parts:,.0f} parts"


def _share(side: Side) -> str:
    return NOTHING if side.share is None else percent(side.share)


def _points(change: float | None) -> str:
    return NOTHING if change is None else f"{points(change)} points"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"90 %: {points(low)} to {points(high)}"


def _expected(row: MovedRow) -> tuple[str, str]:
    """The interval, and the change that was expected."""
    if row.expected is None:
        return "another value than the advised one was approved", NOTHING
    change, low, high = row.expected
    return _span(low, high), _points(change)
