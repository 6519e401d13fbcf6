"""Sources and topics: connections, devices as their source calls them, topics without a meaning."""

from collections.abc import Mapping, Sequence

from components.connections import source_text
from components.links import href
from components.tables import empty, panel, small, table
from components.words import lapse, moment, plural, safe
from domain.clock import MINUTE
from services.rows.intake import DeviceRow, SourcesView, TopicRow
from services.rows.site import SiteRow

CONNECTED = "connected"
QUIET_US = 10 * MINUTE  # plant time; a device that reports by exception may well be quiet


def headline(view: SourcesView) -> str:
    """What speaks, and what is wrong; HTML."""
    if not view.connections:
        return "<b>No connection has been reported yet.</b> Is the ingest process running?"
    broken = [name for name, state in view.connections.items() if state != CONNECTED]
    dead = [d for d in view.devices if d.offline_us is not None]
    free = [d for d in view.devices if not d.assigned]
    told = f"<b>{plural(len(view.devices), 'device')}</b> at this site"
    wrong = [f"{plural(len(broken), 'connection')} broken"] if broken else []
    wrong += [f"{plural(len(dead), 'device')} offline"] if dead else []
    more = f"; {plural(len(free), 'device')} not placed yet" if free else ""
    mark = f'; <span class="tw-high">&#9650; {", ".join(wrong)}</span>' if wrong else ""
    return f"{told}{mark}{more}."


def connections_panel(connections: Mapping[str, str], mapping: str) -> str:
    """Each connection of the ingest process, and the mapping of plain JSON topics."""
    body = [(_connection(name), _state(state)) for name, state in connections.items()]
    html = table(("Connection", "State"), body, tight=True) if body else empty("None yet.")
    note = small(f"Topic mapping: {safe(mapping or 'none; only uns/.../telemetry is read')}")
    return panel("Connections to brokers", html + note)


def _connection(name: str) -> str:
    kind, _, broker = name.partition(" ")
    return safe(source_text(kind)) + (small(f"broker {safe(broker)}") if broker else "")


def _state(state: str) -> str:
    good = state == CONNECTED
    return safe(state) if good else f'<span class="tw-high">&#9650; {safe(state)}</span>'


def devices_panel(rows: Sequence[DeviceRow], site: SiteRow, now_us: int) -> str:
    """Devices, those without a place first."""
    body = [
        (
            f'<span class="tw-wrap">{safe(row.external_id)}</span>{small(_from(row))}',
            _place(row),
            _life(row, site, now_us),
            f"{row.metrics:,}",
            f'<span class="tw-nw">{moment(row.heard_us, site.time_zone, now_us)}</span>',
        )
        for row in rows
    ]
    head = ("Device, as its source calls it", "Machine", "State", "Metrics", "Last heard")
    html = table(head, body, right=(3, 4), tight=True)
    return panel("Devices", html if body else empty("No device fits."), plural(len(rows), "device"))


def _from(row: DeviceRow) -> str:
    broker = f", broker {safe(row.broker)}" if row.broker else ""
    change = f", {row.by_change} of {row.metrics} sent when they change" if row.by_change else ""
    return safe(source_text(row.source)) + broker + change


def _place(row: DeviceRow) -> str:
    if not row.assigned:
        return '<span class="tw-muted">not placed yet</span>'
    return f'<a href="{href("machine", id=row.equipment_id)}">{safe(row.name)}</a>'


def _life(row: DeviceRow, site: SiteRow, now_us: int) -> str:
    if row.offline_us is not None:
        since = moment(row.offline_us, site.time_zone, now_us)
        return f'<span class="tw-high">&#9650; offline since {since}</span>'
    if row.stale:
        return f'<span class="tw-high">&#9650; {plural(row.stale, "value")} stale</span>'
    if row.heard_us is None:
        return '<span class="tw-muted">never heard</span>'
    silent = now_us - row.heard_us
    if silent < QUIET_US:
        return "live"
    if row.by_change and row.by_change == row.metrics:
        return f"live, unchanged for {lapse(silent)}"
    return f"quiet for {lapse(silent)}"


def topics_panel(rows: Sequence[TopicRow], site: SiteRow, now_us: int) -> str:
    """Topics that nothing fits, and what to do about them."""
    body = [
        (
            f'<span class="tw-wrap">{safe(row.topic[:200])}</span>',
            f"{row.times:,}",
            f'<span class="tw-nw">{moment(row.newest_us, site.time_zone, now_us)}</span>',
            f'<span class="tw-wrap tw-small">{safe(row.preview)}</span>',
        )
        for row in rows
    ]
    head = ("Topic", "Messages", "Newest", "What it said")
    html = table(head, body, right=(1, 2), tight=True)
    hint = small(
        "<code>python -m runtime topics --watch --propose topics.yaml</code> proposes a mapping for them."
    )
    return panel("Topics that nothing fits", html + hint if body else empty("Every topic has a meaning."))
