"""The screens' reads give the same answer on PostgreSQL as on SQLite."""

import pytest
from sqlalchemy import select

from auth.permissions import Role
from data.store import tables as t
from domain.clock import HOUR
from domain.prediction import PredictionStatus
from services.queries.admin import AdminQueries
from services.queries.decide import DecideQueries
from services.queries.predict import PredictQueries
from services.rows.decide import HistoryFilter
from tests import factories as f
from tests.services.queries.conftest import Plant


@pytest.mark.services
def test_every_read_on_postgresql(postgres):
    with postgres.write() as tx:
        f.site(tx)
        f.machine(tx)
        sue = f.account(tx)
        ada = f.account(tx, "ada", [Role.ADMINISTRATOR])
        f.prediction(tx, at_us=f.NOW - HOUR, probability=0.1)
        key = f.prediction(tx)
        f.explanation(tx, key)
        f.readings(tx, f.CNC, "envelope_high", f.wave(f.NOW - 30 * HOUR, f.NOW, 2.1, 4.4))
        case_id = f.case(tx, prediction_id=key)
        f.case(tx, number=2, state="rejected", reason="no", decided_by=sue.account_id, open_key=None)
        c = t.commands.c
        command_id = tx.execute(select(c.command_id).where(c.case_id == case_id)).scalars().first()
        times = {"next_try_wall_us": 0, "created_wall_us": 0, "sent_wall_us": 5}
        row = {"queue": "mes.line-1", "body": "", "state": "sent", "attempts": 1, "last_error": ""}
        tx.execute(t.outbox.insert().values(message_id=command_id, **row, **times))
        f.receipt(tx, command_id)
        bad = {"source": "json", "topic": "t", "reason": "r", "detail": "", "digest": "d", "times": 1}
        tx.execute(t.quarantine.insert().values(receive_us=0, size=3, payload=b"abc", **bad))
    plant = Plant(postgres, sue)

    row_of = PredictQueries(plant.context()).risks().rows[0]
    assert row_of.prediction is not None and row_of.prediction.status is PredictionStatus.SCORED
    assert (row_of.since_us, row_of.case_number) == (row_of.prediction.at_us, 2211)
    assert row_of.moved_by == ("envelope_high", "vibration_kurtosis")
    assert PredictQueries(plant.context()).newest(f.CNC) == key
    view = PredictQueries(plant.context()).prediction(key)
    assert len(view.trends[0].points) > 100
    queries = DecideQueries(plant.context())
    assert [r.number for r in queries.inbox().waiting] == [2211]
    assert len(queries.case(2211).commands[0].receipts) == 1
    assert [r.number for r in queries.history(HistoryFilter())] == [2]
    health = AdminQueries(plant.context(ada)).health()
    assert (health.queues[0].sent, health.queues[0].accepted, health.quarantine[0].preview) == (1, 1, "abc")
    assert len(AdminQueries(plant.context(ada)).users().rows) == 2
