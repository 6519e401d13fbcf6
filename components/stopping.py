"""The stop of the AI in words: the strip under the top bar, the plan, the limits, what there was."""

from collections.abc import Sequence
from typing import Any

from components.links import link, url
from components.tables import bullets, csv_bytes, empty, panel, small, table
from components.words import instant, metric_label, metric_unit, moment, plural, safe
from domain.recommendation import cause_label, clock_text, minutes_text
from domain.rules import RUNNING_HOURS, Limit
from services.rows.oversight import AiStatus, StopRow, StopView
from services.rows.site import SiteRow

TYPES = {"": "every machine", "cnc": "CNC", "press": "press", "robot": "robot", "oven": "oven"}


def strip(status: AiStatus) -> dict[str, Any]:
    """What the top bar shows under itself: nothing while all models advise and nothing is rehearsed."""
    stops = [one for one in status.under_way if not one.drill]
    drills = [one for one in status.under_way if one.drill]
    if stops:
        return {"kind": "stopped", **_said(stops[0], stops, status), "url": url("stop")}
    if drills:
        return {"kind": "drill", **_rehearsed(drills[0], status), "url": url("stop")}
    return {"kind": "", "title": "", "text": "", "url": url("stop")}


def _said(first: StopRow, stops: Sequence[StopRow], status: AiStatus) -> dict[str, str]:
    what = "AI stopped" if _all_of(stops) else f"AI stopped: {_names(stops)}"
    since = f"since {clock_text(first.from_us, status.zone)} by {first.by}: {first.reason}"
    cases = plural(status.limit_cases, "open case")
    watch = f"Fixed limits watch {plural(status.machines, 'machine')}: {cases}."
    return {"title": what, "text": f"{since} \u2013 {watch}"}


def _all_of(stops: Sequence[StopRow]) -> bool:
    return any(not one.model for one in stops)


def _rehearsed(first: StopRow, status: AiStatus) -> dict[str, str]:
    text = (
        f"since {clock_text(first.from_us, status.zone)} by {first.by}: {first.reason} \u2013 "
        "nothing is stopped. "
        f"A stop would withdraw {plural(len(first.withdrawn), 'piece', 'pieces')} of advice and open "
        f"{plural(len(first.machines), 'case')}."
    )
    return {"title": "Drill of the AI stop", "text": text}


def _names(stops: Sequence[StopRow]) -> str:
    return ", ".join(one.model for one in stops)


def headline(view: StopView) -> str:
    """The state in one sentence; HTML."""
    stops = [one for one in view.status.under_way if not one.drill]
    if stops:
        what = "All advice is stopped." if _all_of(stops) else f"{_names(stops)} is stopped."
        return f"<b>{safe(what)}</b> Fixed limits watch."
    advice = sum(model.advice for model in view.models)
    said = plural(advice, "piece of advice waits", "pieces of advice wait")
    return f"<b>The AI advises.</b> {said} for a decision."


def plan_panel(view: StopView) -> str:
    """What happens when the AI is stopped: in the order in which it happens."""
    advice = plural(sum(m.advice for m in view.models), "undecided piece", "undecided pieces")
    would = ", ".join(view.would_open) or "no machine is beyond one now"
    limits = "stated by this plant" if view.stated else "built in; this plant has stated none"
    lines = [
        f"At once: no model scores or advises any more; {advice} of its advice are withdrawn with the "
        "reason. Orders that people have released go on.",
        f"At once: a fixed limit that is broken opens a case with an inspection ({would}).",
        f"Meanwhile: {plural(len(view.limits), 'limit')} ({limits}) are checked every few seconds. "
        "The machines' own alarms and the plant's rules stay in force.",
        "Everybody sees it: the bar on top of every screen says so until the AI is let go on.",
        "Going on needs a reason and a signature; what was not scored meanwhile is not made up for.",
    ]
    people = table(("Who must know", "Role"), [(safe(n), safe(r)) for n, r in view.told], tight=True)
    return panel("What happens at a stop", bullets(lines, "") + people)


