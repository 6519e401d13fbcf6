"""The card of a case: what, when, why, the choices and what will be sent. HTML from row shapes."""

from components import set_point
from components.charts import trend_svg
from components.evidence import arguments, contribution_bars
from components.links import href, link
from components.retraining import figures
from components.tables import bullets, heading, panel, small, table
from components.words import (
    age_roughly,
    lapse,
    left,
    metric_label,
    metric_unit,
    model_text,
    moment,
    money,
    safe,
    stamp,
)
from domain.cases import ABOUT_MODELS, ABOUT_SETTINGS, UNDECIDED, CaseKind
from domain.clock import MINUTE
from domain.evidence import Evidence
from domain.inspection import label_words
from services.rows.decide import CaseView
from services.rows.site import SiteRow

SOURCES = {
    "prediction": "Model",
    "anomaly": "Sensors",
    "chart": "Control chart",
    "alarm": "Alarm",
    "shortage": "Stock",
    "outlook": "Shift",
    "pictures": "Pictures",
    "person": "Person",
}
HALF_HOUR = 30 * MINUTE
STATES = {
    "approved": "approved, not sent yet",
    "sent": "approved and sent",
    "accepted": "accepted by the receivers",
    "done": "work done",
    "refused": "refused by the receivers",
    "cancelled": "taken back",
    "rejected": "rejected",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "judged": "closed with a finding",
}


TRAINING = {
    "approved": "approved, waits to be run",
    "sent": "approved, the training runs",
    "accepted": "approved, the training runs",
    "done": "a challenger was made",
    "refused": "refused, nothing was made",
}


MOVING = {
    "accepted": "accepted by the MES",
    "done": "moved in the MES",
    "refused": "not moved: refused",
    "judged": "closed, bad parts compared",
}


def state_words(kind: str, state: str) -> str:
    """Where a case stands, in words."""
    words = TRAINING if kind in ABOUT_MODELS else MOVING if kind in ABOUT_SETTINGS else {}
    return words.get(state) or STATES.get(state, state)


def case_title(case: CaseView, site: SiteRow, now_us: int, limit_cents: int) -> str:
    """Where we are, what is proposed, until when, and what it costs against the actor's limit."""
    places = (
        (link("Model watch", "model-watch"),)
        if case.kind in ABOUT_MODELS
        else (
            link(case.line_name, "inbox", line=case.line_id),
            link(case.equipment_name, "machine", id=case.equipment_id),
        )
    )
    trail = (link("Inbox", "inbox"), *places, f"case {case.number}")
    cost = f"cost {money(case.cost_cents, site.currency)}"
    if case.kind in ABOUT_MODELS:
        cost = "no order goes out"
    elif case.kind in ABOUT_SETTINGS:
        cost = set_point.saved_words(case, site)
    elif case.may_decide and case.state in UNDECIDED:
        cost += f"; you may approve up to {money(limit_cents, site.currency)}"
    return (
        f'<div class="tw-title"><div><p class="tw-crumbs">{" &rsaquo; ".join(trail)}</p>'
        f"<h1>{safe(case.title)}</h1></div>"
        f'<div class="tw-r"><div class="tw-due">{_due(case, now_us)}</div><div class="tw-muted">{cost}</div>'
        f"</div></div>{_banner(case)}"
    )


def _due(case: CaseView, now_us: int) -> str:
    if case.state not in UNDECIDED:
        return f"<b>{safe(state_words(case.kind, case.state.value))}</b>"
    rest = case.deadline_us - now_us
    return f"decide within <b>{lapse(rest)}</b>" if rest > 0 else f"<b>{left(case.deadline_us, now_us)}</b>"


def _banner(case: CaseView) -> str:
    if case.attention:
        return (
            '<div class="tw-note tw-alarm" role="status"><b>&#9650; Needs a look:</b> '
            f"{safe(case.attention_why or 'the receivers disagree')}. Take back what was accepted, "
            "or settle it with the receiver.</div>"
        )
    return f'<div class="tw-note" role="status">{safe(case.blocked)}</div>' if case.blocked else ""


def changed_note(case: CaseView) -> str:
    """Newer data changed the case while it was on the screen."""
    again = link("Show it", "case", case=str(case.number), v=str(case.version))
    return f'<div class="tw-note" role="status">The case has changed since you opened it. {again}</div>'


def why_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """The words, the trend with the window, the contributions, and what speaks against it."""
    left, right = _sides(case, site, now_us)
    two = f'<div class="tw-two"><div>{left}</div><div>{right}</div></div>'
    told = f'<p class="tw-say">{safe(case.evidence.words)}</p>{_pictures(case)}{_signals(case, site, now_us)}'
    return panel("Why", f"{told}{_trend(case, site, now_us)}{two}", _source(case, now_us))


