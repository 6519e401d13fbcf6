"""No decoder crashes or hangs on damaged input: it decodes, or it says Malformed.

TAKTWISE_FUZZ_INPUTS says how many inputs in all (70,000 unless set); TAKTWISE_FUZZ_SEED where to begin.
Hypothesis draws the seeds, a hundred inputs each, keeps those that failed, and tries them again first.
"""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.store import tables as t
from data.store.database import Database
from domain.errors import Malformed
from services.ingest import JSON, SPARKPLUG, Ingest
from tests.data.sources.test_sparkplug_host import restarted
from tests.fuzz import targets
from tests.fuzz.mutate import damaged, document
from tests.fuzz.targets import TARGETS, Target
from tests.kits.edge import T0_MS, raw
from tests.services.ingest.conftest import place

INPUTS = int(os.environ.get("TAKTWISE_FUZZ_INPUTS", "70000"))
SEED = int(os.environ.get("TAKTWISE_FUZZ_SEED", "0"))
PER_SEED = 100
HANG_S = 20.0  # of processor time; a hundred inputs take some milliseconds
SLOW = {"mapping-files": 20}  # a YAML file takes some milliseconds: a twentieth of the others' share
ROUNDS = max(1, -(-INPUTS // (len(TARGETS) - len(SLOW)) // PER_SEED))
STORED = max(1, ROUNDS // 10)


@contextmanager
def no_hang() -> Iterator[None]:
    """Raise TimeoutError in whatever does not come back."""

    def strike(_number: int, _frame: object) -> None:
        raise TimeoutError("an input hangs")

    before = signal.signal(signal.SIGVTALRM, strike)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def hundred(target: Target, seed: int) -> None:
    rng = random.Random(seed)
    with no_hang():
        for _ in range(PER_SEED):
            with suppress(Malformed):
                target(rng)


@pytest.mark.parametrize("name", TARGETS)
def test_a_decoder_says_malformed_and_nothing_worse(name: str) -> None:
    target = TARGETS[name]()

    rounds = max(1, ROUNDS // SLOW.get(name, 1))

    @settings(max_examples=rounds, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**48))
    def fuzz(seed: int) -> None:
        hundred(target, seed + SEED)

    fuzz()


def test_ingest_takes_whatever_comes_and_goes_on(database: Database) -> None:
    """Whole batches into a real database: nothing raises, and every message ends somewhere."""
    place(database)
    ingest = Ingest(database)
    rng = random.Random(SEED)
    for number in range(STORED):
        ms = T0_MS + 1000 * number
        with no_hang():
            batch = [_message(rng, ms) for _ in range(PER_SEED)]
            assert ingest.take(batch, ms * 1000).received == PER_SEED
    ingest.take([], (T0_MS + 10**9) * 1000)  # what is still held is given up
    fresh = raw(
        "uns/north/machining/line-1/cnc-12/telemetry", b'{"values":{"load":1}}', T0_MS + 10**9, "json"
    )
    assert ingest.take([fresh]).stored == 1
    assert restarted(ingest._host).nodes.keys() == ingest._host.nodes.keys()
    with database.read() as tx:
        assert tx.execute(t.quarantine.select().where(t.quarantine.c.reason == "internal")).first() is None


def _message(rng: random.Random, ms: int):
    if rng.random() < 0.5:
        data = damaged(rng, targets.TELEMETRY) if rng.random() < 0.7 else document(rng)
        return raw("uns/north/machining/line-1/cnc-12/telemetry", data, ms, JSON)
    kind = rng.choice(("NBIRTH", "DBIRTH", "NDATA", "DDATA", "DDATA", "NDEATH", "DDEATH"))
    tail = f"/cnc-{rng.randrange(9)}" if kind[0] == "D" else ""
    data = damaged(rng, targets.SPARKPLUG) if rng.random() < 0.6 else rng.choice(targets.SPARKPLUG)
    return raw(f"spBv1.0/north/{kind}/line-{rng.randrange(4)}{tail}", data, ms, SPARKPLUG)