def limits_panel(view: StopView) -> str:
    """The limits that watch while the AI is stopped."""
    rows = [
        (safe(_type(one)), safe(_metric(one)), _bound(one.low, one), _bound(one.high, one),
         safe("now" if one.metric == RUNNING_HOURS else f"{minutes_text(one.held_s)} on average"),
         safe(cause_label(one.cause)))
        for one in view.limits
    ]  # fmt: skip
    head = ("Machines", "What", "Not below", "Not above", "Seen over", "Speaks for")
    note = "stated by this plant" if view.stated else "built in, none are stated"
    return panel("Limits that watch meanwhile", table(head, rows, right=(2, 3), tight=True), note)


def _type(limit: Limit) -> str:
    return TYPES.get(limit.machine_type, limit.machine_type)


def _metric(limit: Limit) -> str:
    return "Hours run since maintenance" if limit.metric == RUNNING_HOURS else metric_label(limit.metric)


def _bound(value: float | None, limit: Limit) -> str:
    if value is None:
        return ""
    unit = "h" if limit.metric == RUNNING_HOURS else metric_unit(limit.metric)
    return f'<span class="tw-num">{value:,g}</span> {safe(unit)}'


def history_panel(rows: Sequence[StopRow], site: SiteRow, now_us: int) -> str:
    """Stops and drills, newest first, with what they did or would have done."""
    if not rows:
        return panel("Stops and drills", empty("None yet. A drill shows whether everybody knows what to do."))
    head = ("What", "From", "Until", "Why", "Effect", "Signed")
    return panel("Stops and drills", table(head, [_history(row, site, now_us) for row in rows]))


def _history(row: StopRow, site: SiteRow, now_us: int) -> Sequence[str]:
    what = f"{'Drill' if row.drill else 'Stop'}: {row.model or 'all models'}"
    until = moment(row.ended_us, site.time_zone, now_us) if row.ended_us else "<b>under way</b>"
    ended = small(safe(f"{row.ended_by}: {row.ended_reason}")) if row.ended_us else ""
    return (
        safe(what),
        f'<span class="tw-nw">{moment(row.from_us, site.time_zone, now_us)}</span>',
        f'<span class="tw-nw">{until}</span>{ended}',
        safe(row.reason),
        _effect(row),
        safe(row.by) + small(safe(f"{row.meaning} {row.record_hash[:12]}")),
    )


def _effect(row: StopRow) -> str:
    withdrawn = ", ".join(link(str(n), "case", case=str(n)) for n in row.withdrawn) or "none"
    verb = "would withdraw" if row.drill else "withdrew"
    if row.drill:
        opened = f"would open cases on {safe(', '.join(row.machines) or 'no machine')}"
    else:
        numbers = ", ".join(link(str(n), "case", case=str(n)) for n in row.opened) or "none"
        opened = f"opened {numbers}"
    return f"{verb} advice: {withdrawn}; {opened}" + small(
        f"{plural(len(row.told), 'person', 'people')} to tell"
    )


def history_csv(rows: Sequence[StopRow], site: SiteRow) -> bytes:
    """Stops and drills as CSV."""
    head = (
        "what", "model", "from", "until", "by", "reason", "ended by", "reason to go on", "withdrawn",
        "opened", "machines beyond a limit", "record hash",
    )  # fmt: skip
    return csv_bytes(head, (_cells(row, site) for row in rows))


def _cells(row: StopRow, site: SiteRow) -> Sequence[object]:
    times = (instant(row.from_us, site.time_zone), instant(row.ended_us, site.time_zone))
    cases = (" ".join(map(str, row.withdrawn)), " ".join(map(str, row.opened)), ", ".join(row.machines))
    kind, model = "drill" if row.drill else "stop", row.model or "all"
    return (kind, model, *times, row.by, row.reason, row.ended_by, row.ended_reason, *cases, row.record_hash)
