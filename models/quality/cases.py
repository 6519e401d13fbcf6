"""Operations with their settings and what came of them, as a file: what a model of scrap learns from.

`operations.parquet` has a row per operation: `operation`, `equipment_id`, `product_id`, `at_us` (when it
began), `good` and `bad` (parts; bad are scrapped or reworked), `settings` (JSON: name -> value), `simulated`.
`python -m runtime process-cases` writes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import SettingsError
from models.dataspec import DataSpec

FILE = "operations.parquet"
COLUMNS = ("operation", "equipment_id", "product_id", "at_us", "good", "bad", "settings", "simulated")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where, of what, since when, with which settings, and its parts."""

    operation: str
    equipment_id: str
    product_id: str
    at_us: int
    settings: Mapping[str, float]
    good: float = 0.0
    bad: float = 0.0
    simulated: bool = False

    @property
    def parts(self) -> float:
        """All parts."""
        return self.good + self.bad


def read(data: DataSpec) -> list[Operation]:
    """The operations of a folder in its order; SettingsError where the file is missing, or is none."""
    path = data.folder / FILE
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        words = f"no {FILE} in {data.folder}: python -m runtime process-cases writes it"
        raise SettingsError(words) from error
    except (pa.ArrowException, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise SettingsError(f"{path}: missing columns: {', '.join(missing[:3])}")
    try:
        found = [_operation(row) for row in table.select(COLUMNS).to_pylist()]
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not found:
        raise SettingsError(f"{path} has no rows")
    return found


def _operation(row: Mapping[str, object]) -> Operation:
    settings = {str(k): float(v) for k, v in json.loads(str(row["settings"])).items()}
    good, bad = float(str(row["good"])), float(str(row["bad"]))
    if not (good >= 0 and bad >= 0):
        raise ValueError(f"{row['operation']} has fewer than no parts")
    return Operation(
        str(row["operation"]), str(row["equipment_id"]), str(row["product_id"]), int(str(row["at_us"])),
        settings, good, bad, bool(row["simulated"]),
    )  # fmt: skip


def write(folder: Path, operations: Sequence[Operation]) -> Path:
    """Write the file; returns where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        name: [
            json.dumps(dict(one.settings)) if name == "settings" else getattr(one, name) for one in operations
        ]
        for name in COLUMNS
    }
    pq.write_table(pa.table(columns), folder / FILE)
    return folder / FILE
