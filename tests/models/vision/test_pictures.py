"""What is refused before and after a pixel is decoded: never a confident number on a bad picture."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from domain.errors import InvalidInput
from models.vision import pictures
from models.vision.pictures import MOST_BYTES, Camera, bounded, decode

GREY, COLOUR = Camera(200, 1), Camera(200, 3)


def drawn(size: tuple[int, int] = (200, 200), mode: str = "RGB", kind: str = "JPEG", seed: int = 0) -> bytes:
    channels = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(values.squeeze(), mode).save(out, kind) if mode != "CMYK" else Image.frombytes(
        mode, size, values.tobytes()
    ).save(out, kind)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG whose header promises 60,000 x 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def test_a_picture_of_the_camera_is_read_as_it_is() -> None:
    found = decode(drawn(kind="PNG"), COLOUR)
    assert found.shape == (3, 200, 200) and found.dtype == np.uint8
    assert decode(drawn(mode="L", kind="PNG"), GREY).shape == (1, 200, 200)


def test_grey_in_three_equal_channels_is_grey() -> None:
    grey = Image.open(io.BytesIO(drawn(mode="L", kind="PNG"))).convert("RGB")
    out = io.BytesIO()
    grey.save(out, "JPEG")
    assert decode(out.getvalue(), GREY).shape == (1, 200, 200)


@pytest.mark.parametrize(
    ("data", "camera", "words"),
    [
        (drawn((100, 100)), COLOUR, "100 x 100"),
        (drawn((200, 201)), COLOUR, "200 x 201"),
        (drawn(mode="L"), COLOUR, "grey picture"),
        (drawn(mode="RGB"), GREY, "coloured"),
        (drawn(mode="RGBA", kind="PNG"), COLOUR, "mode RGBA"),
        (drawn(mode="CMYK"), COLOUR, "mode CMYK"),
        (drawn()[:2_000], COLOUR, "no readable"),
        (b"", COLOUR, "bytes"),
        (b"x" * (MOST_BYTES + 1), COLOUR, "bytes"),
        (b"GIF89a" + bytes(100), COLOUR, "no readable"),
    ],
)
def test_what_is_refused_and_why(data, camera, words) -> None:
    with pytest.raises(InvalidInput, match=words):
        decode(data, camera)


def test_an_even_picture_shows_nothing() -> None:
    out = io.BytesIO()
    Image.new("RGB", (200, 200), (90, 90, 90)).save(out, "PNG")
    with pytest.raises(InvalidInput, match="nothing is to be seen"):
        decode(out.getvalue(), COLOUR)


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(InvalidInput):
        bounded(bomb())
    with pytest.raises(InvalidInput):
        decode(bomb(), COLOUR)
    out = io.BytesIO()
    Image.new("L", (2_100, 2_000)).save(out, "PNG")
    with pytest.raises(InvalidInput, match="is the most"):
        bounded(out.getvalue())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 6_000), st.booleans())
def test_damage_never_gets_through_as_anything_but_a_refusal(noise, place, cut) -> None:
    whole = drawn(seed=3)
    data = whole[: place % len(whole)] + noise + (b"" if cut else whole[place % len(whole) + len(noise) :])
    try:
        found = decode(data, COLOUR)
    except InvalidInput:
        return
    assert found.shape == (3, 200, 200) and found.dtype == np.uint8


def test_a_picture_is_known_by_its_bytes() -> None:
    assert pictures.digest(b"a") != pictures.digest(b"b") and len(pictures.digest(b"a")) == 64
