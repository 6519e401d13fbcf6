"""When the source of a machine's states is known to have lived, of those that send by exception.

A Sparkplug node, and a metric whose birth named a deadband, sends when something changes: its silence means
"unchanged" until it dies or a gap begins (data.store.holding says the same of values). Of other sources
nobody says so.
"""

from sqlalchemy import Connection

from data.store.statements import Among, Statement
from domain.clock import FOR_EVER_US
from domain.state_sources import STATE_METRICS
from domain.time_model import Span, merged

_NAMES = Statement("SELECT source, external_id FROM equipment_aliases WHERE equipment_id = :unit")
_DEADBAND = Among(
    "SELECT 1 FROM metrics WHERE equipment_id = :unit AND name {among} AND deadband IS NOT NULL LIMIT 1"
)
_NODES = Among("SELECT node, offline_us FROM edge_nodes WHERE node {among}")
_DEAD = Among("SELECT offline_us FROM edge_devices WHERE external_id {among} AND offline_us IS NOT NULL")
_GAPS = Among(
    "SELECT from_us, to_us FROM gaps WHERE source {among:sources} AND external_id {among}"
    " AND to_us > :from_us AND from_us < :to_us"
)
_STATE_METRICS = list(STATE_METRICS)


def lived(tx: Connection, unit: str, from_us: int, to_us: int) -> list[Span]:
    """The stretches of [from, to) in which a silent machine is as it was, by start and apart; none for one
    whose source does not send by exception."""
    aliases = _NAMES.rows(tx, {"unit": unit})
    names = [name for _, name in aliases]
    nodes = [node for name in names if (node := _node(name)) != name]
    known = _NODES.rows(tx, nodes, {}) if nodes else []
    if not known and not _DEADBAND.rows(tx, _STATE_METRICS, {"unit": unit}):
        return []
    ends = [end for _, end in known if end is not None] + [row[0] for row in _DEAD.rows(tx, names, {})]
    values = {"sources": [source for source, _ in aliases], "from_us": from_us, "to_us": to_us}
    gaps = [Span(*row) for row in _GAPS.rows(tx, [*names, *nodes], values)]
    found, at = [], from_us
    for silent in [*merged([*gaps, *(Span(end, FOR_EVER_US) for end in ends)]), Span(to_us, to_us)]:
        if at < min(silent.from_us, to_us):
            found.append(Span(at, min(silent.from_us, to_us)))
        at = max(at, silent.to_us)
    return found


def _node(name: str) -> str:
    return "/".join(name.split("/")[:2])
