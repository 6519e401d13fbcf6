"""Sending pictures by HTTP: tokens, sizes, and what is answered."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from api.pictures import routes, sender_of
from domain.errors import NotFound, Unavailable
from runtime.web_security import Gate
from services.vision.received import MOST_BYTES, Received
from tests.runtime.test_web_security import Client

TOKENS = {"camera-1": "a" * 40, "camera-2": "b" * 40}
PATH = "/api/pictures/north/forming/line-2/press-30"


class Kept:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, str]] = []
        self.answer: Received | Exception = Received("i1", "f" * 64, new=True)

    def __call__(self, unit: str, data: bytes, sender: str) -> Received:
        self.seen.append((unit, data, sender))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def client(kept) -> Client:
    return Client(Starlette(routes=routes(TOKENS, kept), middleware=[Middleware(Gate, public_https=False)]))


def send(client, data=b"picture", token="b" * 40):
    return client.post(PATH, content=data, headers={"Authorization": f"Bearer {token}"})


def test_a_picture_is_kept_under_its_machine_and_sender(client, kept) -> None:
    answer = send(client)
    assert answer.status_code == 201 and answer.json()["inspection"] == "i1"
    assert kept.seen == [("north/forming/line-2/press-30", b"picture", "camera-2")]
    kept.answer = Received("i1", "f" * 64, new=False)
    assert send(client).status_code == 200


def test_without_a_token_nothing_is_read(client, kept) -> None:
    assert client.post(PATH, content=b"x").status_code == 403  # the gate: no token, no page of ours
    assert send(client, token="c" * 40).status_code == 401
    assert kept.seen == []
    assert sender_of("Bearer " + "a" * 40, TOKENS) == "camera-1"
    assert sender_of("Basic " + "a" * 40, TOKENS) == ""
    assert sender_of("Bearer ", {}) == ""


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NotFound("no machine"), 404),
        (Unavailable("too many wait"), 503),
        (Received("", "f" * 64, new=True, reason="100 x 100 pixels"), 422),
    ],
)
def test_refusals_say_why(client, kept, answer, status) -> None:
    kept.answer = answer
    found = send(client)
    assert found.status_code == status and found.json()["error"]


def test_too_large_a_body_is_cut_off(client, kept) -> None:
    assert send(client, b"x" * (MOST_BYTES + 1)).status_code == 413
    assert kept.seen == []
