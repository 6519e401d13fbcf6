"""The choices of a case with what they cost, what they save, and every figure that was counted with."""

from collections.abc import Sequence

from components.charts import range_bar
from components.tables import bullets, panel, small, table
from components.words import moment, money, safe
from domain.cases import CaseKind
from domain.evidence import Alternative, CostInput
from domain.messages import MaintenanceOrder
from domain.recommendation import LEAVES_IT, Choice, minutes_text
from domain.wording import percent
from services.rows.decide import CaseView
from services.rows.site import SiteRow

ADVISED = ' <span class="tw-tag tw-advice">advised</span>'
PROPOSED = ' <span class="tw-tag">proposed</span>'  # by a person: violet is for what the models say


def choices_panel(case: CaseView, site: SiteRow, now_us: int) -> str:
    """Each choice with its expected cost and 90 % range; those that do not fit say why."""
    counted = [a for a in case.alternatives if a.counted]
    top = max((a.high_cents for a in counted), default=1)
    starts = {c.payload.work.start_us for c in case.commands if isinstance(c.payload.work, MaintenanceOrder)}
    signed = bool(case.signatures)
    tag = PROPOSED if case.kind == CaseKind.RAISED else ADVISED
    rows = [_choice(a, top, site.currency, tag, signed and a.start_us in starts) for a in counted]
    body = _saved(case, site) + table((), rows, right=(2,), wide=1) + _missing(case.alternatives)
    note = "lost: production, 90 % range"
    return panel("Choices: expected cost, 90 % range", body + how_counted(case, site, now_us), note)


def _saved(case: CaseView, site: SiteRow) -> str:
    """What the choice saves, in money and minutes, and against what."""
    chosen = next((a for a in case.alternatives if a.key == case.advised and a.counted), None)
    wait = next((a for a in case.alternatives if a.key == Choice.WAIT_FOR_ALARM), None)
    if chosen is None or wait is None or chosen.key in LEAVES_IT or case.benefit_cents <= 0:
        return ""
    span = f"{money(case.benefit_low_cents, site.currency)} to {case.benefit_high_cents / 100:,.0f}"
    minutes = wait.minutes - chosen.minutes
    time = f" and {_minutes(minutes)} of production" if minutes > 0 else ""
    return (
        f'<p class="tw-small">Saves about <b>{money(case.benefit_cents, site.currency)}</b> ({span}){time} '
        "against waiting for the limit alarm, which is what the plant would do anyway.</p>"
    )


def _minutes(minutes: int) -> str:
    return minutes_text(minutes * 60)


def _choice(a: Alternative, top: int, currency: str, mark: str, chosen: bool) -> Sequence[str]:
    tag = mark if a.advised else ""
    tag += ' <span class="tw-tag">chosen</span>' if chosen else ""
    label = (f"<b>{safe(a.label)}</b>" if a.advised else safe(a.label)) + tag
    why_not = "" if a.fits else small(f"not possible: {safe(a.why_not)}")
    bar = range_bar(a.low_cents, a.cost_cents, a.high_cents, top, advised=a.advised and mark == ADVISED)
    words = f"{money(a.low_cents, currency)} to {a.high_cents / 100:,.0f}"
    cost = f"<b>{money(a.cost_cents, currency)}</b>" if a.advised else money(a.cost_cents, currency)
    return (
        label + why_not + _lost(a) + _look(a, currency),
        f'<div class="tw-barcell">{bar}</div>',
        f'<span class="tw-nw">{cost}</span>{small(words, "tw-nw")}',
    )


def _lost(a: Alternative) -> str:
    """Production that is lost, with its range; what people do besides the work."""
    if not a.minutes_high:
        return small(safe(a.note)) if a.note else ""
    span = f"{_minutes(a.minutes)} lost ({_minutes(a.minutes_low)} to {_minutes(a.minutes_high)})"
    return small(span + (f"; {safe(a.note)}" if a.note else ""))


def _look(a: Alternative, currency: str) -> str:
    """What looking first costs, and what it tells is worth."""
    if a.look_cents is None or a.worth_cents is None:
        return ""
    told = f"worth {money(a.worth_cents, currency)}" if a.worth_cents > 0 else "worth nothing here"
    return small(f"the look costs {money(a.look_cents, currency)}, what it tells is {told}")


def _missing(alternatives: Sequence[Alternative]) -> str:
    rows = [f"<b>{safe(a.label)}</b>: {safe(a.why_not)}" for a in alternatives if not a.counted]
    if not rows:
        return ""
    lines = "".join(f"<li>{row}</li>" for row in rows)
    return f'<div class="tw-muted tw-small tw-gap">Not to be had now:<ul class="tw-list">{lines}</ul></div>'


def how_counted(case: CaseView, site: SiteRow, now_us: int) -> str:
    """The formula in words, and every input that can be opened."""
    e = case.evidence
    parts = ""
    if e.assumptions:
        parts += _details("How it is counted", bullets(e.assumptions, ""))
    if e.inputs:
        rows = [_input(one, site, now_us) for one in e.inputs]
        body = table(("Figure", "Value", "Where from, since when"), rows, right=(1,), tight=True)
        parts += _details(f"All {len(rows)} figures it is counted from", body)
    return parts


def _details(summary: str, body: str) -> str:
    return f'<details class="tw-details"><summary>{safe(summary)}</summary>{body}</details>'


def _input(one: CostInput, site: SiteRow, now_us: int) -> Sequence[str]:
    since = moment(one.since_us, site.time_zone, now_us) if one.since_us is not None else "not dated"
    value = f'<span class="tw-num tw-nw">{safe(_value(one, site.currency))}</span>'
    return safe(one.label), value, f"{safe(one.source)}{small(safe(since))}"


def _value(one: CostInput, currency: str) -> str:
    """The value with its unit, in the words of the floor."""
    texts = {
        "cents": lambda v: money(round(v), currency),
        "cents/h": lambda v: f"{money(round(v), currency)}/h",
        "s": lambda v: minutes_text(round(v)),
        "h": lambda v: f"{v:.1f} h",
        "share": lambda v: percent(v, 0),
        "pieces": lambda v: f"{v:,g} pieces",
    }
    return texts.get(one.unit, lambda v: f"{v:g}")(one.value)
