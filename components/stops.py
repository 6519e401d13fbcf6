"""Stops to work on, what was said of one, and how well reasons are known."""

from collections.abc import Sequence

from components.tables import empty, panel, small, table
from components.words import lapse, local, plural, safe, stamp
from domain.clock import HOUR, SECOND
from domain.fact_sources import FACTS
from domain.kpi import MinorModel
from domain.reasons import Tree
from domain.stop_causes import Strength
from domain.wording import percent
from services.rows.site import SiteRow
from services.rows.stops import ActRow, LineReasons, PolicyRow, ReasonQuality, Share, StopItem, StopList

DID = {
    "name": "named it",
    "split": "split it",
    "merge": "joined two parts",
    "revert": "took the last act back",
}
MODELS = {
    MinorModel.AVAILABILITY: "availability (ISO 22400)",
    MinorModel.PERFORMANCE: "performance (six big losses)",
}
LEVEL_HEAD = ("Line", "Stops", "No reason", "of the time", "Another reason", "of the time", "Entries",
              "Entry time", "Seconds an operator-hour")  # fmt: skip


def headline(found: StopList) -> str:
    """How many wait for a reason; HTML."""
    waiting, others, short = found.unnamed, found.waited, ""
    if found.short_count:
        short = (
            f" {plural(found.short_count, 'short stop')} under {lapse(found.limit_us)}, together "
            f"{lapse(found.short_us)}, {'needs' if found.short_count == 1 else 'need'} no reason."
        )
    if not found.count:
        return f"<b>{safe(found.line_name)}: no stop that needs a reason.</b>{short}"
    said = f"{plural(waiting, 'stop')} without a reason" if waiting else "every stop has a reason"
    if others:
        short = f" {plural(others, 'time')} a machine waited for another one.{short}"
    return f"<b>{safe(found.line_name)}: {said}.</b>{short}"


def label(stop: StopItem, tree: Tree, zone: str) -> str:
    """One line for the button of a stop; plain text."""
    reasons = list(
        dict.fromkeys(
            tree.name(p.reason) if p.reason else "waited" if stop.waited else "no reason" for p in stop.pieces
        )
    )
    still = "stands since" if stop.open else f"{lapse(stop.to_us - stop.from_us)} from"
    mark = "\u25b2 " if stop.unnamed and not stop.waited else ""
    return f"{mark}{stop.machine}, {still} {local(stop.from_us, zone):%H:%M}: {', '.join(reasons)}"


def stop_panel(stop: StopItem, tree: Tree, site: SiteRow) -> str:
    """A stop with its parts and what is known of it; HTML."""
    zone = site.time_zone
    end = "still stands" if stop.open else f"to {local(stop.to_us, zone):%H:%M:%S}"
    title = (
        f"{stop.machine}, {local(stop.from_us, zone):%a %H:%M:%S} {end}, {lapse(stop.to_us - stop.from_us)}"
    )
    rows = [
        (
            f"{local(p.from_us, zone):%H:%M:%S} to {local(p.to_us, zone):%H:%M:%S}",
            lapse(p.to_us - p.from_us),
            _reason(p.reason, p.source, tree),
        )
        for p in stop.pieces
    ]
    booked = small(f"The MES says: {safe(stop.booked)}") if stop.booked else ""
    flag = '<span class="tw-tag tw-high">&#9650; changed by a person</span>' if stop.overridden else ""
    return panel(title, table((), rows, right=(1,)) + booked, flag)


def _reason(code: str, source: str, tree: Tree) -> str:
    if not code:
        return '<span class="tw-high tw-num">&#9650; no reason</span>'
    told = {"person": "", "mes": small("from the MES")}[source]
    return f"<b>{safe(tree.name(code))}</b>{told}"


def because(stop: StopItem, names: Tree) -> str:
    """Why a reason is proposed, with its chance where a model says it; HTML."""
    if stop.proposal is None:
        return ""
    one = stop.proposal
    chance = "" if one.chance is None else f", {percent(one.chance, 0)}"
    sure = "" if one.strength is Strength.STRONG else ", not sure"
    said = f"{names.name(one.reason)}{chance}: {one.because}{sure}."
    return f'<p class="tw-advice tw-last"><b>Proposed</b> {safe(said)}</p>'


def history_panel(acts: Sequence[ActRow], tree: Tree, site: SiteRow) -> str:
    """Who said what, when, and what was there before; HTML."""
    rows = [
        (
            f'<span class="tw-nw">{stamp(act.at_us, site.time_zone)}</span>',
            safe(act.who),
            safe(DID.get(act.kind, act.kind)) + (f": {safe(tree.name(act.reason))}" if act.reason else ""),
            safe(tree.name(act.earlier)) if act.earlier else "\u2013",
            safe(act.note) + ('<span class="tw-tag tw-muted">taken back</span>' if act.taken_back else ""),
        )
        for act in acts
    ]
    head = ("When", "Who", "What", "Before", "Note")
    return panel("What was said", table(head, rows, tight=True)) if rows else ""


