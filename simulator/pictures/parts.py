"""What the parts look like when nothing is wrong, and what of them can be missing."""

from dataclasses import dataclass

import numpy as np

from simulator.pictures.canvas import SIZE, Colour, Masks, Plane, blend, noise, soft

BRACKET, COVER, CLIP, CARTON, LARGE_CARTON, BLISTER = (
    "Bracket",
    "Cover plate",
    "Clip",
    "Carton of 12",
    "Carton of 48",
    "Blister pack",
)
STEEL: Colour = (0.60, 0.62, 0.65)
PARTS = (BRACKET, COVER, CLIP, CARTON, LARGE_CARTON, BLISTER)


@dataclass(slots=True)
class Scene:
    """A part being drawn: its colours (SIZE, SIZE, 3), its height in pixels, its outline."""

    colour: Plane
    height: Plane
    outline: Plane
    shine: float
    masks: Masks
    reach: tuple[float, float]  # half width and half height of the part
    missing: Plane  # where something that belongs there is missing or askew


def lay(name: str, draw: np.random.Generator, *, incomplete: bool = False) -> Scene:
    """A part on the belt. `incomplete`: something is missing or sits askew."""
    centre = (SIZE / 2 + draw.uniform(-12, 12), SIZE / 2 + draw.uniform(-12, 12))
    masks = Masks(centre, draw.uniform(-0.18, 0.18), draw.uniform(0.94, 1.06))
    scene = _belt(draw, masks)
    if name in (BRACKET, COVER, CLIP):
        _pressed(name, scene, draw, incomplete=incomplete)
    elif name == BLISTER:
        _blister(scene, draw, incomplete=incomplete)
    else:
        _carton(scene, draw, large=name == LARGE_CARTON, incomplete=incomplete)
    return scene


def _belt(draw: np.random.Generator, masks: Masks) -> Scene:
    grain = noise(draw, 150, 150) * 0.02 + noise(draw, 6, 6) * 0.02
    colour = np.stack([0.20 + grain, 0.22 + grain, 0.23 + grain], axis=2).astype(np.float32)
    flat = np.zeros((SIZE, SIZE), np.float32)
    return Scene(colour, flat.copy(), flat.copy(), 0.0, masks, (100, 100), flat.copy())


def _raise(scene: Scene, mask: Plane, colour: Colour | Plane, high: float, edge: float = 2.0) -> None:
    scene.colour = blend(scene.colour, mask, colour)
    scene.height = scene.height + soft(mask, edge) * high


def _pressed(name: str, scene: Scene, draw: np.random.Generator, *, incomplete: bool) -> None:
    m = scene.masks
    if name == BRACKET:
        scene.reach, holes = (105, 70), [(-75, -40), (75, -40), (-75, 40), (75, 40)]
        body = m.box(0, 0, 210, 140)
    elif name == COVER:
        scene.reach, holes = (95, 95), [(-70, -70), (70, -70), (-70, 70), (70, 70), (0, 0)]
        body = m.box(0, 0, 200, 200)
    else:
        scene.reach, holes = (105, 45), [(-80, 0), (80, 0), (0, 0)]
        body = np.maximum(m.box(0, 0, 170, 80), np.maximum(m.disc(-80, 0, 45), m.disc(80, 0, 45)))
    brushed = noise(draw, 12, 150) * 0.05 + noise(draw, 5, 5) * 0.03
    tone = draw.uniform(-0.04, 0.04)
    steel = np.stack([STEEL[k] + tone + brushed for k in range(3)], axis=2).astype(np.float32)
    _raise(scene, body, steel, 8)
    if name == COVER:
        _raise(scene, m.box(0, 0, 110, 110), steel, 4, 4)
    lost = int(draw.integers(len(holes))) if incomplete else -1
    askew = incomplete and draw.random() < 0.4
    for place, (x, y) in enumerate(holes):
        if place == lost:
            scene.missing = m.disc(x, y, 17)
            if not askew:
                continue
            aside = (x + float(draw.choice([-14, 14])), y + float(draw.choice([-14, 14])))
            scene.missing = np.maximum(scene.missing, m.disc(*aside, 17))
            _hole(scene, m, *aside, 13)
            continue
        _hole(scene, m, x, y, 13)
    scene.outline, scene.shine = body, 0.35


