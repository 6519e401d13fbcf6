"""The inbox: cases that wait for a decision, and those under way."""

from collections.abc import Sequence

from components.card import state_words
from components.links import link
from components.tables import empty, panel, table
from components.words import NOTHING, lapse, left, moment, money, of_100, plural, safe, worth_words
from domain.cases import ABOUT_SETTINGS, NO_FAULT, CaseKind
from domain.clock import HOUR
from domain.policy import urgency
from domain.recommendation import cause_label
from domain.saving import together
from services.rows.decide import Inbox, InboxRow
from services.rows.site import SiteRow

SOON_US = HOUR
NOTHING_WAITS = "No open case. New advice appears here by itself; what you notice yourself, raise as a case."
WAITING_HEAD = ("What is proposed", "Chance of a failure", "Worth", "Cost", "Decide within", "")
UNDER_WAY_HEAD = ("What was decided", "State", "Since", "")


def headline(inbox: Inbox, site: SiteRow, now_us: int) -> str:
    """The sentence on top of the inbox, HTML."""
    mine = [row for row in inbox.waiting if row.mine]
    if not inbox.waiting:
        return "<b>Nothing waits for a decision.</b>"
    sums = worth_words(together((row.kind, row.benefit_cents) for row in mine), site.currency)
    worth = f", worth about {sums}" if sums else ""
    start = f"<b>{plural(len(inbox.waiting), 'case')} {_waits(len(inbox.waiting))} for a decision</b>"
    if not mine:
        return f"{start}, none of them for you."
    first = min(mine, key=lambda row: urgency(row.deadline_us, row.benefit_cents))
    rest = left(first.deadline_us, now_us)
    name = safe(first.equipment_name)
    when = "within" if first.deadline_us > now_us else "is"
    return f"{start}, {len(mine)} for you{worth}. The first {when} {rest}: {name}."


def _waits(count: int) -> str:
    return "waits" if count == 1 else "wait"


def waiting_panel(rows: Sequence[InboxRow], site: SiteRow, now_us: int) -> str:
    """Cases that wait for a decision, mine first, then by the minute of the deadline, the dearest first."""
    if not rows:
        return panel("Waiting for a decision", empty(NOTHING_WAITS))
    body = table(WAITING_HEAD, (_waiting(row, site, now_us) for row in rows), right=(2, 3, 4, 5))
    return panel("Waiting for a decision", body, plural(len(rows), "case"))


def _waiting(row: InboxRow, site: SiteRow, now_us: int) -> Sequence[str]:
    rest = row.deadline_us - now_us
    soon = rest < SOON_US
    due = lapse(rest) if rest > 0 else left(row.deadline_us, now_us)
    return (
        f"<b>{link(row.title, 'case', case=str(row.number))}</b>{_where(row)}",
        f'{_chance(row)}<div class="tw-muted tw-small">{safe(cause_label(row.cause))}</div>',
        *_worth(row, site),
        f'<span class="tw-nw {"tw-high tw-num" if soon else ""}">{"&#9650; " if soon else ""}{due}</span>',
        link("Open", "case", case=str(row.number)) if row.mine else link("See", "case", case=str(row.number)),
    )


def _worth(row: InboxRow, site: SiteRow) -> tuple[str, str]:
    """What it is worth with its range, and what it costs. A case about a model has neither; one about a set
    point costs nothing, and is worth what it saves in a week, where that is known."""
    if row.kind in NO_FAULT and not row.benefit_cents:
        return NOTHING, NOTHING
    weekly = row.kind in ABOUT_SETTINGS
    low, high = (money(cents, site.currency) for cents in (row.benefit_low_cents, row.benefit_high_cents))
    return (
        f'<span class="tw-num tw-nw">{money(row.benefit_cents, site.currency, whole=True)}</span>'
        f'<div class="tw-muted tw-small tw-nw">{low} to {high}{" a week" if weekly else ""}</div>',
        NOTHING
        if weekly
        else f'<span class="tw-nw">{money(row.cost_cents, site.currency, whole=True)}</span>',
    )


RAISED_BY = {
    CaseKind.LIMIT.value: "beyond a fixed limit",
    CaseKind.CHART.value: "a chart broke a rule",
    CaseKind.ALARM.value: "an alarm came",
    CaseKind.SHORTAGE.value: "a part is missing",
    CaseKind.OUTLOOK.value: "the shift misses its target",
    CaseKind.PICTURES.value: "a series of bad parts",
    CaseKind.RETRAINING.value: "a model is not as it was",
    CaseKind.SET_POINT.value: "fewer bad parts expected",
}


def _chance(row: InboxRow) -> str:
    if row.probability is not None:
        return of_100(row.probability)
    return RAISED_BY.get(row.kind, "raised by a person")


def _where(row: InboxRow) -> str:
    to = f" &middot; with {'you' if row.assigned_to_me else safe(row.assigned_to)}" if row.assigned_to else ""
    return f'<div class="tw-muted tw-small">{safe(row.line_name)} &middot; case {row.number}{to}</div>'


def aside_panel(rows: Sequence[InboxRow], site: SiteRow, now_us: int) -> str:
    """Cases that somebody has put aside; they come back by themselves. '' when there are none."""
    body = [
        (
            f"{link(row.title, 'case', case=str(row.number))}{_where(row)}",
            f'<span class="tw-nw">back {moment(row.snoozed_until_us, site.time_zone, now_us)}</span>',
            f'<span class="tw-nw">{left(row.deadline_us, now_us)}</span>',
        )
        for row in rows
    ]
    head = ("What is proposed", "Put aside", "Decide within")
    return panel("Put aside", table(head, body, right=(2,)), plural(len(rows), "case")) if rows else ""


def under_way_panel(rows: Sequence[InboxRow], site: SiteRow, now_us: int) -> str:
    """Decided cases whose work is not finished; those that want a look come first."""
    body = table(UNDER_WAY_HEAD, (_under_way(row, site, now_us) for row in rows), right=(2, 3))
    return panel("Under way", body, plural(len(rows), "case")) if rows else ""


def _under_way(row: InboxRow, site: SiteRow, now_us: int) -> Sequence[str]:
    state = safe(state_words(row.kind, row.state.value))
    if row.attention:
        state = f'<span class="tw-high tw-num">&#9650; the receivers disagree</span>, {state}'
    return (
        f"{link(row.title, 'case', case=str(row.number))}{_where(row)}",
        state,
        f'<span class="tw-nw">{moment(row.opened_us, site.time_zone, now_us)}</span>',
        link("Open", "case", case=str(row.number)),
    )
