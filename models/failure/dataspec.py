"""What `--data KIND:DIR[:SUBSET]` names."""

from dataclasses import dataclass
from pathlib import Path

from domain.errors import SettingsError

KINDS = ("cmapss", "plant")


@dataclass(frozen=True, slots=True)
class DataSpec:
    """A kind of data, the folder that holds it under its original file names, and a part of it."""

    kind: str
    folder: Path
    subset: str = ""

    @classmethod
    def parse(cls, text: str) -> "DataSpec":
        """Read `KIND:DIR[:SUBSET]`; SettingsError when the kind or the folder does not exist."""
        kind, _, rest = text.partition(":")
        if kind not in KINDS or not rest:
            raise SettingsError(
                f"--data {text!r}: write KIND:DIR or KIND:DIR:SUBSET, KIND {' or '.join(KINDS)}"
            )
        folder, _, subset = rest.partition(":")
        if not Path(folder).is_dir():
            raise SettingsError(f"--data {text!r}: no folder {folder}")
        return cls(kind, Path(folder), subset)

    def __str__(self) -> str:
        return ":".join(part for part in (self.kind, str(self.folder), self.subset) if part)
