"""The gateway publishes its own births, data and deaths, and commands nobody."""

import pytest

from data.edge.gateway_parts import BrokerPart
from data.edge.link import EdgeLink
from data.edge.node import Message
from domain.errors import InvalidInput


@pytest.fixture
def link():
    found = EdgeLink(BrokerPart(url="mqtt://127.0.0.1:1"), "plant", "gw", lambda _ms: Message("t", b"", 1))
    yield found
    found.close()


@pytest.mark.parametrize(
    "topic",
    [
        "spBv1.0/plant/NCMD/gw", "spBv1.0/plant/DCMD/gw/press", "spBv1.0/plant/NCMD/other",
        "spBv1.0/STATE/taktwise", "spBv1.0/plant/DDATA/gateway/press", "spBv1.0/other/DDATA/gw/press",
        "uns/north/press", "",
    ],
)  # fmt: skip
def test_what_is_not_its_own_is_refused(link, topic):
    with pytest.raises(InvalidInput, match="does not publish"):
        link.publish(Message(topic, b"", 0))


@pytest.mark.parametrize("topic", ["spBv1.0/plant/NBIRTH/gw", "spBv1.0/plant/DDATA/gw/press"])
def test_its_own_voice_is_taken(link, topic):
    link.publish(Message(topic, b"", 0))
