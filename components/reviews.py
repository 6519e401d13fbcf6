"""Failures that nobody saw coming: the list, one with the day before it, and the count by verdict."""

from collections import Counter
from collections.abc import Sequence

from components.charts import trend_svg
from components.links import link
from components.tables import csv_bytes, empty, heading, panel, small, table
from components.words import NOTHING, instant, moment, of_100, plural, safe, stamp
from domain.failure_review import LABELS, NEXT_STEPS, Verdict
from domain.recommendation import cause_label
from services.rows.reviews import Replay, ReviewRow
from services.rows.site import SiteRow

NONE = "No unplanned failure in the last 90 days."


def headline(rows: Sequence[ReviewRow]) -> str:
    """How many failures, and how many wait for a verdict; HTML."""
    waiting = sum(not row.verdict for row in rows)
    if not rows:
        return f"<b>{NONE}</b>"
    rest = (
        f"{plural(waiting, 'failure')} {'waits' if waiting == 1 else 'wait'} for a verdict."
        if waiting
        else ""
    )
    return f"<b>{plural(len(rows), 'unplanned failure')}.</b> {rest or 'All have a verdict.'}"


def said(row: ReviewRow) -> str:
    """The verdict in words, as settled or as proposed; HTML."""
    if row.verdict:
        return f"<b>{safe(LABELS[Verdict(row.verdict)])}</b>{small('settled by ' + safe(row.settled_by))}"
    return f"{safe(LABELS[Verdict(row.proposed)])}{small('proposed, nobody has settled it')}"


def list_panel(rows: Sequence[ReviewRow], site: SiteRow, now_us: int) -> str:
    """All of them, each with a link to its replay."""
    if not rows:
        return panel("", empty("No failure fits these filters."))
    body = [
        (
            link(row.equipment_name, "missed", review=row.review_id) + small(safe(row.line_name)),
            moment(row.failed_us, site.time_zone, now_us) + small(safe(cause_label(row.cause or "unknown"))),
            f"{row.scored} scores"
            + small(f"highest {of_100(row.highest)}" if row.highest is not None else "none"),
            said(row),
            safe(row.next_step) or f'<span class="tw-muted">{safe(NEXT_STEPS[Verdict(row.proposed)])}</span>',
        )
        for row in rows
    ]
    return panel("", table(("Machine", "Failed", "In the day before", "Verdict", "Next step"), body, wide=4))


def replay_panel(found: Replay, site: SiteRow, now_us: int) -> str:
    """The day before a failure as the desk saw it then."""
    row = found.row
    facts = safe(row.why)
    links = (
        [link("What moved the highest risk", "explanation", prediction=row.prediction_id)]
        if row.prediction_id
        else []
    )
    links += [link(f"Case {row.case_number}", "case", case=str(row.case_number))] if row.case_number else []
    links += [link("The machine", "machine", id=row.equipment_id)]
    drawing = _risk(found, site)
    body = f'<p class="tw-say">{facts}</p>{drawing}<p class="tw-small tw-gap">{" &middot; ".join(links)}</p>'
    when = moment(row.failed_us, site.time_zone, now_us)
    return panel(f"{row.equipment_name}: {cause_label(row.cause or 'unknown')}", body, f"failed {when}")


def _risk(found: Replay, site: SiteRow) -> str:
    known = [at for at, value in found.risk.points if value is not None]
    if len(known) < 2:
        return empty("Nothing was scored in the day before this failure.")
    title = heading("Risk in the day before, of 100", f"advice from {found.row.threshold * 100:.0f} on")
    return title + trend_svg(
        found.risk, None, site.time_zone, usual=found.row.threshold * 100, line="advice from"
    )


def verdict_panel(row: ReviewRow, site: SiteRow) -> str:
    """What was settled, by whom and when."""
    when = stamp(row.settled_us, site.time_zone) if row.settled_us is not None else ""
    lines = [
        ("Verdict", f"<b>{safe(LABELS[Verdict(row.verdict)])}</b>"),
        ("Next step", safe(row.next_step)),
        ("Settled by", f"{safe(row.settled_by)}{small(when)}"),
    ]
    lines += [("Why", safe(row.words))] if row.words else []
    return panel("Settled", table((), lines, tight=True))


def counts_panel(rows: Sequence[ReviewRow]) -> str:
    """How many failures by verdict, settled and proposed; for the screen of trust."""
    if not rows:
        return panel("Why did we not see it?", empty(NONE))
    settled = Counter(row.verdict for row in rows if row.verdict)
    waiting = Counter(row.proposed for row in rows if not row.verdict)
    body = [_count(one, settled[one], waiting[one]) for one in Verdict if settled[one] or waiting[one]]
    head = ("Verdict", "Settled", "Proposed")
    return panel("Why did we not see it?", table(head, body, right=(1, 2)), link("All failures", "missed"))


def _count(one: Verdict, settled: int, waiting: int) -> Sequence[str]:
    return link(LABELS[one], "missed", verdict=one.value), str(settled or NOTHING), str(waiting or NOTHING)


def reviews_csv(rows: Sequence[ReviewRow], site: SiteRow) -> bytes:
    """Every failure with its facts, verdict and next step."""
    head = (
        "machine", "failed", "cause", "scores", "highest risk", "threshold", "case", "facts", "proposed",
        "verdict", "next step", "words", "settled by", "settled",
    )  # fmt: skip
    return csv_bytes(head, (_cells(row, site) for row in rows))


def _cells(row: ReviewRow, site: SiteRow) -> Sequence[object]:
    settled = instant(row.settled_us, site.time_zone)
    verdict = LABELS[Verdict(row.verdict)] if row.verdict else ""
    return (
        row.equipment_name, instant(row.failed_us, site.time_zone), row.cause, row.scored, row.highest,
        row.threshold, row.case_number, row.why, LABELS[Verdict(row.proposed)], verdict, row.next_step,
        row.words, row.settled_by, settled,
    )  # fmt: skip
