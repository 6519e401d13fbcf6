"""Real brokers for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.sources.mqtt import Broker
from tests.kits.broker import PASSWORD, NatsBroker


@pytest.fixture(params=["nats", pytest.param("mosquitto", marks=pytest.mark.services)])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "mosquitto":
        yield Broker(request.getfixturevalue("mosquitto_url"))
        return
    server = NatsBroker(tmp_path / "nats")
    server.start()
    yield Broker(server.url, "taktwise", PASSWORD)
    server.kill()
