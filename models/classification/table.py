"""Cases as a table, and the refusal of tables that the model cannot read."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.errors import SettingsError

Floats = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """N cases in input order. `raw` (N, K, C): K stretches of C readings, K = 1 where a case is a row.

    `labels` is None where the data have no truth, and "" for a case whose truth is not known.
    """

    ids: tuple[str, ...]
    raw: Floats
    labels: tuple[str, ...] | None

    def __len__(self) -> int:
        return len(self.ids)

    def truth(self) -> npt.NDArray[np.str_]:
        """Labels (N,); SettingsError where the data have none."""
        if self.labels is None or not any(self.labels):
            raise SettingsError("these data hold no truth to judge by")
        return np.array(self.labels)

    def take(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> "Table":
        """The cases at positions, or where a mask is True."""
        places = np.arange(len(self))[keep]
        labels = None if self.labels is None else tuple(self.labels[place] for place in places)
        return Table(tuple(self.ids[place] for place in places), self.raw[places], labels)


def csv_file(folder: Path, subset: str, columns: tuple[str, ...]) -> Path:
    """The CSV file of a set: the one named by `subset`, or the only one in the folder."""
    if subset:
        return folder / subset
    found = sorted(folder.glob("*.csv"))
    if len(found) > 1:
        found = [path for path in found if set(columns) <= set(_header(path))]
    if len(found) != 1:
        raise SettingsError(f"{folder} holds {len(found)} such CSV files: name one, KIND:DIR:FILE.csv")
    return found[0]


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding=_encoding(path)) as file:
            return [name.strip().strip('"') for name in file.readline().split(",")]
    except (ValueError, OSError):
        return []


def _encoding(path: Path) -> str:
    """UTF-16 where the file begins with its mark (spreadsheets write it so), else UTF-8."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def read_frame(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A CSV file with at least `columns`, or a SettingsError that says what is wrong with it."""
    try:
        frame = pd.read_csv(path, skipinitialspace=True, encoding=_encoding(path), low_memory=False)
        frame = frame.dropna(how="all").reset_index(drop=True)
    except FileNotFoundError as error:
        raise SettingsError(f"no file {path}") from error
    except (ValueError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    missing = [name for name in columns if name not in frame.columns]
    for name in missing:
        other = next((one for one in map(str, frame.columns) if _stem(one) == _stem(name)), None)
        if other is not None:
            raise SettingsError(f"{path}: {other!r} has an unknown unit; {name!r} is expected")
    if missing:
        raise SettingsError(f"{path}: missing columns: {', '.join(missing)}")
    if frame.empty:
        raise SettingsError(f"{path} has no rows")
    return frame


def _stem(name: str) -> str:
    return re.sub(r"\s*[\[(].*?[\])]\s*$", "", name).strip().lower()


def numbers(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> npt.NDArray[np.float64]:
    """The columns as finite numbers (rows, C); SettingsError names the first cell that is none."""
    table = np.empty((len(frame), len(columns)))
    for place, name in enumerate(columns):
        found = np.asarray(pd.to_numeric(frame[name], errors="coerce"), dtype=np.float64)
        wrong = np.flatnonzero(~np.isfinite(found))
        if len(wrong):
            text = frame[name].iloc[int(wrong[0])]
            raise SettingsError(f"{path}: {name!r} in row {wrong[0] + 1} is no number: {text!r}")
        table[:, place] = found
    return table


def said(frame: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    """A column of truth (rows,); NaN where it is empty or no number: such a case's truth is not known."""
    return np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=np.float64)


def ids(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """What the first of `columns` that is there calls each case (rows,), else its number from 1.

    SettingsError when an id is missing or comes twice: an answer must find its case.
    """
    name = next((one for one in columns if one in frame), "")
    if not name:
        return tuple(map(str, range(1, len(frame) + 1)))
    empty = np.flatnonzero(frame[name].isna())
    if len(empty):
        raise SettingsError(f"{path}: {name!r} in row {empty[0] + 1} is empty")
    found = tuple(_plain(one) for one in frame[name])
    if len(set(found)) < len(found):
        twice = next(one for place, one in enumerate(found) if one in found[:place])
        raise SettingsError(f"{path}: {name!r} {twice} comes twice")
    return found


def _plain(value: object) -> str:
    """An id as written: a column with one cell of text, or a gap, makes whole numbers fractions."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value).strip()  # type: ignore[call-overload]
