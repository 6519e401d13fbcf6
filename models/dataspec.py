"""What `--data KIND:DIR[:SUBSET]` names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import SettingsError


@dataclass(frozen=True, slots=True)
class DataSpec:
    """A kind of data, the folder that holds it under its original file names, and a part of it."""

    kind: str
    folder: Path
    subset: str = ""

    @classmethod
    def parse(cls, text: str, kinds: Sequence[str]) -> "DataSpec":
        """Read `KIND:DIR[:SUBSET]`; SettingsError when the kind or the folder does not exist."""
        kind, _, rest = text.partition(":")
        if kind not in kinds or not rest:
            raise SettingsError(
                f"--data {text!r}: write KIND:DIR or KIND:DIR:SUBSET, KIND {' or '.join(kinds)}"
            )
        folder, _, subset = rest.partition(":")
        if not Path(folder).is_dir():
            raise SettingsError(f"--data {text!r}: no folder {folder}")
        return cls(kind, Path(folder), subset)

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, str(self.folder), self.subset) if part)
