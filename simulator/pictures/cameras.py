"""The cameras of the demo plant: what they see, how often, and what of it is bad."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.wire import picture_topics
from simulator.edge import Message
from simulator.layout import Layout
from simulator.pictures.parts import BLISTER, BRACKET, CARTON, CLIP, COVER, LARGE_CARTON
from simulator.pictures.render import ASSEMBLY, COLOUR, CRACK, DENT, FOREIGN, GOOD, SURFACE, Picture, render

EVERY_S = 25.0  # seconds of wall time between two pictures, whatever the plant's speed
SHARES = {GOOD: 0.80, CRACK: 0.035, DENT: 0.045, COLOUR: 0.035, SURFACE: 0.045, ASSEMBLY: 0.03, FOREIGN: 0.01}
SEEN = {"press": (BRACKET, COVER, CLIP), "packer": (CARTON, LARGE_CARTON, BLISTER)}


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera after the last machine of a line; it speaks MQTT, or writes files."""

    equipment_id: str
    unit: int
    parts: tuple[str, ...]
    by_file: bool


def cameras(layout: Layout) -> tuple[Camera, ...]:
    """One at the end of each press line (MQTT) and of each packing line (files)."""
    found = []
    for line in layout.lines:
        if line.machine_type in SEEN:
            last = layout.units[line.units[-1]]
            parts = SEEN[line.machine_type.value]
            found.append(Camera(last.equipment_id, last.index, parts, line.machine_type == "packer"))
    return tuple(found)


def seen(camera: Camera, draw: np.random.Generator) -> Picture:
    """What passes the camera next."""
    label = str(draw.choice(list(SHARES), p=list(SHARES.values())))
    part = camera.parts[int(draw.integers(len(camera.parts)))]
    return render(part, label, int(draw.integers(2**31)))


class Watch:
    """All cameras, in turn: `due` gives a message to publish, or writes a file, or does nothing."""

    def __init__(self, layout: Layout, seed: int, folder: Path | None, every_s: float = EVERY_S) -> None:
        self._cameras = cameras(layout)
        self._draw = np.random.default_rng([seed, 77, time.time_ns() % 2**31])
        self._folder, self._every_s = folder, every_s
        self._next, self._turn = time.monotonic() + every_s, 0

    def due(self) -> Message | None:
        """The next picture, when it is time for one; a file is written whole, then given its name."""
        if not self._cameras or time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + self._every_s
        camera = self._cameras[self._turn % len(self._cameras)]
        self._turn += 1
        data = seen(camera, self._draw).jpeg()
        if not camera.by_file or self._folder is None:
            return Message(picture_topics.topic_of(camera.equipment_id), data, 1)
        place = self._folder / camera.equipment_id
        place.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns()}.jpg"
        part = place / f".{name}"
        part.write_bytes(data)
        part.rename(place / name)
        return None
