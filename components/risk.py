"""Machines by risk: the sentence on top, the table, and one prediction in words."""

from collections.abc import Sequence

from components.charts import sparkline
from components.links import link
from components.tables import empty, group, panel, small
from components.words import (
    NOTHING,
    age_roughly,
    hours,
    lapse,
    life,
    metric_label,
    model_text,
    moment,
    money,
    of_100,
    plural,
    safe,
    unit_text,
)
from domain.clock import HOUR, SECOND
from domain.drift import FEWEST_CASES
from domain.prediction import Prediction
from domain.recommendation import cause_label
from services.rows.predict import PredictionView, RiskRow
from services.rows.site import SiteRow

STALE_US = 90 * 60 * SECOND
HIGH_HEAD = (
    "Machine", "Chance of a failure", "Last 2 days", "Remaining life", "What it looks like", "Since",
    "If left", "Data age", "",
)  # fmt: skip
LOW_HEAD = (
    "Machine", "Line", "Chance of a failure", "Last 2 days", "Remaining life", "If left", "Data age", "",
)  # fmt: skip
UNKNOWN_HEAD = ("Machine", "Line", "Why it is not known", "Last 2 days", "Data age", "")


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
    horizon = next((r.prediction.horizon_s for r in rows if r.prediction), 24 * 3600)
    within = f"risk of a failure within {hours(horizon * SECOND)}"
    unknown = [r for r in rows if r.prediction is None or r.prediction.probability is None]
    high = [r for r in rows if r not in unknown and r.prediction is not None and r.prediction.above_threshold]
    low = [r for r in rows if r not in unknown and r not in high]
    parts = (
        group("Above the warning level", high, HIGH_HEAD, lambda r: _high(r, site, now_us), (6, 7), within),
        group("Not known yet", unknown, UNKNOWN_HEAD, lambda r: _unknown(r, now_us), (4,)),
        group(
            "Below the warning level", low, LOW_HEAD, lambda r: _low(r, site, now_us), (5, 6), models(rows)
        ),
    )
    return f'<div class="tw-stack">{"".join(parts)}</div>'


def models(rows: Sequence[RiskRow]) -> str:
    """Which model versions made these predictions."""
    made = [r.prediction for r in rows if r.prediction]
    return safe("; ".join(sorted({model_text(p.model_name, p.model_version) for p in made})))


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


def _high(row: RiskRow, site: SiteRow, now_us: int) -> Sequence[str]:
    p = row.prediction
    mark = '<span class="tw-tag tw-advice">&#9670; above level</span>'
    return (
        _name(row, now_us) + small(safe(row.line_name), "tw-nw"),
        f'<span class="tw-num tw-nw">{_chance(row)}</span><br>{mark}',
        sparkline(row.trend if _backed(row) else (), alarming=True),
        _remaining(p),
        _looks_like(row),
        f'<span class="tw-nw">{moment(row.since_us, site.time_zone, now_us)}</span>',
        _if_left(row, site),
        _data_age(row.data_us, now_us),
        _links(row),
    )


def _low(row: RiskRow, site: SiteRow, now_us: int) -> Sequence[str]:
    p = row.prediction
    return (
        _name(row, now_us),
        f'<span class="tw-muted tw-nw">{safe(row.line_name)}</span>',
        f'<span class="tw-nw">{_chance(row)}</span>',
        sparkline(row.trend if _backed(row) else (), height=18),
        _remaining(p),
        _if_left(row, site),
        _data_age(row.data_us, now_us),
        _links(row),
    )


def _if_left(row: RiskRow, site: SiteRow) -> str:
    """The expected cost of a failure; without a case it is counted roughly, and says so."""
    if row.loss_cents is None or not _backed(row):
        return NOTHING
    about = "about " if row.loss_is_rough else ""
    return f'<span class="tw-nw">{about}{money(row.loss_cents, site.currency, whole=True)}</span>'


def _unknown(row: RiskRow, now_us: int) -> Sequence[str]:
    p = row.prediction
    why = "this machine has not been scored yet" if p is None else reason(p.reason)
    return (
        _name(row, now_us),
        f'<span class="tw-muted tw-nw">{safe(row.line_name)}</span>',
        safe(why),
        sparkline(row.trend, height=18),
        _data_age(row.data_us, now_us),
        _links(row),
    )


def _chance(row: RiskRow) -> str:
    """The chance in words; none that fewer than 20 failures stand behind."""
    if not _backed(row):
        return small(f"too few: {row.backed} of {FEWEST_CASES} cases")
    return of_100(row.prediction.probability if row.prediction else None)


def _backed(row: RiskRow) -> bool:
    return row.backed is None or row.backed >= FEWEST_CASES


def _name(row: RiskRow, now_us: int) -> str:
    name = f'<span class="tw-nw">{link(row.name, "machine", id=row.equipment_id)}</span>'
    if row.learning_until_us is None:
        return name
    rest = lapse(row.learning_until_us - now_us)
    return name + small(safe(f"learning for {rest} more, after {row.learning_why}: less sure than it looks"))


def _remaining(p: Prediction | None) -> str:
    """`7 h` with its 90 % interval behind it; an open end reads as it is stored."""
    if p is None or p.rul is None:
        return NOTHING
    unit = unit_text(p.life_unit)
    short = "h" if unit.endswith("hours") else unit
    spread = "" if p.rul_low is None or p.rul_high is None else f"{p.rul_low:,.0f} to {p.rul_high:,.0f}"
    value = f"{p.rul:,.0f} {safe(short)}"
    return f'<span class="tw-nw">{value} <span class="tw-muted tw-small">({spread})</span></span>'


def _looks_like(row: RiskRow) -> str:
    sensors = ", ".join(metric_label(m) for m in row.moved_by)
    if row.cause:
        tail = f'<div class="tw-muted tw-small">{safe(sensors)}</div>' if sensors else ""
        return f"{safe(cause_label(row.cause))}{tail}"
    return safe(sensors) if sensors else f'<span class="tw-muted">{NOTHING}</span>'


def _data_age(data_us: int | None, now_us: int) -> str:
    text = age_roughly(data_us, now_us)
    stale = data_us is not None and now_us - data_us > HOUR  # one that never spoke is new, not abnormal
    return f'<span class="tw-nw tw-{"high" if stale else "muted"}">{"&#9650; " if stale else ""}{text}</span>'


def _links(row: RiskRow) -> str:
    parts = []
    if row.prediction is not None and row.prediction.probability is not None:
        parts.append(link("Why", "explanation", prediction=row.prediction.prediction_id))
    if row.case_number is not None:
        parts.append(link(f"Case {row.case_number}", "case", case=str(row.case_number)))
    return f'<span class="tw-nw">{" &nbsp; ".join(parts)}</span>'
