"""A plant's past as wire messages, for the first set-up: the same bytes as live, only faster."""

from collections.abc import Iterator

from domain.clock import SECOND
from simulator.history import INTERVAL_S, Progress
from simulator.onset import Onset, begin
from simulator.plant import VirtualPlant

BATCH_TICKS = 12
Batch = tuple[int, list[tuple[str, bytes]]]


def backfill(
    plant: VirtualPlant,
    to_us: int,
    *,
    interval_s: int = INTERVAL_S,
    batch_ticks: int = BATCH_TICKS,
    progress: Progress | None = None,
    onset: Onset | None = None,
) -> Iterator[Batch]:
    """Step the plant to `to_us` and yield (plant time of the batch's end, messages), births first.

    Messages are in order of time, and the last batch ends at most one interval before `to_us`. The
    floor keeps its books meanwhile. The plant is saved at the end, so that it goes on live from there.
    """
    step_us = interval_s * SECOND
    total = max(0, (to_us - plant.world.now_us) // step_us)
    batch: list[tuple[str, bytes]] = []
    for done in range(1, total + 1):
        if onset is not None and plant.world.now_us >= onset.at_us:
            begin(plant.world, onset)
            onset = None
        plant.step(step_us)
        if done == 1:
            for node in plant.nodes:
                batch += [(found.topic, found.payload) for found in node.births(plant.now_ms)]
        batch += [(found.topic, found.payload) for found in plant.drain()]
        if done % batch_ticks == 0 or done == total:
            yield plant.world.now_us, batch
            batch = []
            if progress is not None:
                progress(done, total)
    for node in plant.nodes:
        node.on_disconnected()
    plant.save()
