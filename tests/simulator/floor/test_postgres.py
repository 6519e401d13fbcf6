"""The same books on PostgreSQL: a schema per instance, and a role that can only read."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from domain.clock import DAY, HOUR, MINUTE
from simulator.erp import schema as erp
from simulator.floor import PlantFloor, reader_urls
from simulator.layout import Layout
from simulator.mes import schema as mes
from simulator.world import World
from tests.simulator.floor.conftest import (
    CNC_12,
    NOW,
    body,
    cancel,
    order,
    requisition,
    reservation,
    set_clock,
)

pytestmark = pytest.mark.services


@pytest.fixture
def reader(postgres_url: str) -> Iterator[str]:
    """A role name of its own, dropped afterwards."""
    role = f"reader_{os.urandom(4).hex()}"
    yield role
    server = postgres_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP OWNED BY "{role}"')
        connection.execute(f'DROP ROLE "{role}"')


def test_a_day_with_orders(
    postgres_url: str, open_plant: Callable[..., PlantFloor], layout: Layout, reader: str
) -> None:
    floor = open_plant(url=postgres_url)
    set_clock(floor, NOW)
    clash = order(start_us=NOW + HOUR, equipment_id=CNC_12)
    commands = [order(start_us=NOW + HOUR), clash, reservation(), requisition()]
    commands += [cancel(commands[-1])]
    for command in [*commands, *commands]:
        post = next(post for post in floor.posts if command.queue in post.queues)
        post.take(command.queue, body(command), NOW)
    for _ in World(layout, 3, NOW, floor).ticks(NOW + DAY, 5 * MINUTE):
        pass
    floor.flush()
    with floor.systems[0].records.read() as tx:
        outcomes = dict(tx.execute(select(mes.post.inbox.c.message_id, mes.post.inbox.c.outcome)).all())
        assert tx.execute(select(func.count()).select_from(mes.quality_results)).scalar_one() > 100
        assert tx.execute(select(func.count()).select_from(mes.ledger)).scalar_one() == 1
    assert outcomes == {commands[0].command_id: "done", clash.command_id: "refused"}
    with floor.erp.records.read() as tx:
        assert tx.execute(select(func.count()).select_from(erp.stock)).scalar_one() == 25
        assert tx.execute(select(func.count()).select_from(erp.post.inbox)).scalar_one() == 3
    _reads_only(layout, postgres_url, reader)


def _reads_only(layout: Layout, postgres_url: str, role: str) -> None:
    urls = reader_urls(layout, Path(), postgres_url, role, "it's 100% secret")
    assert set(urls) == {"line-1", "line-2", "erp"}
    engine = create_engine(urls["line-1"])
    with engine.connect() as tx:
        assert tx.execute(text("SELECT count(*) FROM machines")).scalar() == 10
    for statement in ("DELETE FROM machines", "SELECT * FROM inbox", "SELECT * FROM erp.inbox"):
        with engine.connect() as tx, pytest.raises(DBAPIError):
            tx.execute(text(statement))
    with engine.connect() as tx:
        tx.execute(text("SET default_transaction_read_only = off"))
        tx.commit()
        with pytest.raises(DBAPIError, match="permission denied"):
            tx.execute(text("DELETE FROM machines"))
    engine.dispose()