def _sides(case: CaseView, site: SiteRow, now_us: int) -> tuple[str, str]:
    """What speaks for it, and what speaks against it with what would change it."""
    e, view = case.evidence, case.prediction
    against = arguments(e.against, e.would_change, _similar(e))
    if case.kind in ABOUT_MODELS:
        return figures(case, site, now_us), against
    if case.kind in ABOUT_SETTINGS:
        return set_point.figures(case, site, now_us), against + _limits(e)
    bars = ""
    if view is not None and view.explanation is not None:
        bars = contribution_bars(view.explanation, view.prediction.window_to_us, shown=6)
    return bars + _more(case), against + _limits(e)


def _pictures(case: CaseView) -> str:
    """The way to the pictures behind a series of bad parts."""
    ways = [
        f"<a {href('pictures', place=case.equipment_id, label=one.source_id)}>"
        f"Pictures of parts: {safe(label_words(one.source_id).lower())}</a>"
        for one in case.signals
        if one.kind == "pictures"
    ]
    return f'<p class="tw-say">{" &middot; ".join(ways)}</p>' if ways else ""


def _signals(case: CaseView, site: SiteRow, now_us: int) -> str:
    """What other sources say of the same machine and cause; what the case itself says is left out."""
    rows = [
        (
            f"<b>{safe(SOURCES.get(one.kind, one.kind))}</b>",
            f"{safe(one.words)}{small(safe(one.said_by))}",
            f'<span class="tw-nw">{moment(one.at_us, site.time_zone, now_us)}</span>',
        )
        for one in case.signals
        if not case.evidence.words.startswith(one.words)
    ]
    return heading("Also reported") + table((), rows, tight=True) if rows else ""


def _trend(case: CaseView, site: SiteRow, now_us: int) -> str:
    """The sensor that moved the risk most, with what is usual for it and the window of the model."""
    e, view = case.evidence, case.prediction
    if view is None or not view.trends:
        return ""
    first = next((t for t in view.trends if t.metric == e.main_metric), view.trends[0])
    begin, end = first.points[0][0], first.points[-1][0]
    until = "now" if now_us - end < HALF_HOUR else moment(end, site.time_zone, now_us)
    name = ", ".join(filter(None, (metric_label(first.metric), metric_unit(first.metric))))
    usual = next((m.usual for m in e.moved if m.metric == first.metric and m.usual is not None), None)
    drawing = trend_svg(first, (e.window_from_us, e.window_to_us), site.time_zone, usual=usual)
    return heading(name, f"{moment(begin, site.time_zone, now_us)} to {until}") + drawing


def _source(case: CaseView, now_us: int) -> str:
    if case.kind in ABOUT_MODELS:
        name = model_text(case.evidence.model_name, case.evidence.model_version)
        return f"model watch over {safe(name)}"
    if case.kind in ABOUT_SETTINGS:
        return safe(model_text(case.evidence.model_name, case.evidence.model_version))
    data = f"newest data {age_roughly(case.data_us, now_us)} old"
    if case.kind == CaseKind.RAISED:
        return f"raised by {safe(case.proposed_by)}; {data}"
    name = model_text(case.evidence.model_name, case.evidence.model_version)
    return f"{safe(name)}; {data}" if name else f"raised by {safe(case.proposed_by)}; {data}"


def _more(case: CaseView) -> str:
    if case.prediction is None:
        return ""
    more = link(
        "All contributions and sensors", "explanation", prediction=case.prediction.prediction.prediction_id
    )
    return f'<p class="tw-small tw-gap">{more}</p>'


def _limits(e: Evidence) -> str:
    """What the model cannot do, behind one click."""
    if not e.limits:
        return ""
    summary = "Known limits of the model"
    return f'<details class="tw-details"><summary>{summary}</summary>{bullets(e.limits, "")}</details>'


def _similar(e: Evidence) -> str:
    cases = ", ".join(link(f"case {s.number}", "case", case=str(s.number)) for s in e.similar[:9])
    return bullets(e.similar_words, "No decided case like this one yet.") + (
        f'<p class="tw-small">{cases}</p>' if cases else ""
    )


def meaning(text: str) -> str:
    """What a signature means, under the buttons and in the form."""
    return f'<p class="tw-meaning">{safe(text)}</p>'


def signatures_panel(case: CaseView, site: SiteRow) -> str:
    """Signatures as they must be readable: name, time, meaning, and what exactly was signed."""
    rows = [
        (
            f"<b>{safe(s.printed_name)}</b>",
            f"{safe(s.meaning)}<div class='tw-muted tw-small'>{stamp(s.signed_us, site.time_zone)}, record "
            f"{safe(s.record_hash[:16])}</div>",
        )
        for s in case.signatures
    ]
    return panel("Signatures", table((), rows, tight=True)) if rows else ""
