"""Reports into a folder. A file appears whole or not at all, and a second delivery overwrites the first."""

import os
from collections.abc import Sequence
from pathlib import Path

from data.sinks.outlet import Parcel
from data.sinks.port import Ack, Outcome, Retry, Terminal


class FolderOutlet:
    """Writes below `root`; a target is one relative path and cannot lead out of it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def deliver(self, parcel: Parcel, target: Sequence[str]) -> Outcome:
        """Write every file, each first under another name and on disk before it gets its own."""
        root = self._root.resolve()
        folder = (root / target[0]).resolve()
        if not folder.is_relative_to(root):
            return Terminal(f"{target[0]} lies outside the report folder")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file in parcel.files:
                _write(folder / Path(file.name).name, file.content)
        except (FileExistsError, NotADirectoryError) as error:
            return Terminal(f"{target[0]} is no folder: {error.strerror}")
        except OSError as error:
            return Retry(f"{target[0]} cannot be written: {error.strerror or error}")
        return Ack()


def _write(path: Path, content: bytes) -> None:
    passing = path.with_name(f".{path.name}.part")
    with passing.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    passing.replace(path)
