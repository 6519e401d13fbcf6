"""A message that could not be read: seen on *Flow*, its mapping mended, read again, stored."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from data.sources.mqtt import Broker
from data.store import tables as t
from data.store.database import Database
from domain.clock import wall_us
from runtime.demo import PLANT
from services import clocks
from tests.contract.test_mqtt import publish
from tests.contract.test_topics import stored
from tests.e2e.conftest import RunningDesk, run_desk
from tests.e2e.desk_kit import tab
from tests.e2e.test_story import INTERVAL_S, SLOW, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.slow]
TOPIC, DEVICE = "uns/north/washing/line-9/washer-1/status", "north/washing/line-9/washer-1"


def mapping(states: dict[str, int]) -> str:
    entry = {
        "name": "washers", "pattern": "uns/{site}/{area}/{line}/{unit}/status", "payload": "object",
        "time": {"field": "ts", "as": "milliseconds"},
        "metrics": {"status": {"metric": "state", "states": states}},
    }  # fmt: skip
    return json.dumps({"topics": [entry]})  # JSON is YAML


@pytest.fixture
def topics(tmp_path: Path) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(mapping({"RUN": 6}))
    return path


@pytest.fixture
def desk(copy_of_prepared: Path, topics: Path) -> Iterator[RunningDesk]:
    with run_desk(copy_of_prepared, SLOW, INTERVAL_S, TAKTWISE_TOPICS=str(topics)) as running:
        yield running


def say(desk: RunningDesk, at_ms: int) -> None:
    """What the washer says: a state that its mapping does not have."""
    port = json.loads((desk.var / "ports.json").read_text())["mqtt"]
    password = (desk.var / f"broker-password-{PLANT}").read_text().strip()
    payload = json.dumps({"ts": at_ms, "status": "RINSING"}).encode()
    publish(Broker(f"mqtt://127.0.0.1:{port}", PLANT, password), (TOPIC, payload))


def aside(database: Database) -> tuple[int, int]:
    """How many messages are set aside for this reason, and how many of them were read again in vain."""
    q = t.quarantine.c
    with database.read() as tx:
        row = tx.execute(select(func.count(), func.count(q.tried_wall_us)).where(q.reason == "state")).one()
        return row[0], row[1]


def states(database: Database) -> list[int]:
    """The times of the washer's states that are stored, in ms."""
    return [at_ms for at_ms, _ in stored(database, DEVICE).get("state", [])]


def read_again(page: Page, desk: RunningDesk) -> None:
    """What a person does on *Flow* about this reason."""
    page.goto(desk.url + "/flow?reason=json:state")
    expect(page.get_by_text("The mapping does not know this word for a state").first).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Read [\d,]+ messages? again")).click()
    expect(page.get_by_text("will be read again within seconds").first).to_be_visible()


def test_a_message_is_read_again_after_its_mapping_was_mended(
    desk: RunningDesk, chromium: Browser, topics: Path
) -> None:
    database = Database(desk.database_url)
    with database.read() as tx:
        first = clocks.read(tx, "north").plant_us(wall_us()) // 1000 - 60_000
    say(desk, first)
    wait_for(lambda: aside(database) == (1, 0))
    with tab(chromium, database, desk.url, "admin") as page:
        read_again(page, desk)
        wait_for(lambda: aside(database) == (1, 1))
        assert states(database) == [], "it cannot be read yet"
        topics.write_text(mapping({"RUN": 6, "RINSING": 6}))

        def mended() -> bool:
            say(desk, first + 1_000)
            return states(database) == [first + 1_000]

        wait_for(mended)
        read_again(page, desk)
        wait_for(lambda: states(database) == [first, first + 1_000])
        page.goto(desk.url + "/flow")
        expect(page.get_by_text("Quarantine by reason")).to_be_visible()
        expect(page.get_by_text("The mapping does not know this word for a state")).to_have_count(0)
    assert aside(database) == (0, 0)
    database.close()
