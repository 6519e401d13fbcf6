"""Integration health: the sentence on top, and a table for each kind of connection."""

from collections.abc import Sequence
from itertools import groupby

from components.course import receiver
from components.set_aside import why
from components.tables import empty, panel, small, table
from components.words import NOTHING, lapse, moment, plural, safe
from services.rows.admin import (
    GapRow,
    Health,
    NodeRow,
    QuarantineRow,
    QueueRow,
    SourceRow,
    WatermarkRow,
    WorkerRow,
)
from services.rows.site import SiteRow

_CAUSES = {"host_away": "the desk was not running", "offline": "the edge node was offline"}
COUNTERS = ("received", "stored", "repeated", "quarantined", "gaps", "rebirths")


def headline(health: Health) -> str:
    """All well, or what is wrong; HTML."""
    if not health.workers and not health.sources:
        return "<b>Nothing has reported yet.</b> Start the workers with make run."
    if not health.trouble:
        return f"<b>All well.</b> {plural(len(health.workers), 'process', 'processes')} running."
    first = "; ".join(safe(t) for t in health.trouble[:3])
    rest = len(health.trouble) - 3
    more = f"; and {rest} more" if rest > 0 else ""
    return f'<b class="tw-high">&#9650; {plural(len(health.trouble), "thing")} to look at:</b> {first}{more}.'


def _alarm(text: str, wrong: bool) -> str:
    return f'<span class="tw-high tw-num">&#9650; {safe(text)}</span>' if wrong else safe(text)


def _ago(us: int | None, now_us: int) -> str:
    if us is None:
        return NOTHING
    old = max(0, now_us - us)
    return "under 10 s" if old < 10_000_000 else lapse(old)


def workers_panel(rows: Sequence[WorkerRow], wall_us: int) -> str:
    """The desk's own processes."""
    body = [
        (
            safe(w.name),
            _alarm("no sign of life" if w.late else w.state, w.late or w.state != "running"),
            f'<span class="tw-nw">{_ago(w.heartbeat_wall_us, wall_us)}</span>',
            str(w.restarts),
            small(safe(", ".join(filter(None, (_measure(k, v) for k, v in w.detail.items()))))),
        )
        for w in rows
    ]
    head = ("Process", "State", "Last heard, ago", "Restarts", "What it did lately")
    return panel("Processes", table(head, body, right=(2, 3), tight=True) if body else empty("None yet."))


def _measure(name: str, value: str) -> str:
    """`batch 5639 ms`, `queue connected`; nothing for an empty value or something that is not so."""
    if value in ("", "False", "None"):
        return ""
    if value == "True":
        return name.replace("_", " ")
    words, _, unit = name.rpartition("_")
    if words and unit in ("s", "ms", "us"):
        return f"{words.replace('_', ' ')} {value} {unit}"
    return f"{name.replace('_', ' ')} {value}"


def sources_panel(rows: Sequence[SourceRow]) -> str:
    """Messages by source since the beginning."""
    extra = sorted({name for row in rows for name in row.counters} - set(COUNTERS))
    names = [*COUNTERS, *extra]
    body = [(safe(source_text(r.source)), *(_counter(r, name) for name in names)) for r in rows]
    head = ("Source", *(name.replace("_", " ") for name in names))
    table_html = table(head, body, right=range(1, len(head)), tight=True)
    return panel("Messages since the beginning", table_html if body else empty("No message yet."))


def source_text(source: str) -> str:
    """`mes:line-1` as people say it: `MES line 1`."""
    kind, _, name = source.partition(":")
    if kind == "mes":
        return name.upper() if name == "erp" else f"MES {name.replace('-', ' ')}"
    return {"json": "JSON topics", "sparkplug": "Sparkplug"}.get(source, source)


def _counter(row: SourceRow, name: str) -> str:
    """A count; a database that is read has no messages to receive."""
    if row.source.startswith("mes:") and name not in row.counters:
        return f'<span class="tw-muted">{NOTHING}</span>'
    value = row.counters.get(name, 0)
    if name == "quarantined" and value:
        return f'<span class="tw-high tw-num">&#9650; {value:,}</span>'
    return f"{value:,}"


def nodes_panel(rows: Sequence[NodeRow], site: SiteRow, now_us: int) -> str:
    """Sparkplug edge nodes, offline first."""
    body = [
        (
            safe(n.node),
            _alarm("online" if n.online else "offline", not n.online),
            moment(n.seen_us, site.time_zone, now_us),
            moment(n.born_us, site.time_zone, now_us),
            str(n.rebirths),
        )
        for n in rows
    ]
    head = ("Edge node", "State", "Last heard", "Announced itself", "Asked again")
    html = table(head, body, right=(2, 3, 4), tight=True)
    return panel("Sparkplug edge nodes", html if body else empty("No Sparkplug edge node yet."))


