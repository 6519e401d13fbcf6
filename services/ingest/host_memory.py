"""The Sparkplug host's memory in the database: what must outlive a kill -9."""

from collections.abc import Iterable

from sqlalchemy import Connection

from data.sources.messages import SPARKPLUG
from data.sources.sparkplug_state import DeviceState, NodeState
from data.store import intake_records
from domain.telemetry import Gap, SourceKey


def load(tx: Connection) -> list[NodeState]:
    """The nodes and devices that were known, none of them born."""
    nodes = {
        row.node: NodeState(
            row.node, online=row.online, bd_seq=row.bd_seq, born_us=row.born_us, seen_us=row.seen_us,
            rebirths=row.rebirths, broker=row.broker, offline_us=row.offline_us,
        )
        for row in intake_records.load_nodes(tx)
    }  # fmt: skip
    for row in intake_records.load_devices(tx):
        group, node, *rest = row.external_id.split("/")
        state = nodes.setdefault(f"{group}/{node}", NodeState(f"{group}/{node}"))
        device = state.device("/".join(rest))
        device.complete_us, device.offline_us = row.complete_us, row.offline_us
        if row.gap_from_us is not None:
            key = SourceKey(SPARKPLUG, row.external_id)
            device.open_gap = Gap(key, row.gap_from_us, row.gap_to_us, -1, row.gap_cause)
    return list(nodes.values())


def save(tx: Connection, nodes: Iterable[NodeState], devices: Iterable[DeviceState]) -> None:
    """Keep the nodes and devices that a batch touched."""
    intake_records.save_nodes(
        tx,
        [
            {
                "node": node.name,
                "online": node.online,
                "bd_seq": node.bd_seq,
                "born_us": node.born_us,
                "seen_us": node.seen_us,
                "rebirths": node.rebirths,
                "broker": node.broker,
                "offline_us": node.offline_us,
            }
            for node in nodes
        ],
    )
    intake_records.save_devices(
        tx,
        [
            {
                "external_id": device.name,
                "online": device.born,
                "offline_us": device.offline_us,
                "complete_us": device.complete_us,
                "gap_from_us": device.open_gap.from_us if device.open_gap else None,
                "gap_to_us": device.open_gap.to_us if device.open_gap else None,
                "gap_cause": device.open_gap.cause if device.open_gap else "",
            }
            for device in devices
        ],
    )
