"""What the standard demands of a host application when messages come out of order and when nodes die.

Checked on what stands in the database, by the standard's ids (see docs/sparkplug.md).
"""

from typing import Any

from sqlalchemy import select

from data.sources.messages import SESSION_ENDED, SESSION_STARTED
from data.store import tables as t
from data.store.database import Database
from data.wire.sparkplug import DataType, Metric
from data.wire.sparkplug_topics import MessageType
from domain.clock import SECOND
from domain.telemetry import Quality
from runtime.settings import Settings
from services.ingest import Ingest, RawMessage
from tests.kits.edge import T0_MS, EdgeNode, raw

GOOD, STALE = int(Quality.GOOD), int(Quality.STALE)
REORDER_US = 3 * SECOND


def lived(store: Database) -> tuple[Ingest, EdgeNode]:
    """A node with a metric of its own and two devices, born and heard."""
    ingest, edge = Ingest(store, reorder_us=REORDER_US), EdgeNode()
    edge.seq = 0
    own = (
        Metric("bdSeq", None, T0_MS, DataType.UINT64, 0),
        Metric("cabinet_temperature", 90, T0_MS, DataType.DOUBLE, 31.0),
    )
    node = edge.message(MessageType.NBIRTH, "", T0_MS, own)
    ingest.take([node, *(edge.birth(device, T0_MS) for device in edge.devices)])
    ingest.take([edge.data(device, T0_MS + 1000) for device in edge.devices])
    assert set(qualities(store).values()) == {GOOD}
    return ingest, edge


def qualities(store: Database) -> dict[tuple[str, str], int]:
    """The quality of every newest value, by device and metric."""
    a, m = t.equipment_aliases.c, t.metrics.c
    both = t.latest.join(t.metrics, m.metric_id == t.latest.c.metric_id).join(
        t.equipment_aliases, a.equipment_id == m.equipment_id
    )
    query = select(a.external_id, m.name, t.latest.c.quality).select_from(both).where(a.source == "sparkplug")
    with store.read() as tx:
        return {(row[0], row[1]): row[2] for row in tx.execute(query)}


def of(found: dict[tuple[str, str], int], device: str) -> set[int]:
    return {quality for (name, _), quality in found.items() if name == device}


def kept(store: Database, table: Any) -> dict[str, Any]:
    with store.read() as tx:
        return {row[0]: row for row in tx.execute(select(table))}


def dies(store: Database) -> Database:
    """The node dies; the will was made long before, so its own time says nothing."""
    ingest, edge = lived(store)
    death = edge.death(T0_MS - 60_000)
    late = RawMessage(death.source, death.topic, death.payload, (T0_MS + 5000) * 1000, (T0_MS + 5000) * 1000)
    ingest.take([late])
    return store


def device_dies(store: Database) -> Database:
    ingest, edge = lived(store)
    death = edge.message(MessageType.DDEATH, "cnc-11", T0_MS + 4000, ())
    ingest.take(
        [RawMessage(death.source, death.topic, death.payload, (T0_MS + 5000) * 1000, (T0_MS + 5000) * 1000)]
    )
    return store


def test_tck_id_operational_behavior_edge_node_termination_host_action_ndeath_node_offline(store) -> None:
    node = kept(dies(store), t.edge_nodes)["north/line-1"]
    assert (node.online, node.offline_us) == (False, (T0_MS + 5000) * 1000)


def test_tck_id_operational_behavior_edge_node_termination_host_action_ndeath_node_tags_stale(store) -> None:
    assert of(qualities(dies(store)), "north/line-1") == {STALE}


def test_tck_id_operational_behavior_edge_node_termination_host_action_ndeath_devices_offline(store) -> None:
    devices = kept(dies(store), t.edge_devices)
    for name in ("north/line-1/cnc-11", "north/line-1/cnc-13"):
        assert (devices[name].online, devices[name].offline_us) == (False, (T0_MS + 5000) * 1000)