def _newest(shown: int, count: int, one: str) -> str:
    return plural(count, one) if shown >= count else f"the newest {shown} of {plural(count, one)}"


def gaps_panel(rows: Sequence[GapRow], count: int, site: SiteRow, now_us: int) -> str:
    """Stretches that are known to be missing, newest first."""
    body = [
        (
            f'<span class="tw-wrap">{safe(g.name)}</span> '
            f'<span class="tw-muted tw-small">{safe(source_text(g.source))}</span>',
            f'<span class="tw-nw">{moment(g.from_us, site.time_zone, now_us)}, '
            f"{lapse(g.to_us - g.from_us)}</span>",
            f"{g.missing:,}" if g.missing >= 0 else "not known",
            safe(_CAUSES.get(g.cause, g.cause.replace("_", " "))),
        )
        for g in rows
    ]
    head = ("Source", "Since, how long", "Messages missing", "Cause")
    html = table(head, body, right=(2,), tight=True)
    return panel("Gaps", html if body else empty("No gap is known."), _newest(len(rows), count, "gap"))


def quarantine_panel(rows: Sequence[QuarantineRow], count: int, site: SiteRow, now_us: int) -> str:
    """Messages that could not be used, with the reason and the beginning of what was sent."""
    body = [
        (
            f'<span class="tw-nw">{moment(q.receive_us, site.time_zone, now_us)}</span>',
            f'<span class="tw-wrap">{safe(q.topic[:160])}</span>{small(safe(q.source))}',
            safe(why(q.source, q.reason).what) + small(safe(q.detail[:200]), "tw-wrap"),
            f"{q.times:,}",
            f'<details class="tw-details"><summary>{q.size:,} bytes</summary>'
            f'<pre class="tw-pre">{safe(q.preview)}</pre></details>',
        )
        for q in rows
    ]
    head = ("Received", "Topic", "Why it was set aside", "Times", "What was sent")
    html = table(head, body, right=(3,), tight=True)
    return panel(
        "Quarantine",
        html if body else empty("Every message could be read."),
        _newest(len(rows), count, "message"),
    )


def watermarks_panel(rows: Sequence[WatermarkRow], site: SiteRow, now_us: int, wall_us: int) -> str:
    """How far the MES and ERP databases have been read, one row a system."""
    systems = [list(group) for _, group in groupby(rows, key=lambda w: w.instance)]
    body = [
        (
            safe(source_text(f"mes:{group[0].instance}")),
            moment(max(w.updated_us for w in group), site.time_zone, now_us),
            _read_ago(group, wall_us),
            _reading(group),
        )
        for group in systems
    ]
    head = ("System", "Read up to", "Last read, ago", "State")
    html = table(head, body, right=(1, 2), tight=True)
    return panel(
        "MES and ERP databases", html if body else empty("No MES or ERP database has been read yet.")
    )


def _read_ago(group: Sequence[WatermarkRow], wall_us: int) -> str:
    return _alarm(_ago(min(w.read_wall_us for w in group), wall_us), any(w.late for w in group))


def _reading(group: Sequence[WatermarkRow]) -> str:
    wrong = [w for w in group if w.state != "ok"]
    if not wrong:
        return f'ok <span class="tw-muted tw-small">({plural(len(group), "table")})</span>'
    return "".join(_alarm(f"{w.entity.replace('_', ' ')}: {w.state}", True) for w in wrong)


def queues_panel(rows: Sequence[QueueRow], wall_us: int) -> str:
    """Orders by receiver queue, and what was answered."""
    body = [
        (
            safe(receiver(q.queue)),
            f"{q.waiting:,}" + (f" ({_ago(q.oldest_wall_us, wall_us)})" if q.waiting else ""),
            f"{q.sent:,}",
            _alarm(f"{q.failed:,}", q.failed > 0),
            f"{q.unanswered:,}",
            f"{q.accepted:,}",
            f"{q.refused:,}",
            f"{q.done:,}",
            small(safe(q.last_error[:120])),
        )
        for q in rows
    ]
    head = ("Queue", "Waiting", "Sent", "Failed", "No answer yet", "Accepted", "Refused", "Done", "")
    html = table(head, body, right=range(1, 8), tight=True)
    return panel("Orders to MES and ERP", html if body else empty("Nothing has been ordered yet."))
