"""Alarms in words and tables. Priority has a shape and a word beside its colour."""

from collections.abc import Sequence

from components.links import link
from components.tables import csv_bytes, empty, panel, small, table
from components.words import NOTHING, age_roughly, instant, moment, number, plural, safe, stamp, unit_text
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
STALE_SHOWN = 12
LATE = "kept at the gateway, told later"
QUIET = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})


def board_headline(board: AlarmBoard) -> str:
    """The sentence on top, HTML."""
    waiting = [r for r in board.rows if r.state in (State.UNACKNOWLEDGED, State.RETURNED)]
    if board.flood:
        return (
            f'<b class="tw-high">&#9650; Flood: {board.last_ten} alarms in 10 minutes at one position.</b> '
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
    by = "; judged by the gateway" if row.from_gateway else ""
    limit = small(f"{over} {number(row.limit, row.unit)}{', stale' if row.stale else ''}{by}")
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


def stale_values(board: AlarmBoard) -> str:
    """Alarms that cannot speak: nothing is known of their value. Nothing when there are none."""
    if not board.stale:
        return ""
    rows = [
        (f"{safe(r.name)}", link(r.equipment_name, "machine", id=r.equipment_id), STATES[r.state])
        for r in board.stale[:STALE_SHOWN]
    ]
    more = len(board.stale) - len(rows)
    rest = small(f"and {more} more") if more > 0 else ""
    note = small("Their sources are silent: no value to judge, so no delay runs. Look at the machine.")
    title = f"Stale: {plural(len(board.stale), 'alarm')} without a value"
    return panel(title, note + table(("Alarm", "Machine", "State"), rows, tight=True) + rest)


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
    name, busiest = found.positions[0]
    judged = "within the target of about 1" if busiest.rate <= 1 else "more than the target of about 1"
    at = f" at {safe(name)}, the busiest position" if len(found.positions) > 1 else ""
    count = sum(len(one.floods) for _, one in found.positions)
    floods = f" {plural(count, 'flood')}." if count else " No flood."
    return (
        f"<b>{busiest.rate:.2f} alarms in 10 minutes on average</b>{at}, {judged}; {k.total} in all.{floods}"
    )


def figures_panel(found: AlarmFigures) -> str:
    """The figures against their targets (ISA-18.2), those off target marked. Targets on rates hold for one
    operator position: of several, the worst is shown."""
    k = found.kpis
    each = [one for _, one in found.positions] or [k]
    rate, worst = max(one.rate for one in each), max(one.worst for one in each)
    a_day = max(one.total for one in each) / max(found.days, 1e-9)
    flooded = max(one.flooded for one in each)
    rows = [
        ("Alarms per 10 minutes, mean", f"{rate:.2f}", "about 1", rate > 1.05),
        ("Alarms per 10 minutes, highest", f"{worst}", "at most 10", worst > 10),
        ("Alarms a day", f"{a_day:.0f}", "about 144", rate > 1.05),
        ("Share of time in floods", f"{100 * flooded:.1f} %", "under 1 %", flooded >= 0.01),
        ("There for more than a day, a day", f"{found.stale_a_day:.1f}", "under 5", found.stale_a_day >= 5),
        ("There for more than a day, now", f"{len(found.stale)}", "", False),
        ("Alarms that chatter", f"{len(k.chattering)}", "0", bool(k.chattering)),
    ]
    rows += [
        (f"Share of {p} priority", f"{100 * k.split[p]:.0f} %", f"about {100 * TARGETS[p]:.0f} %", False)
        for p in (Priority.LOW, Priority.MEDIUM, Priority.HIGH)
    ]
    body = [
        (name, _against(value, True) if off else f"<b>{value}</b>", target)
        for name, value, target, off in rows
    ]
    title = "Figures, rates of the worst position" if len(each) > 1 else "Figures"
    return panel(title, table(("", "Here", "Target"), body, right=(1, 2)))


def positions_panel(found: AlarmFigures) -> str:
    """The rates of each operator position, when there are several."""
    if len(found.positions) < 2:
        return ""
    rows = [
        (safe(name), _against(f"{k.rate:.2f}", k.rate > 1.05), _against(f"{k.worst}", k.worst > 10),
         _against(f"{len(k.floods)}", bool(k.floods)), f"{k.total}")
        for name, k in found.positions
    ]  # fmt: skip
    head = ("Position", "Per 10 minutes", "Highest", "Floods", "In all")
    return panel("By operator position", table(head, rows, right=(1, 2, 3, 4)))


def _against(value: str, off: bool) -> str:
    return f'<span class="tw-high tw-num">&#9650; {value}</span>' if off else value


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


def journal_panel(rows: Sequence[JournalRow], count: int, site: SiteRow) -> str:
    """One page of the journal, and how many lines there are."""
    if not rows:
        return panel("Journal", empty("Nothing happened in this stretch."))
    body = table(_JOURNAL, (_line(r, site) for r in rows), right=(4,), tight=True)
    return panel("Journal, newest first", body, plural(count, "line"))


_JOURNAL = ("When", "Alarm", "Priority", "What", "Value", "Who", "Words")


def _line(row: JournalRow, site: SiteRow) -> Sequence[str]:
    return (
        f'<span class="tw-nw">{stamp(row.at_us, site.time_zone)}</span>',
        f"{safe(row.name)}{small(safe(row.equipment_name))}",
        row.priority.value,
        f"{EVENTS.get(row.event, row.event)}{small(LATE) if row.historical else ''}",
        f'<span class="tw-nw">{number(row.value, row.unit)}</span>',
        safe(row.who),
        safe(row.note),
    )


def journal_csv(rows: Sequence[JournalRow], site: SiteRow) -> bytes:
    """Lines of the journal as CSV."""
    head = ("when", "alarm", "machine", "priority", "event", "value", "unit", "who", "note", "told_later")
    return csv_bytes(
        head,
        (
            (
                instant(r.at_us, site.time_zone), r.name, r.equipment_name, r.priority.value, r.event,
                r.value, unit_text(r.unit), r.who, r.note, int(r.historical),
            )
            for r in rows
        ),
    )  # fmt: skip
