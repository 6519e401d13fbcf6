"""The garbage collector of a process whose answers or figures somebody waits for.

What start-up made stays for ever, and a full collection of it takes 0.1 s; an answer of thousands of rows
holds as many small objects as starts the collector ten times, and no cycles.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

QUIET = 20_000  # objects more than before, until it looks


@contextmanager
def quiet() -> Iterator[None]:
    """Leave alone what is there now, and look less often at what comes."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(QUIET, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