def quality_headline(found: ReasonQuality) -> str:
    """The two shares and what they mean together; HTML."""
    stops = sum(row.stops for row in found.lines)
    if not stops:
        return "<b>No stop that needs a reason in this time.</b>"
    unnamed, other = sum(r.unnamed for r in found.lines), sum(r.other for r in found.lines)
    return (
        f"<b>{percent(unnamed / stops, 0)} of {plural(stops, 'stop')} have no reason, "
        f"{percent(other / stops, 0)} another reason.</b> {_bias(found.shown, found.hidden)}"
    )


def _bias(shown: Share, hidden: Share) -> str:
    if min(shown.total, hidden.total) < 20:
        return "Too few named stops yet to compare with those whose proposal was hidden."
    if shown.low > hidden.high:
        return "People agree more often when they see the proposal: they follow it."
    return "People agree with the proposals about as often when they do not see the proposal."


def agreement_panel(found: ReasonQuality) -> str:
    """Agreement where the proposal was seen, and where it was not; HTML."""
    rows = [
        (name, f"{s.agreed} of {s.total}", percent(s.agreed / s.total) if s.total else "\u2013", _range(s))
        for name, s in (("Proposal was shown", found.shown), ("Proposal was hidden (5 %)", found.hidden))
    ]
    note = small(
        "The hidden ones are drawn by the stop's own name, the same for everybody. Only they may teach or "
        "judge them: what people say after they saw a proposal is partly the proposal's own voice."
    )
    return panel(
        "Do people and proposals agree?",
        table(("", "Agreed", "Share", "95 % range"), rows, right=(1, 2, 3)) + note,
    )


def _range(s: Share) -> str:
    return f"{percent(s.low, 0)} to {percent(s.high, 0)}" if s.total else "\u2013"


def lines_panel(rows: Sequence[LineReasons]) -> str:
    """Reasons and entry by line; HTML."""
    if not rows:
        return panel("Lines", empty("No line is open to you here."))
    note = small(
        "Short stops and waiting for other machines are left out. "
        "An operator-hour is an hour of a line's shift, one position a line. "
        "Entry time runs from the first tap on a stop to saving; a single tap counts one second."
    )
    body = [_line(row) for row in rows]
    return panel("Lines", table(LEVEL_HEAD, body, right=range(1, 9)) + note)


def _line(row: LineReasons) -> Sequence[str]:
    hours = row.shift_us / HOUR
    return (
        safe(row.line_name),
        f"{row.stops:,}",
        f"{row.unnamed:,}",
        percent(row.unnamed_us / row.stop_us) if row.stop_us else "\u2013",
        f"{row.other:,}",
        percent(row.other_us / row.stop_us) if row.stop_us else "\u2013",
        f"{row.entries:,}",
        lapse(row.entry_ms * SECOND // 1_000),
        f"{row.entry_ms / 1_000 / hours:.1f}" if hours else "\u2013",
    )


def facts_panel() -> str:
    """For each fact: who knows it, until when, and who may correct it; HTML."""
    head = ("Fact", "By itself from", "Else from", "At the latest", "Who may correct it")
    rows = [[safe(w) for w in (f.fact, f.automatic, f.fallback, f.latest, f.corrects)] for f in FACTS]
    return panel("Who says what", table(head, rows))


def tree_panel(tree: Tree) -> str:
    """The tree as operators see it; HTML."""
    rows = [
        (
            f"<b>{safe(group.name)}</b>{small(safe(group.code))}",
            ", ".join(safe(leaf.name) for leaf in tree.leaves(group.code)),
        )
        for group in tree.groups
    ]
    return panel("Reasons", table(("Group", "Reasons in it"), rows))


def limits_panel(rows: Sequence[PolicyRow], site: SiteRow) -> str:
    """Every version of the limits, newest first; HTML."""
    if not rows:
        return panel("Limit of a short stop", empty("No line has a limit of its own: 5 minutes hold."))
    body = [
        (
            safe(r.name) + (small(f"short stops lower {MODELS[MinorModel(r.model)]}") if r.model else ""),
            lapse(r.seconds * SECOND),
            stamp(r.valid_from_us, site.time_zone)[:16],
            safe(r.set_by),
            safe(r.reason),
        )
        for r in rows
    ]
    return panel("Limit of a short stop", table(("For", "Limit", "Since", "Set by", "Why"), body, right=(1,)))
