"""Alarms in words and tables. Priority has a shape and a word beside its colour."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, age_roughly, moment, number, plural, safe, stamp, unit_text
from domain.alarms.kpis import TARGETS
from domain.alarms.life import Priority, State
from services.rows.alarms import AlarmBoard, AlarmFigures, AlarmRow, JournalRow
from services.rows.predict import RiskRow
from services.rows.site import SiteRow

HEAD = ("", "Alarm", "Machine", "State", "Since", "Value", "What to do", "Last word")
STATES = {
    State.NORMAL: "normal",
    State.UNACKNOWLEDGED: "not acknowledged",
    State.ACKNOWLEDGED: "acknowledged, still there",
    State.RETURNED: "gone, not acknowledged",
    State.SHELVED: "shelved",
    State.SUPPRESSED: "suppressed by design",
    State.OUT_OF_SERVICE: "out of service",
}
EVENTS = {
    "activated": "came",
    "cleared": "went",
    "acknowledged": "acknowledged",
    "shelved": "shelved",
    "unshelved": "back from the shelf",
    "suppressed": "suppressed by design",
    "unsuppressed": "no longer suppressed",
    "removed": "taken out of service",
    "returned_to_service": "back in service",
}
MARKS = {
    Priority.HIGH: '<span class="tw-critical tw-num tw-nw">&#9632; high</span>',
    Priority.MEDIUM: '<span class="tw-high tw-num tw-nw">&#9650; medium</span>',
    Priority.LOW: '<span class="tw-num tw-nw">&#9679; low</span>',
}
QUIET = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})


def board_headline(board: AlarmBoard) -> str:
    """The sentence on top, HTML."""
    waiting = [r for r in board.rows if r.state in (State.UNACKNOWLEDGED, State.RETURNED)]
    if board.flood:
        return (
            f'<b class="tw-high">&#9650; Flood: {board.last_ten} alarms in 10 minutes.</b> '
            "Answer the high ones first; the rest can wait."
        )
    if not board.defined:
        return "No alarm is set up here yet."
    if not waiting:
        return f"<b>No alarm waits for you.</b> {plural(board.defined, 'alarm')} watched."
    high = sum(r.priority is Priority.HIGH for r in waiting)
    more = f", {high} of high priority" if high else ""
    verb = "waits" if len(waiting) == 1 else "wait"
    return f"<b>{plural(len(waiting), 'alarm')} {verb} to be acknowledged{more}.</b>"


def board_panel(rows: Sequence[AlarmRow], site: SiteRow, now_us: int) -> str:
    """Alarms that ask, or are there."""
    shown = [r for r in rows if r.state not in QUIET]
    if not shown:
        return panel("Alarms", empty("Nothing beyond its limit. New alarms appear here by themselves."))
    return panel("Alarms", table(HEAD, (_row(r, site, now_us) for r in shown), right=(5,)))


def quiet_panel(rows: Sequence[AlarmRow], site: SiteRow, now_us: int) -> str:
    """Alarms that ask for nobody, and why: shelved ones, those out of service; the suppressed counted."""
    shown = [r for r in rows if r.state in (State.SHELVED, State.OUT_OF_SERVICE)]
    suppressed = [r for r in rows if r.state is State.SUPPRESSED]
    body = "".join(
        [
            table(("Alarm", "State", "Until", "Who and why"), [_quiet(r, site, now_us) for r in shown])
            if shown
            else "",
            small(f"{plural(len(suppressed), 'alarm')} suppressed by design: their machines stand.")
            if suppressed
            else "",
        ]
    )
    return panel("Not asking for anybody", body or empty("None."))


def _quiet(row: AlarmRow, site: SiteRow, now_us: int) -> Sequence[str]:
    return (
        f"{safe(row.name)}{small(safe(row.equipment_name))}",
        STATES[row.state],
        moment(row.shelved_until_us, site.time_zone, now_us),
        f"{safe(row.note_by)}: {safe(row.note)}",
    )


def _row(row: AlarmRow, site: SiteRow, now_us: int) -> Sequence[str]:
    over = "over" if row.high else "under"
    limit = small(f"{over} {number(row.limit, row.unit)}")
    asks = row.state in (State.UNACKNOWLEDGED, State.RETURNED)
    state = f"<b>{STATES[row.state]}</b>" if asks else STATES[row.state]
    said = f"{safe(row.note_by)}{small(safe(row.note))}" if row.note_by else ""
    return (
        MARKS[row.priority] if row.active else f'<span class="tw-muted tw-nw">{row.priority}</span>',
        f"<b>{safe(row.name)}</b>{small(safe(row.consequence))}",
        link(row.equipment_name, "machine", id=row.equipment_id),
        state,
        f'<span class="tw-nw">{moment(row.since_us, site.time_zone, now_us)}</span>'
        f"{small(age_roughly(row.since_us, now_us))}",
        f'<span class="tw-nw">{number(row.value, row.unit)}</span>{limit}',
        safe(row.response),
        said,
    )


def alerts_panel(rows: Sequence[RiskRow], now_us: int) -> str:
    """What models warn of. An alert, never an alarm: nobody has to answer within minutes."""
    if not rows:
        return panel("Alerts of the models", empty("No machine is above the warning level."))
    body = table(
        ("Machine", "Since"),
        [
            (
                link(r.name, "explanation", machine=r.equipment_id),
                age_roughly(r.prediction.at_us if r.prediction else None, now_us),
            )
            for r in rows
        ],
        right=(1,),
        tight=True,
    )
    note = small("A risk is an alert, not an alarm: it is decided in the inbox, not acknowledged here.")
    return panel("Alerts of the models", body + note)


def label(row: AlarmRow) -> str:
    """An alarm in a list to choose from."""
    return f"{row.equipment_name}: {row.name} ({row.priority}, {STATES[row.state]})"


def figures_headline(found: AlarmFigures) -> str:
    """The sentence on top of the figures, HTML."""
    k = found.kpis
    if not k.total:
        return "<b>No alarm asked for an operator in this stretch.</b>"
    judged = "within the target of about 1" if k.rate <= 1 else "more than the target of about 1"
    floods = f" {plural(len(k.floods), 'flood')}." if k.floods else " No flood."
    return f"<b>{k.rate:.2f} alarms in 10 minutes on average</b>, {judged}; {k.total} in all.{floods}"


def figures_panel(found: AlarmFigures) -> str:
    """The figures against their targets (ISA-18.2), those off target marked."""
    k = found.kpis
    rows = [
        ("Alarms per 10 minutes, mean", f"{k.rate:.2f}", "about 1", k.rate > 1.05),
        ("Alarms per 10 minutes, highest", f"{k.worst}", "at most 10", k.worst > 10),
        ("Alarms a day", f"{k.total / max(found.days, 1e-9):.0f}", "about 144", k.rate > 1.05),
        ("Share of time in floods", f"{100 * k.flooded:.1f} %", "under 1 %", k.flooded >= 0.01),
        ("There for more than a day", f"{len(found.stale)}", "under 5", len(found.stale) >= 5),
        ("Alarms that chatter", f"{len(k.chattering)}", "0", bool(k.chattering)),
    ]
    rows += [
        (f"Share of {p} priority", f"{100 * k.split[p]:.0f} %", f"about {100 * TARGETS[p]:.0f} %", False)
        for p in (Priority.LOW, Priority.MEDIUM, Priority.HIGH)
    ]
    body = [
        (name, f'<span class="tw-high tw-num">&#9650; {value}</span>' if off else f"<b>{value}</b>", target)
        for name, value, target, off in rows
    ]
    return panel("Figures", table(("", "Here", "Target"), body, right=(1, 2)))


def frequent_panel(found: AlarmFigures) -> str:
    """The alarms that ask most, and those that chatter: where work on alarms pays."""
    k, names = found.kpis, found.names
    chatter = dict(k.chattering)
    rows = [
        (
            f"{safe(names.get(key, (key, ''))[0])}{small(safe(names.get(key, ('', ''))[1]))}",
            f"{count}",
            f"{100 * count / k.total:.0f} %",
            f'<span class="tw-high tw-num">&#9650; {chatter[key]} times</span>'
            if key in chatter
            else NOTHING,
        )
        for key, count in k.frequent
    ]
    body = (
        table(("Alarm", "Times", "Share", "Three within a minute"), rows, right=(1, 2, 3))
        if rows
        else empty("None.")
    )
    return panel("Most frequent", body)


def stale_panel(found: AlarmFigures, site: SiteRow, now_us: int) -> str:
    """Alarms that have been there for more than a day."""
    if not found.stale:
        return ""
    rows = [
        (safe(r.name), safe(r.equipment_name), moment(r.since_us, site.time_zone, now_us), STATES[r.state])
        for r in found.stale
    ]
    return panel("There for more than a day", table(("Alarm", "Machine", "Since", "State"), rows))


def journal_panel(found: AlarmFigures, site: SiteRow) -> str:
    """The newest lines of the journal."""
    if not found.journal:
        return panel("Journal", empty("Nothing happened in this stretch."))
    return panel(
        "Journal, newest first",
        table(_JOURNAL, (_line(r, site) for r in found.journal), right=(4,), tight=True),
    )


_JOURNAL = ("When", "Alarm", "Priority", "What", "Value", "Who", "Words")


def _line(row: JournalRow, site: SiteRow) -> Sequence[str]:
    return (
        f'<span class="tw-nw">{stamp(row.at_us, site.time_zone)}</span>',
        f"{safe(row.name)}{small(safe(row.equipment_name))}",
        row.priority.value,
        EVENTS.get(row.event, row.event),
        f'<span class="tw-nw">{number(row.value, row.unit)}</span>',
        safe(row.who),
        safe(row.note),
    )


def journal_csv(found: AlarmFigures, site: SiteRow) -> bytes:
    """The same as CSV."""
    head = ("when", "alarm", "machine", "priority", "event", "value", "unit", "who", "note")
    return csv_bytes(
        head,
        (
            (
                stamp(r.at_us, site.time_zone), r.name, r.equipment_name, r.priority.value, r.event, r.value,
                unit_text(r.unit), r.who, r.note,
            )
            for r in found.journal
        ),
    )  # fmt: skip
