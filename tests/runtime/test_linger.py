"""A batch that takes long to be stored is followed by a larger one."""

import pytest

from domain.clock import SECOND
from runtime.workers.ingest_part import linger_us


@pytest.mark.parametrize(
    ("took_us", "wanted_us"),
    [
        (0, SECOND // 10),
        (25_000, SECOND // 10),
        (60_000, 240_000),
        (SECOND, SECOND // 2),
        (-SECOND, SECOND // 10),
    ],
)
def test_messages_wait_four_times_as_long_as_storing_took_within_bounds(took_us: int, wanted_us: int) -> None:
    assert linger_us(took_us) == wanted_us
