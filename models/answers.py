"""Answers of a model as a CSV file, written whole or not at all."""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.errors import SettingsError


def write(out: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write the file `out`, return the number of rows.

    Rows go to a file beside it that takes its place at the end, so a refusal on the way leaves an older
    file as it was. SettingsError where the folder is missing or may not be written.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    count = 0
    try:
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for row in rows:
                writer.writerow(row)
                count += 1
        part.replace(out)
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return count
