"""The model registry in words and tables: versions, gates, what happened."""

from collections.abc import Sequence

from components.tables import bullets, csv_bytes, empty, heading, panel, small, table
from components.words import NOTHING, instant, moment, plural, safe
from domain.clock import wall_us
from services.rows.models import ChallengerRow, EventRow, GateRow, RegistryView, VersionRow
from services.rows.site import SiteRow

STAGES = {"champion": "advises", "shadow": "in the shadow", "retired": "retired"}
MARKS = {
    "passed": '<span class="tw-ok">&#10003; passed</span>',
    "failed": '<span class="tw-tag tw-high">&#9650; not passed</span>',
    "open": '<span class="tw-muted">&#9675; not known yet</span>',
}
TITLES = {
    "file": "The file is the registered one",
    "card": "The card says all",
    "inputs": "Reads and answers the same",
    "held-out data": "Figures on what it never saw",
    "unknown kinds": "Tells what is foreign",
    "speed": "Fast enough",
    "memory": "Small enough",
    "shadow": "Long enough in the shadow",
    "answers": "Answers where the champion does",
    "truth": "Right as often, seen from what came",
    "false alarms": "No more false alarms",
}
FIGURES = {
    "recall_at_rate": "share of failures warned",
    "other_recall_at_rate": "the same on another plant",
    "recall": "share warned at its own threshold",
    "false_cases_per_machine_month": "false cases a machine and month",
    "brier": "Brier score",
    "coverage": "truth inside the 90 % interval",
    "rmse_clipped": "RMSE, cut at the limit",
    "rmse_raw": "RMSE, raw",
    "accuracy": "share of held-out pictures right",
    "noticed": "share of failures with something odd in the day before",
    "false_alarms": "false alarms a machine and month",
    "right": "share of later stops with the right reason proposed",
    "rules_right": "the same by the rules alone",
    "sure_share": "share of moments at which it is sure",
    "sure_right": "share of those right",
    "gain": "share of the rest that settings explain",
    "mean_error": "mean error of the share of bad parts",
    "plain_error": "the same by machine and product alone",
    "calibration_error": "mean distance of chances from what came",
}


def headline(view: RegistryView) -> str:
    """Who advises and who waits; HTML."""
    champions = [v for v in view.versions if v.stage == "champion"]
    ready = sum(one.ready for one in view.challengers)
    who = f"<b>{plural(len(champions), 'model')} at work.</b>"
    if not view.challengers:
        return f"{who} No challenger runs in the shadow."
    return f"{who} {plural(len(view.challengers), 'challenger')} in the shadow, {ready} past all gates."


def versions_panel(rows: Sequence[VersionRow], now_wall_us: int, site: SiteRow) -> str:
    """Every version, those at work first."""
    if not rows:
        return panel("Versions", empty("No model has been registered yet; the scoring process does it."))
    head = ("Model", "Stands", "Registered", "On data that it never saw", "Learned from", "Predictions")
    return panel(
        "Versions", table(head, [_version(row, now_wall_us, site) for row in rows], right=(5,), wide=3)
    )


def _version(row: VersionRow, now_wall_us: int, site: SiteRow) -> Sequence[str]:
    figures = "<br>".join(f"{safe(FIGURES[name])}: {value:.3g}" for name, value in row.figures[:4])
    hashed = small(f"file {safe(row.sha256[:12])}, features {safe(row.feature_version)}")
    return (
        f"{safe(row.name.replace('_', ' '))}{small(safe(row.version), 'tw-nw')}",
        f'<span class="tw-nw">{safe(STAGES.get(row.stage, row.stage))}</span>',
        f'<span class="tw-nw">{moment(row.registered_wall_us, site.time_zone, now_wall_us)}</span>{hashed}',
        figures or NOTHING,
        safe(row.data) + small(safe(row.licence)),
        f'<span class="tw-num">{row.predictions:,}</span>',
    )


def card_panel(row: VersionRow) -> str:
    """What a user must know of one version."""
    explanations = f"{heading('How right its explanations are')}{bullets(row.explanations, '')}"
    explanations = explanations if row.explanations else ""
    body = (
        f"<p>{safe(row.intended_use)}</p>{bullets(row.limits, 'The card names no limits.')}"
        f"{explanations}"
        f'<p class="tw-muted tw-small">Made again by <code>{safe(row.command)}</code></p>'
    )
    return panel(f"{row.name.replace('_', ' ')} {row.version}", body, safe(STAGES.get(row.stage, row.stage)))


def gates_panel(row: ChallengerRow, site: SiteRow) -> str:
    """The gates of one challenger."""
    title = f"Challenger {row.version.name.replace('_', ' ')} {row.version.version}"
    against = f"against {safe(row.champion)}" if row.champion else "there is no champion"
    if not row.gates:
        waiting = "Its gates are being judged." if row.asked else "Its gates have not been judged yet."
        return panel(title, empty(waiting), against)
    judged = moment(row.checked_wall_us, site.time_zone, wall_us())
    body = table(
        ("Gate", "", "What was seen", "Challenger", "Champion"), [_gate(g) for g in row.gates], right=(3, 4)
    )
    said = "Every gate is passed; it waits for a signature." if row.ready else row.why_not
    note = f'<p class="tw-small">{safe(said[:1].upper() + said[1:])}</p>'
    return panel(title, body + note, f"{against}, judged {safe(judged)}")


def _gate(gate: GateRow) -> Sequence[str]:
    return (
        f'<span class="tw-nw">{safe(TITLES.get(gate.name, gate.name))}</span>',
        f'<span class="tw-nw">{MARKS[gate.state]}</span>',
        safe(gate.words),
        _figure(gate.ours),
        _figure(gate.theirs),
    )


def _figure(value: float | None) -> str:
    if value is None:
        return NOTHING
    return (
        f'<span class="tw-num">{value:,.0f}</span>'
        if value >= 100
        else f'<span class="tw-num">{value:.3g}</span>'
    )


def events_panel(rows: Sequence[EventRow], site: SiteRow) -> str:
    """Admissions, promotions, roll-backs: where each version came from and who answered for it."""
    if not rows:
        return panel("What happened", empty("Nothing yet."))
    head = ("When", "What", "Version", "In place of, or against", "Why", "Signed")
    return panel("What happened", table(head, [_event(row, site) for row in rows]))


def _event(row: EventRow, site: SiteRow) -> Sequence[str]:
    signed = small(safe(f"{row.meaning} {row.record_hash[:12]}")) if row.meaning else ""
    return (
        f'<span class="tw-nw">{moment(row.at_wall_us, site.time_zone, wall_us())}</span>',
        safe(row.kind),
        f"{safe(row.name.replace('_', ' '))}{small(safe(row.version))}",
        safe(row.other_version) or NOTHING,
        safe(row.reason) or NOTHING,
        safe(row.by or "the desk itself") + signed,
    )


def registry_csv(view: RegistryView, site: SiteRow) -> bytes:
    """The versions as CSV."""
    head = (
        "model", "version", "stands", "registered", "sha256", "features", "licence", "learned from",
        "command", "predictions", *FIGURES,
    )  # fmt: skip
    return csv_bytes(head, (_cells(row, site) for row in view.versions))


def _cells(row: VersionRow, site: SiteRow) -> Sequence[object]:
    figures, stands = dict(row.figures), STAGES.get(row.stage, row.stage)
    registered = instant(row.registered_wall_us, site.time_zone)
    learned = (row.licence, row.data, row.command, row.predictions)
    given = (figures.get(name, "") for name in FIGURES)
    return (row.name, row.version, stands, registered, row.sha256, row.feature_version, *learned, *given)
