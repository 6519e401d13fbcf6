"""Machines by how unusual they are: the sentence on top, the tables, and one machine with its signals."""

from collections.abc import Sequence

from components.charts import limit_line, trend_svg
from components.links import link
from components.tables import bullets, empty, group, heading, lead, panel, small, stack, table
from components.words import (
    NOTHING,
    age_roughly,
    lapse,
    metric_label,
    model_text,
    moment,
    plural,
    safe,
    unit_text,
)
from services.rows.oddities import OddityBoard, OddityRow, OddityView, OddSignal, Standing, Watch
from services.rows.predict import Trend
from services.rows.site import SiteRow

ODD_HEAD = ("Machine", "Score by its limit", "Last 2 days", "Odd since", "Odd signals", "Data age", "")
REFUSED_HEAD = ("Machine", "Line", "Why it cannot be judged", "Last 2 days", "Data age", "")
STOOD_HEAD = ("Machine", "Line", "Last 2 days", "Data age", "")
USUAL_HEAD = ("Machine", "Line", "Score by its limit", "Last 2 days", "Data age", "")
NAMED = 3


def headline(board: OddityBoard) -> str:
    """The sentence on top, as HTML."""
    if not board.watch.model:
        return "<b>No model says what is unusual here.</b> The scoring process registers one when it starts."
    if board.watch.stopped_us is not None:
        return "<b>The model is stopped.</b> Nothing is scored; what is shown is from before."
    if not board.rows:
        return "No machine to show here."
    odd, refused, stood = (
        _count(board.rows, one) for one in (Standing.ODD, Standing.REFUSED, Standing.STOOD)
    )
    verb = "is" if odd == 1 else "are"
    start = (
        f"<b>{odd} of {plural(len(board.rows), 'machine')} {verb} odd.</b>"
        if odd
        else f"<b>No machine of {len(board.rows)} is odd.</b>"
    )
    still = f" {stood} stood still and {'was' if stood == 1 else 'were'} not judged." if stood else ""
    return start + (f" {refused} cannot be judged." if refused else "") + still


def note(watch: Watch) -> str:
    """Which model speaks, and how often it may be wrong; HTML."""
    if not watch.model:
        return ""
    stated = f"a healthy machine is called odd at most {watch.false_alarms:g} times a month"
    return safe(f"{model_text(watch.model, watch.version)}; {stated}")


def tables(board: OddityBoard, site: SiteRow, now_us: int) -> str:
    """Odd machines, those that cannot be judged, and the others."""
    if not board.rows:
        return panel("Machines", empty("No machine fits what is chosen above."))
    parts = {one: [row for row in board.rows if row.standing is one] for one in Standing}
    said = note(board.watch)
    return stack(
        group("Odd", parts[Standing.ODD], ODD_HEAD, lambda r: _odd(r, site, now_us), (5,), said),
        group("Cannot be judged", parts[Standing.REFUSED], REFUSED_HEAD, lambda r: _refused(r, now_us), (4,)),
        group(
            "Stood still, not judged", parts[Standing.STOOD], STOOD_HEAD, lambda r: _stood(r, now_us), (3,)
        ),
        group("As usual", parts[Standing.USUAL], USUAL_HEAD, lambda r: _usual(r, now_us), (2, 4), said),
    )


def title(view: OddityView, site: SiteRow, now_us: int) -> str:
    """Where we are, the machine, and where it stands in a sentence."""
    row = view.row
    trail = (link("Anomalies", "anomalies"), link(row.line_name, "anomalies", line=row.line_id),
             link(row.name, "machine", id=row.equipment_id))  # fmt: skip
    when = "" if row.at_us is None else f"half hour to {moment(row.at_us, site.time_zone, now_us)}"
    data = f"newest data {age_roughly(row.data_us, now_us)} old"
    return (
        f'<div class="tw-title"><div><p class="tw-crumbs">{" &rsaquo; ".join(trail)}</p>'
        f'<h1>{safe(row.name)}</h1></div><div class="tw-r tw-muted">{safe(when)}<br>{data}</div></div>'
        f'<p class="tw-say">{in_words(view, site, now_us)}</p>'
    )


def in_words(view: OddityView, site: SiteRow, now_us: int) -> str:
    """Where a machine stands as a sentence, HTML."""
    row = view.row
    if view.watch.stopped_us is not None:
        return "<b>The model is stopped.</b> Nothing is scored; what is shown is from before."
    if row.standing is Standing.REFUSED:
        return f"It <b>cannot be judged</b>: {safe(row.reason)}."
    if row.standing is Standing.STOOD:
        return "It has <b>stood still for hours</b>, so there is nothing to judge."
    if row.since_us is None:
        return "It behaves <b>as on its own usual days</b>."
    names = "; ".join(metric_label(one.metric) for one in row.signals[:NAMED])
    since = moment(row.since_us, site.time_zone, now_us)
    return f"It has been <b>odd since {safe(since)}</b>" + (f". {safe(names)}." if names else ".")