def _hole(scene: Scene, m: Masks, x: float, y: float, radius: float) -> None:
    _raise(scene, m.disc(x, y, radius + 3), (0.70, 0.72, 0.75), 1.5, 1)
    _raise(scene, m.disc(x, y, radius), (0.08, 0.08, 0.09), -6, 1.5)


def _carton(scene: Scene, draw: np.random.Generator, *, large: bool, incomplete: bool) -> None:
    m, (w, h) = scene.masks, (105.0, 105.0) if large else (95.0, 75.0)
    fibre = noise(draw, 90, 30) * 0.025 + noise(draw, 7, 7) * 0.03
    tone = draw.uniform(-0.03, 0.03)
    board = np.stack([c + tone + fibre for c in (0.66, 0.51, 0.34)], axis=2).astype(np.float32)
    body = m.box(0, 0, 2 * w, 2 * h)
    _raise(scene, body, board, 10)
    _raise(scene, m.line([(-w, 0), (w, 0)], 2), (0.45, 0.34, 0.22), -1.5, 1)
    fault = draw.choice(["tape", "label", "askew"]) if incomplete else ""
    tape = m.box(0, 0, 2 * w, 30)
    if fault == "tape":
        scene.missing = tape
    else:
        scene.colour = blend(scene.colour, tape * 0.55, (0.80, 0.72, 0.55))
    x, y = w * 0.45, h * 0.55
    if fault == "label":
        scene.missing = m.box(x, y, 70, 42)
    else:
        _label(scene, m, x, y, float(draw.choice([-0.6, 0.6])) if fault == "askew" else 0.0)
        if fault == "askew":
            scene.missing = m.disc(x, y, 42)
    scene.outline, scene.shine, scene.reach = body, 0.04, (w, h)


def _label(scene: Scene, m: Masks, x: float, y: float, turned: float) -> None:
    def at(dx: float, dy: float) -> tuple[float, float]:
        cos, sin = np.cos(turned), np.sin(turned)
        return x + dx * cos - dy * sin, y + dx * sin + dy * cos

    _raise(scene, m.polygon([at(-34, -20), at(34, -20), at(34, 20), at(-34, 20)]), (0.92, 0.92, 0.90), 0.6, 1)
    for k in range(11):
        dx = -26 + 5 * k
        scene.colour = blend(scene.colour, m.line([at(dx, -12), at(dx, 4)], 1 + k % 3), (0.1, 0.1, 0.1))
    scene.colour = blend(scene.colour, m.line([at(-26, 12), at(14, 12)], 2), (0.2, 0.2, 0.2))


def _blister(scene: Scene, draw: np.random.Generator, *, incomplete: bool) -> None:
    m = scene.masks
    foil = noise(draw, 60, 60) * 0.03 + noise(draw, 5, 5) * 0.04
    silver = np.stack([c + foil for c in (0.74, 0.75, 0.77)], axis=2).astype(np.float32)
    body = m.box(0, 0, 210, 140)
    _raise(scene, body, silver, 3)
    places = [(x, y) for y in (-40.0, 0.0, 40.0) for x in (-78.0, -39.0, 0.0, 39.0, 78.0)]
    lost = int(draw.integers(len(places))) if incomplete else -1
    for place, (x, y) in enumerate(places):
        if place == lost:
            scene.missing = m.disc(x, y, 16)
            _raise(scene, m.disc(x, y, 13), (0.55, 0.56, 0.58), -3, 3)
        else:
            _raise(scene, m.disc(x, y, 13), (0.90, 0.88, 0.82), 7, 4)
    scene.outline, scene.shine, scene.reach = body, 0.3, (105, 70)
