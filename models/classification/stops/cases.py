"""Stops with the reasons that people gave them, as a file: what a reason model learns from.

`stops.parquet` has a row per stop and moment: `stop` (its key), `equipment_id`, `from_us`, `at_us`, `ended`
(the stop is over at the moment), `reason` (a code of the reason tree, "" where nobody said one), `told_by`
(mes, person, or "" where the reason may not teach), `rule` (what the rules propose at the moment, "" for
nothing), `simulated`, and the columns of `features.COLUMNS`. `python -m runtime stop-cases` writes it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import SettingsError
from models.classification.stops.features import COLUMNS
from models.dataspec import DataSpec

FILE = "stops.parquet"
Texts = npt.NDArray[np.str_]
_TEXTS = ("stop", "equipment_id", "reason", "told_by", "rule")


@dataclass(frozen=True, slots=True)
class Cases:
    """N moments of stops, in input order: their inputs (N, F), and the columns of the file (N,)."""

    inputs: npt.NDArray[np.float32]
    stop: Texts
    equipment_id: Texts
    from_us: npt.NDArray[np.int64]
    at_us: npt.NDArray[np.int64]
    ended: npt.NDArray[np.bool_]
    reason: Texts
    told_by: Texts
    rule: Texts
    simulated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.stop)

    @property
    def ids(self) -> list[str]:
        """What names each case: the stop, and the moment."""
        return [f"{stop}@{at}" for stop, at in zip(self.stop.tolist(), self.at_us.tolist(), strict=True)]

    def take(self, wanted: npt.NDArray[np.bool_]) -> "Cases":
        """Some of them, in order."""
        return Cases(*(getattr(self, name)[wanted] for name in self.__slots__))

    def taught(self) -> "Cases":
        """Those whose reason may teach and judge."""
        return self.take((self.reason != "") & (self.told_by != ""))


def read(data: DataSpec) -> Cases:
    """The cases of a folder; SettingsError where the file is missing, or is none."""
    path = data.folder / FILE
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise SettingsError(f"no {FILE} in {data.folder}: python -m runtime stop-cases writes it") from error
    except (pa.ArrowException, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    missing = [name for name in (*_TEXTS, "from_us", "at_us", "ended", "simulated", *COLUMNS)
               if name not in table.column_names]  # fmt: skip
    if missing:
        raise SettingsError(f"{path}: missing columns: {', '.join(missing[:3])}")
    if not table.num_rows:
        raise SettingsError(f"{path} has no rows")
    found = {name: np.array(table[name].to_pylist(), str) for name in _TEXTS}
    inputs = np.column_stack([table[name].to_numpy().astype(np.float32) for name in COLUMNS])
    if not np.isfinite(inputs).all():
        raise SettingsError(f"{path}: a column holds a cell that is no number")
    numbers = {name: table[name].to_numpy().astype(np.int64) for name in ("from_us", "at_us")}
    flags = {name: np.array(table[name].to_pylist(), bool) for name in ("ended", "simulated")}
    return Cases(inputs=inputs, **found, **numbers, **flags)


def write(folder: Path, rows: list[dict[str, object]], inputs: npt.NDArray[np.float32]) -> Path:
    """Write the file: `rows` without the inputs, and these (N, F); returns where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: inputs[:, place] for place, name in enumerate(COLUMNS)}
    texts = {name: [row[name] for row in rows] for name in _TEXTS}
    rest = {name: [row[name] for row in rows] for name in ("from_us", "at_us", "ended", "simulated")}
    pq.write_table(pa.table({**texts, **rest, **columns}), folder / FILE)
    return folder / FILE


def wanted(found: Cases) -> None:
    """SettingsError where no case has a reason that may judge."""
    if not len(found):
        raise SettingsError("these data hold no truth to judge by")
