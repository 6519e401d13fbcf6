"""Connections and users: who may look, what counts as trouble, what is shown of a bad payload."""

import pytest

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR, MINUTE, wall_us
from domain.errors import Forbidden
from services.queries.admin import AdminQueries
from services.queries.health import preview
from tests import factories as f


def worker(tx, name="ingest", age_us=0, state="running"):
    now = wall_us()
    tx.execute(
        t.workers.insert().values(
            name=name,
            pid=1,
            state=state,
            started_wall_us=now - HOUR,
            heartbeat_wall_us=now - age_us,
            restarts=1,
            detail='{"lag_s": 0.25, "backlog": 3}',
        )
    )


def outbox(tx, message_id, state, queue="mes.line-1", age_us=0, error=""):
    tx.execute(
        t.outbox.insert().values(
            message_id=message_id,
            queue=queue,
            body="",
            state=state,
            attempts=0,
            next_try_wall_us=0,
            created_wall_us=wall_us() - age_us,
            last_error=error,
        )
    )


def test_nothing_has_reported_yet(plant):
    health = AdminQueries(plant.context()).health()
    assert (health.trouble, health.workers, health.queues, health.quarantine_count) == ((), (), (), 0)


def test_all_well(plant):
    with plant.database.write() as tx:
        worker(tx)
        outbox(tx, "m1", "sent")
        f.receipt(tx, "m1", "accepted")
    health = AdminQueries(plant.context()).health()
    assert health.trouble == ()
    assert dict(health.workers[0].detail) == {"lag_s": "0.2", "backlog": "3"}
    queue = health.queues[0]
    assert (queue.sent, queue.accepted, queue.unanswered, queue.waiting) == (1, 1, 0, 0)


def test_every_kind_of_trouble_is_said(plant):
    now = wall_us()
    with plant.database.write() as tx:
        worker(tx, "ingest", age_us=2 * MINUTE)
        worker(tx, "score", state="restarting")
        tx.execute(t.edge_nodes.insert().values(node="north/line-4", online=False, seen_us=f.NOW, rebirths=0))
        mark = {"entity": "orders", "updated_us": f.NOW, "last_key": ""}
        tx.execute(t.watermarks.insert().values(instance="line-1", read_wall_us=now, state="no file", **mark))
        tx.execute(
            t.watermarks.insert().values(instance="line-2", read_wall_us=now - HOUR, state="ok", **mark)
        )
        outbox(tx, "m1", "pending", age_us=5 * MINUTE, error="connection refused")
        outbox(tx, "m2", "failed", queue="erp.stock")
    health = AdminQueries(plant.context()).health()
    assert health.trouble == (
        "ingest gives no sign of life",
        "score is restarting",
        "edge node north/line-4 is offline",
        "line-1 cannot be read",
        "line-2 was not read for 5 minutes",
        "1 orders for erp.stock could not be sent",
        "1 orders wait for mes.line-1",
    )
    assert health.queues[1].last_error == "connection refused"


def test_receipts_are_counted_once_an_order(plant):
    with plant.database.write() as tx:
        outbox(tx, "m1", "sent")
        outbox(tx, "m2", "sent")
        for status in ("accepted", "accepted", "done"):
            f.receipt(tx, "m1", status)
    queue = AdminQueries(plant.context()).health().queues[0]
    assert (queue.sent, queue.accepted, queue.done, queue.refused, queue.unanswered) == (2, 1, 1, 0, 1)


def test_quarantine_shows_the_newest_with_a_short_preview(plant):
    with plant.database.write() as tx:
        for k in range(60):
            row = {"receive_us": f.NOW, "source": "json", "reason": "not_json", "detail": "", "size": 9}
            payload = b"<b>" + b"x" * 5_000
            tx.execute(
                t.quarantine.insert().values(topic=f"t/{k}", digest=str(k), payload=payload, times=1, **row)
            )
    health = AdminQueries(plant.context()).health()
    assert (health.quarantine_count, len(health.quarantine)) == (60, 50)
    assert health.quarantine[0].topic == "t/59"
    assert health.quarantine[0].preview == "<b>" + "x" * 397


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        (b"plain", "plain"),
        ("M\u00fcnchen".encode(), "M\u00fcnchen"),
        (b"\x00\x01\x02\xff", "00 01 02 ff"),
        (b"", ""),
    ],
)
def test_a_payload_is_shown_as_text_or_as_hexadecimal(payload, shown):
    assert preview(payload) == shown


def test_a_character_cut_in_two_does_not_hide_the_text():
    assert preview("\u00e4".encode() * 20 + b"\xc3") == "\u00e4" * 20


def test_users_are_for_administrators(plant, somebody):
    ada = somebody("ada", [Role.ADMINISTRATOR])
    users = AdminQueries(plant.context(ada)).users()
    assert [(u.username, u.roles) for u in users.rows] == [
        ("ada", (Role.ADMINISTRATOR,)),
        ("sue", (Role.SUPERVISOR,)),
    ]
    assert ("north/machining/line-1", "Line 1") in users.places
    with pytest.raises(Forbidden):
        AdminQueries(plant.context()).users()


def test_an_operator_does_not_see_the_connections(plant, somebody):
    with pytest.raises(Forbidden):
        AdminQueries(plant.context(somebody("tom", [Role.OPERATOR]))).health()