def course_panel(view: OddityView, site: SiteRow) -> str:
    """The score by its limit over a week."""
    if not any(value is not None for _, value in view.course):
        return panel("Score", empty("There is no score of the last seven days."))
    trend = Trend("score_by_its_limit", "", view.course)
    drawn = trend_svg(trend, None, site.time_zone, usual=1.0, line="limit")
    return panel("Score by its limit, seven days", drawn, note(view.watch))


def signals_panel(view: OddityView, site: SiteRow, now_us: int) -> str:
    """Which signals are odd, since when, and how far."""
    if not view.row.signals:
        return panel("Odd signals", empty("No signal is odd now."))
    head = ("Signal", "Odd since", "By its limit")
    rows = [_signal(one, site, now_us) for one in view.row.signals]
    why = "each against its own usual days, by how far healthy machines go; never what caused it"
    return panel("Odd signals", table(head, rows, right=(2,), tight=True) + small(safe(why)))


def trends_panel(view: OddityView, site: SiteRow) -> str:
    """The oddest signals over two days; nothing without any."""
    parts = [
        heading(", ".join(filter(None, (metric_label(one.metric), unit_text(one.unit)))))
        + trend_svg(one, None, site.time_zone)
        for one in view.trends
        if any(value is not None for _, value in one.points)
    ]
    return panel("The signals themselves, two days", "".join(parts)) if parts else ""


def limits_panel(view: OddityView) -> str:
    """What the model does not say."""
    return panel("What it does not say", bullets(view.limits, "The card names no limits."))


def sentence(board: OddityBoard) -> str:
    """The top of the screen."""
    return lead(headline(board))


def _count(rows: Sequence[OddityRow], standing: Standing) -> int:
    return sum(row.standing is standing for row in rows)


def _odd(row: OddityRow, site: SiteRow, now_us: int) -> Sequence[str]:
    mark = '<span class="tw-tag tw-advice">&#9670; odd</span>'
    return (
        _name(row) + small(safe(row.line_name), "tw-nw"),
        f'<span class="tw-num tw-nw">{_times(row)}</span><br>{mark}',
        limit_line(row.course, alarming=True),
        f'<span class="tw-nw">{moment(row.since_us, site.time_zone, now_us)}</span>',
        "<br>".join(_brief(one, now_us) for one in row.signals[:NAMED]) or NOTHING,
        _age(row, now_us),
        _why(row),
    )


def _refused(row: OddityRow, now_us: int) -> Sequence[str]:
    return (
        _name(row), _line(row), safe(row.reason), limit_line(row.course, height=18), _age(row, now_us),
        _why(row),
    )  # fmt: skip


def _stood(row: OddityRow, now_us: int) -> Sequence[str]:
    return _name(row), _line(row), limit_line(row.course, height=18), _age(row, now_us), _why(row)


def _usual(row: OddityRow, now_us: int) -> Sequence[str]:
    score = f'<span class="tw-nw">{_times(row)}</span>'
    return _name(row), _line(row), score, limit_line(row.course, height=18), _age(row, now_us), _why(row)


def _times(row: OddityRow) -> str:
    return NOTHING if row.times is None else f"{row.times:.1f} times"


def _brief(one: OddSignal, now_us: int) -> str:
    lasted = lapse(now_us - one.since_us)
    return f'{safe(metric_label(one.metric))} <span class="tw-muted tw-small">for {lasted}</span>'


def _signal(one: OddSignal, site: SiteRow, now_us: int) -> Sequence[str]:
    since = f'<span class="tw-nw">{moment(one.since_us, site.time_zone, now_us)}</span>'
    return safe(metric_label(one.metric)), since, f'<span class="tw-num">{one.times:.1f} times</span>'


def _name(row: OddityRow) -> str:
    return f'<span class="tw-nw">{link(row.name, "machine", id=row.equipment_id)}</span>'


def _line(row: OddityRow) -> str:
    return f'<span class="tw-muted tw-nw">{safe(row.line_name)}</span>'


def _age(row: OddityRow, now_us: int) -> str:
    return f'<span class="tw-nw tw-muted">{age_roughly(row.data_us, now_us)}</span>'


def _why(row: OddityRow) -> str:
    return f'<span class="tw-nw">{link("Look", "anomaly", id=row.equipment_id)}</span>'