def test_tck_id_operational_behavior_edge_node_termination_host_action_ndeath_devices_tags_stale(
    store,
) -> None:
    found = qualities(dies(store))
    assert of(found, "north/line-1/cnc-11") == of(found, "north/line-1/cnc-13") == {STALE}
    assert len(found) == 9


def test_tck_id_operational_behavior_edge_node_termination_host_action_ddeath_devices_offline(store) -> None:
    devices = kept(device_dies(store), t.edge_devices)
    dead, alive = devices["north/line-1/cnc-11"], devices["north/line-1/cnc-13"]
    assert (dead.online, dead.offline_us) == (False, (T0_MS + 4000) * 1000)
    assert (alive.online, alive.offline_us) == (True, None)


def test_tck_id_operational_behavior_edge_node_termination_host_action_ddeath_devices_tags_stale(
    store,
) -> None:
    found = qualities(device_dies(store))
    assert of(found, "north/line-1/cnc-11") == {STALE}
    assert of(found, "north/line-1/cnc-13") == of(found, "north/line-1") == {GOOD}


def swapped(store: Database) -> tuple[Ingest, RawMessage, int]:
    """One message is missing, the one after it is there: the time when it came, wall time."""
    ingest, edge = lived(store)
    missing = edge.data("cnc-11", T0_MS + 2000)
    after = edge.data("cnc-11", T0_MS + 3000)
    found = ingest.take([after])
    assert (found.stored, found.rebirths) == (0, {})
    return ingest, missing, (T0_MS + 3000) * 1000


def test_tck_id_operational_behavior_host_reordering_param(database: Database) -> None:
    assert Settings().sparkplug_reorder_s == 2
    assert Settings(sparkplug_reorder_s=7).sparkplug_reorder_s == 7
    ingest, edge = Ingest(database, reorder_us=7 * SECOND), EdgeNode(devices=("cnc-11",))
    ingest.take(edge.births(T0_MS))
    edge.data("cnc-11", T0_MS + 1000)
    ingest.take([edge.data("cnc-11", T0_MS + 2000)])
    assert not ingest.take([], (T0_MS + 2000) * 1000 + 7 * SECOND - 1).rebirths
    assert ingest.take([], (T0_MS + 2000) * 1000 + 7 * SECOND).rebirths


def test_tck_id_operational_behavior_host_reordering_start(store: Database) -> None:
    ingest, _, came_us = swapped(store)
    assert ingest.waiting
    assert not ingest.take([], came_us + REORDER_US - 1).rebirths


def test_tck_id_operational_behavior_host_reordering_rebirth(store: Database) -> None:
    ingest, _, came_us = swapped(store)
    result = ingest.take([], came_us + REORDER_US)
    assert result.rebirths == {"north/line-1": ""}
    assert [gap.missing for gap in result.gaps] == [1]


def test_tck_id_operational_behavior_host_reordering_success(store: Database) -> None:
    ingest, missing, came_us = swapped(store)
    result = ingest.take([missing], came_us + REORDER_US - 1)
    assert result.stored == 8
    assert not ingest.waiting
    assert not ingest.take([], came_us + 10 * REORDER_US).rebirths


def test_values_are_stale_while_the_host_has_no_connection_to_their_server(store: Database) -> None:
    """The standard demands it, and calls it not testable."""
    ingest, edge = lived(store)
    there = EdgeNode(node="line-2", devices=("cnc-21",))
    moved = [
        RawMessage(m.source, m.topic, m.payload, m.receive_us, m.wall_us, "b") for m in there.births(T0_MS)
    ]
    ingest.take(moved)
    ingest.take([raw(SESSION_ENDED, b"", T0_MS + 2000)])
    found = qualities(store)
    assert of(found, "north/line-1/cnc-11") == of(found, "north/line-1") == {STALE}
    assert of(found, "north/line-2/cnc-21") == {GOOD}
    ingest.take([raw(SESSION_STARTED, b"", T0_MS + 3000)])
    ingest.take(edge.births(T0_MS + 4000))
    assert of(qualities(store), "north/line-1/cnc-11") == {GOOD}
