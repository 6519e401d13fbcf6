"""What machines say of their state, in whatever language, as PackML states (domain.telemetry).

packml     ISA-TR88.00.02 codes, taken as they are
machinery  OPC 40001-1: MachineryItemState and MachineryOperationMode, after Table 68 in its Annex C.2
running    one bit: runs, or does not
counter    nothing but parts: a stop is inferred from parts that stay away
"""

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from fractions import Fraction

from domain.clock import HOUR, SECOND
from domain.telemetry import MachineMode, MachineState
from domain.time_model import OperationSpan


class StateSource(StrEnum):
    """Where the states of a machine come from."""

    PACKML = "packml"
    MACHINERY = "machinery"
    RUNNING = "running"
    COUNTER = "counter"


class ItemState(IntEnum):
    """MachineryItemState of OPC 40001-1, by its state number."""

    NOT_AVAILABLE = 0
    OUT_OF_SERVICE = 1
    NOT_EXECUTING = 2
    EXECUTING = 3


class ItemMode(IntEnum):
    """MachineryOperationMode of OPC 40001-1, by its state number."""

    NONE = 0
    MAINTENANCE = 1
    SETUP = 2
    PROCESSING = 3


# After Table 68 all three that do not execute are ADET while an order is on, and ADOT without one:
# the time model decides that by the order.
ITEM_STATES = {
    ItemState.NOT_AVAILABLE: MachineState.STOPPED,
    ItemState.OUT_OF_SERVICE: MachineState.ABORTED,
    ItemState.NOT_EXECUTING: MachineState.STOPPED,
    ItemState.EXECUTING: MachineState.EXECUTE,
}
ITEM_MODES = {
    ItemMode.NONE: MachineMode.PRODUCTION,
    ItemMode.MAINTENANCE: MachineMode.MAINTENANCE,
    ItemMode.SETUP: MachineMode.SETUP,
    ItemMode.PROCESSING: MachineMode.PRODUCTION,
}
RUNNING_STATES = {0: MachineState.STOPPED, 1: MachineState.EXECUTE}
# The metric that tells a state, and how its values read; the first that a machine has counts.
STATE_METRICS = {
    "state": StateSource.PACKML,
    "machinery_item_state": StateSource.MACHINERY,
    "running": StateSource.RUNNING,
}
MODE_METRICS = ("mode", "machinery_operation_mode")
LONGEST_QUIET_US = HOUR
QUIET_CYCLES = 3


def state_of(metric: str, value: int) -> int:
    """The PackML state that a value of a state metric means."""
    if metric == "machinery_item_state":
        return int(ITEM_STATES[ItemState(value)])
    return int(RUNNING_STATES[value]) if metric == "running" else value


def mode_of(metric: str, value: int) -> int:
    """The mode that a value of a mode metric means."""
    return int(ITEM_MODES[ItemMode(value)]) if metric == "machinery_operation_mode" else value


def source_of(metrics: Sequence[str]) -> StateSource:
    """Where the states of a machine with these metrics come from."""
    return next((source for name, source in STATE_METRICS.items() if name in metrics), StateSource.COUNTER)


def quiet_us(cycle_s: float | None, bucket_us: int) -> int:
    """How long parts may stay away from a machine that runs: three cycles, at least a bucket."""
    cycles = round(QUIET_CYCLES * (cycle_s or 0) * SECOND)
    return min(LONGEST_QUIET_US, max(bucket_us, cycles))


def infer(
    buckets: Sequence[int], parts: Sequence[float], bucket_us: int, operations: Sequence[OperationSpan]
) -> list[tuple[int, int]]:
    """State changes (at, PackML state) of a machine that only counts, from its parts per bucket.

    It runs in buckets with parts and between them, unless they lie too far apart for the cycles planned
    there (`operations`, by start and apart). Before its first part it stands, and after its last one from
    that bucket's end. What is inferred more than LONGEST_QUIET_US behind the first bucket does not depend
    on where the buckets begin.
    """
    changes: list[tuple[int, int]] = []
    stands_from, index = buckets[0] if buckets else 0, 0
    for bucket, made in zip(buckets, parts, strict=True):
        if made <= 0:
            continue
        while index < len(operations) and operations[index].to_us <= stands_from:
            index += 1
        if not changes or _too_quiet((stands_from, bucket), operations, index, bucket_us):
            if stands_from < bucket:
                changes.append((stands_from, int(MachineState.STOPPED)))
            changes.append((bucket, int(MachineState.EXECUTE)))
        stands_from = bucket + bucket_us
    if buckets:
        changes.append((stands_from, int(MachineState.STOPPED)))
    return changes


def _too_quiet(
    stretch: tuple[int, int], operations: Sequence[OperationSpan], index: int, bucket_us: int
) -> bool:
    """True where no part came for longer than `quiet_us`, each moment by the cycle planned for it."""
    at, end = stretch
    if end - at <= bucket_us:
        return False
    used = Fraction(0)
    while index < len(operations) and operations[index].from_us < end:
        operation, index = operations[index], index + 1
        begin, until = max(at, operation.from_us), min(end, operation.to_us)
        used += Fraction(begin - at, bucket_us)  # without an order: no cycle
        used += Fraction(until - begin, quiet_us(operation.planned_cycle_s, bucket_us))
        at = until
    return used + Fraction(end - at, bucket_us) > 1
