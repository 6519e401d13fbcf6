"""The pictures that a vision model can be trained on, and how a folder of them is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from domain.errors import InvalidInput, SettingsError
from models.dataspec import DataSpec
from models.vision import pictures
from models.vision.pictures import Camera, Pixels


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained: its width, passes over the pictures, step sizes, and how it is held out."""

    width: int
    epochs: int
    left_out: tuple[str, ...]  # the labels that a further network each is trained without
    left_out_epochs: int
    turned: bool  # whether a picture is as likely mirrored or turned by a quarter
    patterns: bool  # whether the classic count of local patterns has a say beside the networks
    alike: bool  # whether pictures that look alike stay in one part: of cameras yes, of drawn parts no
    batch: int = 16
    rate: float = 3e-3
    decay: float = 0.05
    smoothing: float = 0.05
    keep: float = 0.995
    parts: int = 6


@dataclass(frozen=True, slots=True)
class Kind:
    """One set: what its camera is like, its labels, and the recipe."""

    name: str
    camera: Camera
    labels: tuple[str, ...]
    good: str
    recipe: Recipe
    version: str
    source: str
    licence: str
    limits: tuple[str, ...]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="neu_steel",
            camera=Camera(200, 1),
            labels=("crazing", "inclusion", "patches", "pitted_surface", "rolled-in_scale", "scratches"),
            good="",
            recipe=Recipe(
                width=16,
                epochs=40,
                left_out=("patches", "scratches"),
                left_out_epochs=12,
                turned=True,
                patterns=True,
                alike=True,
            ),
            version="neu-1",
            source="NEU surface defects of hot-rolled steel, 200 x 200 grey",
            licence="academic use as far as known; the weights stay with who trains them",
            limits=("Every picture shows a defect: the set holds no good steel.",),
        ),
        Kind(
            name="plant",
            camera=Camera(200, 3),
            labels=("good", "crack", "dent", "colour", "surface", "assembly"),
            good="good",
            recipe=Recipe(
                width=16,
                epochs=24,
                left_out=("dent", "colour"),
                left_out_epochs=8,
                turned=False,
                patterns=True,
                alike=False,
            ),
            version="plant-picture-1",
            source="rendered parts of the virtual plant",
            licence="Apache-2.0",
            limits=(
                "Knows the rendered parts of the virtual plant only; a real line trains its own.",
                "A picture shows one part; of two defects the likelier one is named.",
            ),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Gallery:
    """N pictures in the order of their names. `truth` is "" for a picture outside of a label's folder."""

    ids: tuple[str, ...]
    paths: tuple[Path, ...]
    truth: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, keep: npt.NDArray[np.bool_]) -> "Gallery":
        """Those where the mask is True."""
        places = np.flatnonzero(keep).tolist()
        return Gallery(
            tuple(self.ids[k] for k in places), tuple(self.paths[k] for k in places), self.truth[keep]
        )

    def pixels(self, camera: Camera, batch: int = 256) -> Iterator[Pixels]:
        """The values (n, C, H, W) of the pictures, a batch at a time.

        SettingsError names the pictures that the camera cannot have taken, five at the most.
        """
        wrong: list[str] = []
        for at in range(0, len(self), batch):
            rows = []
            for path in self.paths[at : at + batch]:
                try:
                    rows.append(pictures.read(path, camera))
                except InvalidInput as error:
                    wrong.append(str(error))
            if wrong:
                raise SettingsError("; ".join(wrong[:5]))
            yield np.stack(rows)


def gallery(kind: Kind, data: DataSpec) -> Gallery:
    """The pictures below the folder (or its part SUBSET), by their path within it.

    A folder with the name of a label holds pictures of that label; the file's name alone says nothing.
    """
    if data.kind != kind.name:
        raise SettingsError(f"these are pictures of {data.kind}, not of {kind.name}")
    place = data.folder / data.subset if data.subset else data.folder
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in pictures.SUFFIXES)
    if not found:
        raise SettingsError(f"{place} holds no pictures ({', '.join(pictures.SUFFIXES)})")
    truth = [path.parent.name if path.parent.name in kind.labels else "" for path in found]
    ids = tuple(path.relative_to(place).as_posix() for path in found)
    return Gallery(ids, tuple(found), np.array(truth, dtype=np.str_))
