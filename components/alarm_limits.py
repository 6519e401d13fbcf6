"""Alarm limits in words and tables: what raises an alarm, what it is good for, who set it."""

from collections.abc import Sequence

from components.links import link
from components.tables import empty, panel, small, table
from components.words import lapse, metric_label, number, plural, safe, stamp, unit_text
from domain.alarms.kpis import TARGETS
from domain.alarms.life import Priority
from domain.clock import SECOND
from services.alarms.definition import Definition
from services.rows.alarms import DefinitionList, DefinitionRow
from services.rows.site import SiteRow

HEAD = ("Machine", "Alarm", "Priority", "Raised by", "What to do", "Set by")
SHAPES = {Priority.HIGH: "&#9632;", Priority.MEDIUM: "&#9650;", Priority.LOW: "&#9679;"}


def headline(found: DefinitionList) -> str:
    """How many alarms there are, and how their priorities are shared out; HTML."""
    used = [r.definition for r in found.rows if r.definition.active]
    if not used:
        return "<b>No alarm is set up here yet.</b>"
    shares = ", ".join(
        f"{100 * sum(d.priority is p for d in used) / len(used):.0f} % {p.value}"
        for p in (Priority.LOW, Priority.MEDIUM, Priority.HIGH)
    )
    goal = "/".join(f"{100 * TARGETS[p]:.0f}" for p in (Priority.LOW, Priority.MEDIUM, Priority.HIGH))
    off = f" {found.off} off." if found.off else ""
    return f"<b>{plural(len(used), 'alarm')}</b>: {shares} (good: about {goal}).{off}"


def limits_panel(found: DefinitionList, site: SiteRow) -> str:
    """The newest version of every alarm."""
    if not found.rows:
        return panel("Alarm limits", empty("No alarm fits. Choose another line or priority."))
    return panel("Alarm limits", table(HEAD, [_row(r, site) for r in found.rows], tight=True))


def _row(row: DefinitionRow, site: SiteRow) -> Sequence[str]:
    d = row.definition
    off = "" if d.active else '<span class="tw-tag tw-muted">off</span>'
    return (
        f"{link(row.equipment_name, 'machine', id=d.equipment_id)}{small(safe(row.position_name))}",
        f"<b>{link(d.name, 'alarm-limits', alarm=d.alarm_id)}</b> {off}{small(safe(d.consequence))}",
        f'<span class="tw-nw">{SHAPES[d.priority]} {d.priority.value}</span>',
        f'<span class="tw-nw">{limit_text(d, row.unit)}</span>{small(_delays(d, row.unit))}',
        safe(d.response),
        f"{safe(row.changed_by)}{small(stamp(row.changed_us, site.time_zone)[:10])}",
    )


def limit_text(d: Definition, unit: str) -> str:
    """`Temperature over 80 °C`."""
    return f"{safe(metric_label(d.watched))} {'over' if d.high else 'under'} {number(d.limit_value, unit)}"


def _delays(d: Definition, unit: str) -> str:
    if d.from_gateway:
        return "judged by the gateway; its file says for how long"
    back = f"{number(d.deadband)} {safe(unit_text(unit))} back".replace("  ", " ") if d.deadband else "back"
    stands = "; not while the machine stands" if d.suppress_when else ""
    return f"for {lapse(d.on_delay_s * SECOND)}; gone {back} for {lapse(d.off_delay_s * SECOND)}{stands}"


def versions_panel(rows: Sequence[DefinitionRow], site: SiteRow) -> str:
    """Every version of one alarm, newest first."""
    body = [
        (
            f"{r.definition.version}",
            f"{limit_text(r.definition, r.unit)}{small('' if r.definition.active else 'off')}",
            r.definition.priority.value,
            _delays(r.definition, r.unit),
            f"{safe(r.changed_by)}{small(stamp(r.changed_us, site.time_zone)[:16])}",
            safe(r.reason),
        )
        for r in rows
    ]
    head = ("Version", "Raised by", "Priority", "For how long", "Set by", "Why")
    return panel(f"Versions of {rows[0].definition.name}, {rows[0].equipment_name}", table(head, body))


def alarm_name(row: DefinitionRow) -> str:
    """An alarm in a list to choose from."""
    off = "" if row.definition.active else " (off)"
    return f"{row.equipment_name}: {row.definition.name}{off}"
