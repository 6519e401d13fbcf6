"""True wear, for judging only (the simulation, and whether explanations point at the true cause): neither
features nor training nor the app ever read it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulator.contract import CAUSES, Failure, Floats
from simulator.effects import moved
from simulator.physics.wear import FIRST, TOOL, Wear
from simulator.world import World

EVERY_US = 3_600 * 1_000_000


@dataclass(frozen=True, slots=True)
class TrueFailure:
    """One functional failure with what nobody in the plant knows.

    `began_us` is when damage became more than nothing (None: no visible damage at all), `abrupt`
    whether it was of a kind that gives no usable notice.
    """

    equipment_id: str
    at_us: int
    cause: str
    began_us: int | None
    abrupt: bool


class Truth:
    """Watches a world and keeps hourly damage and every true failure, until written."""

    def __init__(self, world: World, *, keep_wear: bool = True) -> None:
        self._world, self._keep_wear = world, keep_wear
        self.failures: list[TrueFailure] = []
        self._began = np.full(world.wear.damage.shape, -1, dtype=np.int64)
        self._rows: list[tuple[int, Floats]] = []
        self._next_us = world.now_us

    def look(self, failures: tuple[Failure, ...]) -> None:
        """Call after every tick, with the tick's failures."""
        wear: Wear = self._world.wear
        seen = wear.damage >= FIRST
        seen[TOOL] = wear.damage[TOOL] >= 0.62
        self._began = np.where(seen & (self._began < 0), self._world.now_us, self._began)
        for failure in failures:
            self.failures.append(self._failure(failure))
        self._began = np.where(seen, self._began, -1)
        if self._keep_wear and self._world.now_us >= self._next_us:
            self._rows.append((self._world.now_us, wear.damage.astype(np.float32)))
            self._next_us = self._world.now_us + EVERY_US

    def _failure(self, failure: Failure) -> TrueFailure:
        row, unit = CAUSES.index(failure.cause), failure.unit
        began = int(self._began[row, unit])
        abrupt = bool(self._world.wear.abrupt[row, unit])
        if row == TOOL:
            abrupt = bool(self._world.wear.damage[TOOL, unit] < 0.95)  # chipped
        name = self._world.layout.units[unit].equipment_id
        return TrueFailure(name, failure.at_us, failure.cause, None if began < 0 else began, abrupt)

    def write(self, folder: Path) -> None:
        """failures.parquet, wear.parquet (hourly; one column a cause) and moved.json (which gauges each
        kind of damage moves, `simulator.effects`) in `folder`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        rows = [asdict(failure) for failure in self.failures]
        schema = pa.schema(
            [
                ("equipment_id", pa.string()),
                ("at_us", pa.int64()),
                ("cause", pa.string()),
                ("began_us", pa.int64()),
                ("abrupt", pa.bool_()),
            ]
        )
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "failures.parquet")
        pq.write_table(self._wear_table(), folder / "wear.parquet")
        (folder / "moved.json").write_text(json.dumps(moved(self._world.parameters), indent=1) + "\n")

    def _wear_table(self) -> pa.Table:
        names = [unit.equipment_id for unit in self._world.layout.units]
        times = np.repeat([at for at, _ in self._rows], len(names))
        columns: dict[str, object] = {
            "equipment_id": pa.array(names * len(self._rows)).dictionary_encode(),
            "at_us": times,
        }
        stacked = np.stack([row for _, row in self._rows]) if self._rows else np.zeros((0, 5, len(names)))
        for index, cause in enumerate(CAUSES):
            columns[cause] = stacked[:, index, :].reshape(-1).astype(np.float32)
        return pa.table(columns)
