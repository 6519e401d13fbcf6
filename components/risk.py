"""Machines by risk: the sentence on top, the table, and one prediction in words."""

from collections.abc import Sequence

from components.charts import sparkline
from components.links import link
from components.tables import empty, panel, small, table
from components.words import (
    NOTHING,
    age_roughly,
    hours,
    life,
    metric_label,
    moment,
    money,
    of_100,
    plural,
    safe,
    unit_text,
)
from domain.clock import HOUR, SECOND
from domain.prediction import Prediction
from domain.recommendation import cause_label
from services.rows.predict import PredictionView, RiskRow
from services.rows.site import SiteRow

STALE_US = 90 * 60 * SECOND
HEAD = (
    "Machine",
    "Chance of a failure",
    "Last 2 days",
    "Remaining life",
    "What it looks like",
    "Since",
    "If left",
    "Data age",
    "",
)


def headline(rows: Sequence[RiskRow]) -> str:
    """The sentence on top of the risks, as HTML."""
    if not rows:
        return "No machine is placed here yet."
    high = sum(1 for r in rows if r.prediction is not None and r.prediction.above_threshold)
    unknown = sum(1 for r in rows if r.prediction is None or r.prediction.probability is None)
    verb = "is" if high == 1 else "are"
    start = (
        f"<b>{high} of {plural(len(rows), 'machine')} {verb} above the warning level.</b>"
        if high
        else f"<b>No machine of {len(rows)} is above the warning level.</b>"
    )
    return start + (f" For {unknown} the risk is not known yet." if unknown else "")


def risk_table(rows: Sequence[RiskRow], site: SiteRow, now_us: int) -> str:
    """The table of machines, riskiest first, with what is behind each figure one click away."""
    if not rows:
        return panel("Machines by risk", empty("No machine is placed on this line yet."))
    body = (_row(row, site, now_us) for row in rows)
    horizon = next((r.prediction.horizon_s for r in rows if r.prediction), 24 * 3600)
    title = f"Machines by risk of a failure within {hours(horizon * SECOND)}"
    return panel(title, table(HEAD, body, right=(6, 7)), models(rows))


def models(rows: Sequence[RiskRow]) -> str:
    """Which model versions made these predictions."""
    used = sorted({f"{r.prediction.model_name} {r.prediction.model_version}" for r in rows if r.prediction})
    return "model " + safe(", ".join(used)) if used else ""


def in_words(p: Prediction) -> str:
    """One prediction as a sentence, HTML."""
    if p.probability is None:
        return f"The risk is <b>not known yet</b>: {safe(reason(p.reason))}."
    span = hours(p.horizon_s * SECOND)
    words = f"A failure within {span} is expected in <b>{of_100(p.probability)}</b> such cases."
    if p.rul is not None:
        words += f" Remaining life about <b>{safe(life(p.rul, p.rul_low, p.rul_high, p.life_unit))}</b>."
    return words


def prediction_title(view: PredictionView, site: SiteRow, now_us: int) -> str:
    """Where we are, the machine, how old the prediction is, and the prediction in a sentence."""
    p = view.prediction
    trail = (
        link("Risks", "risks"),
        link(view.line_name, "risks", line=view.line_id),
        link(view.name, "machine", id=p.equipment_id),
    )
    case = (
        ""
        if view.case_number is None
        else link(f"Case {view.case_number}", "case", case=str(view.case_number))
    )
    newer = ""
    if view.newest_id != p.prediction_id:
        newer = "; " + link("there is a newer one", "explanation", prediction=view.newest_id)
    data = f"newest data {age_roughly(view.data_us, now_us)} old"
    when = f"made for {moment(p.at_us, site.time_zone, now_us)}{newer}<br>{data}"
    return (
        f'<div class="tw-title"><div><p class="tw-crumbs">{" &rsaquo; ".join(trail)}</p>'
        f"<h1>{safe(view.name)}</h1></div>"
        f'<div class="tw-r tw-muted">{case}<br>{when}</div></div><p class="tw-say">{in_words(p)}</p>'
    )


def reason(text: str) -> str:
    """Why a risk is not known, in words."""
    return text.replace("_", " ").strip(" .") or "no reason was given"


def _row(row: RiskRow, site: SiteRow, now_us: int) -> Sequence[str]:
    p = row.prediction
    machine = link(row.name, "machine", id=row.equipment_id)
    name = f'{machine}<div class="tw-muted tw-small tw-nw">{safe(row.line_name)}</div>'
    if p is None or p.probability is None:
        why = "this machine has not been scored yet" if p is None else reason(p.reason)
        chance = '<span class="tw-muted">not known yet</span>'
        looks = f'<span class="tw-muted">{safe(why)}</span>'
        remaining = NOTHING
    else:
        mark = '<span class="tw-tag tw-advice">&#9650; above level</span>' if p.above_threshold else ""
        chance = f'<span class="tw-num">{of_100(p.probability)}</span> {mark}'
        looks = _looks_like(row)
        remaining = _remaining(p)
    return (
        name,
        chance,
        sparkline(row.trend, alarming=p is not None and p.above_threshold),
        remaining,
        looks,
        f'<span class="tw-nw">{moment(row.since_us, site.time_zone, now_us)}</span>',
        f'<span class="tw-nw">{money(row.loss_cents, site.currency)}</span>',
        _data_age(row.data_us, now_us),
        _links(row),
    )


def _remaining(p: Prediction) -> str:
    if p.rul is None:
        return NOTHING
    unit = unit_text(p.life_unit)
    spread = "" if p.rul_low is None or p.rul_high is None else f"{p.rul_low:,.0f} to {p.rul_high:,.0f} "
    short = "h" if unit.endswith("hours") else unit
    return f'<span class="tw-nw">{p.rul:,.0f} {safe(short)}</span>{small(safe(spread + unit), "tw-nw")}'


def _looks_like(row: RiskRow) -> str:
    sensors = ", ".join(metric_label(m) for m in row.moved_by)
    if row.cause:
        tail = f'<div class="tw-muted tw-small">{safe(sensors)}</div>' if sensors else ""
        return f"{safe(cause_label(row.cause))}{tail}"
    return safe(sensors) if sensors else f'<span class="tw-muted">{NOTHING}</span>'


def _data_age(data_us: int | None, now_us: int) -> str:
    text = age_roughly(data_us, now_us)
    stale = data_us is None or now_us - data_us > HOUR
    return f'<span class="tw-nw tw-{"high" if stale else "muted"}">{"&#9650; " if stale else ""}{text}</span>'


def _links(row: RiskRow) -> str:
    parts = []
    if row.prediction is not None and row.prediction.probability is not None:
        parts.append(link("Why", "explanation", prediction=row.prediction.prediction_id))
    if row.case_number is not None:
        parts.append(link(f"Case {row.case_number}", "case", case=str(row.case_number)))
    return f'<span class="tw-nw">{" &nbsp; ".join(parts)}</span>'
