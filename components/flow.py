"""What comes in: messages a second over the last hour, how long they take, and the quarantine by reason."""

from collections.abc import Sequence

from components.charts import XMLNS, picture
from components.connections import source_text
from components.set_aside import why
from components.tables import csv_bytes, empty, panel, small, table
from components.tokens import FILL, INK_3, LINE, LINE_STRONG
from components.words import instant, local, moment, plural, safe
from domain.clock import MINUTE, SECOND
from services.rows.intake import FlowView, MinuteRow, ReasonRow
from services.rows.site import SiteRow

MINUTES = 60
SLOW_US = 5 * SECOND
WAITING = 1_000
_COLOURS = {"json": FILL, "sparkplug": INK_3}
_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 740, 210, 52, 8, 26


def headline(view: FlowView) -> str:
    """The last full minute in one sentence; HTML."""
    last = _of_minute(view, 1) or _of_minute(view, 0)
    if not last:
        return "<b>Nothing came in during the last hour.</b> Is the ingest process running?"
    rate = sum(row.received for row in last) / 60
    lag, waits = max(row.lag_us for row in last), sum(row.backlog for row in last)
    told = f"<b>{rate:,.1f} messages a second,</b> stored {_seconds(lag)} after they came at the latest"
    if lag > SLOW_US or waits > WAITING:
        return f'<span class="tw-high">&#9650; Ingest is behind.</span> {told}; {waits:,} wait.'
    return f"{told}; {'nothing waits' if not waits else f'{waits:,} wait'}."


def _of_minute(view: FlowView, back: int) -> list[MinuteRow]:
    at = view.now_wall_us - view.now_wall_us % MINUTE - back * MINUTE
    return [row for row in view.minutes if row.at_wall_us == at]


def _seconds(us: int) -> str:
    return "under 0.1 s" if us < SECOND // 10 else f"{us / SECOND:,.1f} s"


def rates_panel(view: FlowView, site: SiteRow) -> str:
    """Bars a minute, Sparkplug below and JSON on top, with the figures of the last hour."""
    if not view.minutes:
        return panel("Messages a second", empty("No message in the last hour."))
    legend = " ".join(
        f'<span class="tw-nw"><b style="color:{colour}">&#9632;</b> {safe(source_text(source))}</span>'
        for source, colour in reversed(_COLOURS.items())
    )
    return panel("Messages a second, last hour", _drawing(view, site), legend)


def _drawing(view: FlowView, site: SiteRow) -> str:
    end = view.now_wall_us - view.now_wall_us % MINUTE
    totals: dict[int, int] = {}
    for row in view.minutes:
        totals[row.at_wall_us] = totals.get(row.at_wall_us, 0) + row.received
    top = max(max(totals.values()) / 60, 1e-9)
    step, height = (_WIDTH - _LEFT) / MINUTES, _HEIGHT - _TOP - _FOOT
    parts, stacked = [], dict.fromkeys(totals, 0.0)
    for source in ("sparkplug", "json"):
        for row in view.minutes:
            if row.source == source and row.received:
                tall = height * row.received / 60 / top
                x = _LEFT + step * (MINUTES - 1 - (end - row.at_wall_us) // MINUTE)
                y = _TOP + height - stacked[row.at_wall_us] - tall
                stacked[row.at_wall_us] += tall
                parts.append(_rect(x, y, step - 1.5, tall, _COLOURS[source]))
    marks = "".join(
        _text(
            _LEFT + step * (MINUTES - back) - 18,
            _HEIGHT - 6,
            f"{local(end - back * MINUTE, site.time_zone):%H:%M}",
        )
        for back in (60, 45, 30, 15)
    )
    scale = _text(0, _TOP + 11, f"{top:,.1f}") + _text(0, _TOP + height, "0")
    lines = _line(_TOP, LINE) + _line(_TOP + height, LINE_STRONG)
    svg = f'<svg {XMLNS} viewBox="0 0 {_WIDTH} {_HEIGHT}">{lines}{"".join(parts)}{scale}{marks}</svg>'
    return picture(svg, f"up to {top:,.1f} messages a second in the last hour")


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0.5):.1f}" fill="{colour}"/>'
    )


def _line(y: float, colour: str) -> str:
    return f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y}" y2="{y}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str) -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="14" font-family="sans-serif" fill="{INK_3}">{words}</text>'
    )


def sources_panel(view: FlowView) -> str:
    """By source: the last full minute, the last hour, lag and backlog."""
    body = []
    for source in sorted({row.source for row in view.minutes}):
        hour = [row for row in view.minutes if row.source == source]
        last = [row for row in _of_minute(view, 1) if row.source == source]
        body.append(
            (
                safe(source_text(source)),
                f"{sum(row.received for row in last) / 60:,.1f}",
                f"{sum(row.received for row in hour):,}",
                f"{sum(row.stored for row in hour):,}",
                _marked(sum(row.quarantined for row in hour)),
                _seconds(max(row.lag_us for row in hour)),
                f"{max(row.backlog for row in hour):,}",
            )
        )
    head = (
        "Source",
        "Messages a second",
        "Messages",
        "Values stored",
        "Set aside",
        "Longest lag",
        "Most waiting",
    )
    html = table(head, body, right=range(1, 7), tight=True)
    return panel("The last hour by source", html if body else empty("No message in the last hour."))


def _marked(count: int) -> str:
    return f'<span class="tw-high tw-num">&#9650; {count:,}</span>' if count else "0"


def reasons_panel(rows: Sequence[ReasonRow], site: SiteRow, now_us: int) -> str:
    """The quarantine by reason, the most frequent first."""
    body = [
        (
            _why(row),
            f"{row.messages:,}",
            f"{row.times:,}",
            f'<span class="tw-nw">{moment(row.newest_us, site.time_zone, now_us)}</span>',
            _course(row),
        )
        for row in rows
    ]
    head = ("Why it was set aside", "Different messages", "Times", "Newest", "Reading again")
    html = table(head, body, right=(1, 2, 3), tight=True)
    total = plural(sum(row.messages for row in rows), "message")
    return panel("Quarantine by reason", html if body else empty("Every message could be read."), total)


def _why(row: ReasonRow) -> str:
    what, do = why(row.source, row.reason)
    told = f'<span class="tw-wrap">{safe(what)}</span>{small(safe(do), "tw-wrap")}'
    return told + small(safe(source_text(row.source)))


def _course(row: ReasonRow) -> str:
    if row.asked:
        return f"{row.asked:,} wait for it"
    if row.tried:
        return f"{row.tried:,} were tried in vain"
    return "" if row.may_again else '<span class="tw-muted">not possible</span>'


def flow_csv(view: FlowView, site: SiteRow) -> bytes:
    """The minutes of the last hour."""
    head = ("minute", "source", "messages", "values stored", "set aside", "longest lag, s", "most waiting")
    rows = [
        (
            instant(row.at_wall_us, site.time_zone),
            row.source,
            row.received,
            row.stored,
            row.quarantined,
            row.lag_us / SECOND,
            row.backlog,
        )
        for row in view.minutes
    ]
    return csv_bytes(head, rows)
