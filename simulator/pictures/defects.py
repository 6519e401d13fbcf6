"""What goes wrong with parts. Each function changes the scene and returns where, as a plane of 0 to 1."""

import numpy as np

from simulator.pictures.canvas import SIZE, Masks, Plane, blend, noise, soft
from simulator.pictures.parts import Scene


def _spot(scene: Scene, draw: np.random.Generator, margin: float = 0.7) -> tuple[float, float]:
    w, h = scene.reach
    return float(draw.uniform(-w, w) * margin), float(draw.uniform(-h, h) * margin)


def crack(scene: Scene, draw: np.random.Generator) -> Plane:
    """A thin, dark, wandering line, often from an edge inwards, sometimes forked."""
    w, h = scene.reach
    x, y = _spot(scene, draw)
    if draw.random() < 0.5:
        x = float(draw.choice([-w, w])) * 0.97
    heading = np.arctan2(-y, -x) + draw.normal(0, 0.6)
    found = np.zeros((SIZE, SIZE), np.float32)
    for branch in range(1 + int(draw.random() < 0.5)):
        points, px, py, way = [(x, y)], x, y, heading + branch * 0.7
        for _ in range(int(draw.integers(9, 18))):
            way += draw.normal(0, 0.45)
            px, py = px + 7 * np.cos(way), py + 7 * np.sin(way)
            points.append((float(np.clip(px, -w, w)), float(np.clip(py, -h, h))))
        found = np.maximum(found, scene.masks.line(points, int(draw.integers(2, 4))))
    found = found * scene.outline
    scene.colour = blend(scene.colour, found * draw.uniform(0.7, 0.95), (0.06, 0.05, 0.05))
    scene.height = scene.height - soft(found, 1.0) * 3
    return found


def dent(scene: Scene, draw: np.random.Generator) -> Plane:
    """A smooth hollow, one or two, seen by its shadow and light alone."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    found = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(1 + int(draw.random() < 0.3)):
        x, y = scene.masks.at(*_spot(scene, draw, 0.6))
        wide, angle = draw.uniform(11, 24), draw.uniform(0, np.pi)
        u = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
        v = -(columns - x) * np.sin(angle) + (rows - y) * np.cos(angle)
        bowl = np.exp(-((u / wide) ** 2 + (v / (wide * draw.uniform(0.6, 1.0))) ** 2))
        scene.height = scene.height - (bowl * wide * draw.uniform(0.45, 0.8) * scene.outline)
        found = np.maximum(found, (bowl > 0.3).astype(np.float32))
    return found * scene.outline


def colour(scene: Scene, draw: np.random.Generator) -> Plane:
    """A stain, a heat tint, or a part that is off colour as a whole."""
    tint = np.array(
        [(0.75, 0.45, 0.15), (0.25, 0.35, 0.75), (0.55, 0.20, 0.45), (0.20, 0.55, 0.30)][draw.integers(4)],
        np.float32,
    )
    if draw.random() < 0.3:
        found, strength = scene.outline.copy(), draw.uniform(0.25, 0.4)
    else:
        x, y = _spot(scene, draw, 0.6)
        blob = scene.masks.disc(x, y, draw.uniform(22, 48)) + noise(draw, 9, 9) * 0.5
        found, strength = soft((blob > 0.5).astype(np.float32), 4) * scene.outline, draw.uniform(0.35, 0.7)
        near = scene.masks.disc(x, y, 75)
        found = found * near
    toned = scene.colour * (1 - strength) + tint * strength
    scene.colour = blend(scene.colour, found, toned)
    return (found > 0.3).astype(np.float32)


def surface(scene: Scene, draw: np.random.Generator) -> Plane:
    """Straight scratches side by side, or a patch of pits."""
    found = np.zeros((SIZE, SIZE), np.float32)
    x, y = _spot(scene, draw, 0.55)
    if draw.random() < 0.5:
        angle, length = draw.uniform(0, np.pi), draw.uniform(40, 90)
        for _ in range(int(draw.integers(4, 10))):
            ox, oy = x + draw.normal(0, 12), y + draw.normal(0, 12)
            way = angle + draw.normal(0, 0.05)
            dx, dy = np.cos(way) * length / 2, np.sin(way) * length / 2
            found = np.maximum(found, scene.masks.line([(ox - dx, oy - dy), (ox + dx, oy + dy)], 1))
        found = found * scene.outline
        under = float(scene.colour[found > 0.5].mean()) if (found > 0.5).any() else 0.5
        tone = 0.25 if under > 0.66 else 0.95  # a scratch is seen against what it lies on
        scene.colour = blend(scene.colour, found * draw.uniform(0.55, 0.9), (tone, tone, tone))
        return found
    for _ in range(int(draw.integers(30, 70))):
        px, py = x + draw.normal(0, 20), y + draw.normal(0, 20)
        found = np.maximum(found, scene.masks.disc(px, py, draw.uniform(1.2, 2.8)))
    found = found * scene.outline
    scene.colour = blend(scene.colour, found * 0.5, (0.25, 0.24, 0.22))
    scene.height = scene.height - soft(found, 0.8) * 4
    return found


def foreign(scene: Scene, draw: np.random.Generator) -> Plane:
    """Something that does not belong there: a strange thing in a loud colour lies over the part."""
    x, y = _spot(scene, draw, 0.3)
    masks = Masks(scene.masks.at(x, y), draw.uniform(0, 2 * np.pi), draw.uniform(0.8, 1.3))
    arms = int(draw.integers(3, 7))
    points = []
    for k in range(2 * arms):
        radius = (62 if k % 2 else 26) * draw.uniform(0.85, 1.15)
        points.append((radius * np.cos(np.pi * k / arms), radius * np.sin(np.pi * k / arms)))
    found = masks.polygon(points)
    loud = [(0.95, 0.15, 0.60), (0.10, 0.85, 0.85), (0.95, 0.85, 0.10), (0.30, 0.95, 0.20)]
    scene.colour = blend(scene.colour, found, loud[draw.integers(4)])
    scene.height = scene.height + soft(found, 5) * 14
    scene.shine = 0.6
    return found
