"""Trains a vision model: three networks, each blind to one part of the pictures, served as their mean.

No weights from elsewhere are used. What each network says of the part that it never saw gives the
figures, the temperature and the limit of what is known.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from domain.errors import SettingsError
from models.card import MODEL_FILE
from models.dataspec import DataSpec
from models.session import open_session
from models.vision import artifact, conditions, figures, session, split
from models.vision.artifact import KNOWN
from models.vision.card import LeftOut
from models.vision.figures import Held
from models.vision.kinds import KINDS, Kind, Recipe, gallery
from models.vision.network import (
    Averaged,
    Served,
    Texture,
    VisionNetwork,
    augmented,
    distance,
    ridge,
    scaled,
    space,
)

Report = Callable[[str, float], None]
Places = npt.NDArray[np.int64]
SEEDS = (7, 8, 9)
EXAMPLE = 6
EXACT = 1e-3
FEWEST = 12


def _silent(_text: str, _share: float) -> None:
    return None


def train(data: DataSpec, out: Path, report: Report = _silent) -> dict[str, float]:
    """Train on the pictures of `data`, write the folder `out`, return the figures of the held-out parts."""
    began = time.monotonic()
    torch.set_num_threads(int(os.environ.get("TAKTWISE_TRAIN_THREADS", "1")))
    kind = KINDS[data.kind]
    found = gallery(kind, data)
    found = found.take(found.truth != "")
    counts = {label: int((found.truth == label).sum()) for label in kind.labels}
    if min(counts.values()) < FEWEST:
        raise SettingsError(f"{FEWEST} pictures of each label are needed; there are {counts}")
    pixels = np.concatenate(list(found.pixels(kind.camera)))
    truth = np.array([kind.labels.index(label) for label in found.truth])
    group = split.alike(pixels) if kind.recipe.alike else np.arange(len(found), dtype=np.int64)
    part = split.parts(found.truth, group, kind.recipe.parts, SEEDS[0])
    values = torch.from_numpy(pixels)
    target = torch.from_numpy(truth)

    patterns = _patterns(values) if kind.recipe.patterns else None
    members, held, classic = [], [], []
    for number, seed in enumerate(SEEDS):
        base = 0.75 * number / len(SEEDS)

        def step(text: str, share: float, base: float = base, number: int = number) -> None:
            report(f"network {number + 1} of {len(SEEDS)}: {text}", base + 0.75 * share / len(SEEDS))

        own, kept = np.flatnonzero(part != number), np.flatnonzero(part == number)
        member, seen = fit(kind, values, target, own, seed, kind.recipe.epochs, step)
        members.append((member, seen))
        one = judge(member, seen, values, target, kept)
        if patterns is not None:
            classic.append(ridge(patterns[own], target[own], len(kind.labels)))
            says = patterns[kept] @ classic[-1][0] + classic[-1][1]
            one = replace(one, patterns=says.double().numpy())
        held.append(one)
    left = left_out(kind, values, target, part, report)
    weight = figures.say(held)
    alone = {f"{name}_alone": value for name, value in figures.apart(held).items()} if classic else {}
    held = [figures.blended(one, weight) for one in held]
    temperature = figures.temperature(held)
    spaces = [
        (*seen, float(np.quantile(one.away, KNOWN))) for (_, seen), one in zip(members, held, strict=True)
    ]
    out.mkdir(parents=True, exist_ok=True)
    report("exporting", 0.98)
    served = Served([member for member, _ in members], temperature, spaces, _mean(classic, weight)).eval()
    error = export(served, pixels[:EXAMPLE], out / MODEL_FILE)
    validation = figures.validation(held, temperature, kind.labels, KNOWN)
    validation |= {"pictures": float(len(found)), "alike_groups": float(len(np.unique(group)))}
    validation |= {"onnx_error": error, "patterns_weight": weight, **alone}
    artifact.write_cases(pixels, found.truth, kind, out)
    usual, seconds = conditions.usual(pixels), time.monotonic() - began
    artifact.write(kind, len(found), SEEDS, validation, left, temperature, seconds, usual, out)
    return validation


def _patterns(values: Tensor) -> Tensor:
    texture = Texture()
    with torch.no_grad():
        return torch.cat([texture(part.float()) for part in values.split(16)])


def _mean(classic: list[tuple[Tensor, Tensor]], weight: float) -> tuple[Tensor, Tensor] | None:
    if not classic or weight == 0:
        return None
    weights, offsets = (torch.stack([one[k] for one in classic]).mean(dim=0) for k in (0, 1))
    return weight * weights, weight * offsets


def fit(
    kind: Kind, values: Tensor, target: Tensor, own: Places, seed: int, epochs: int, report: Report = _silent
) -> tuple[VisionNetwork, tuple[Tensor, Tensor]]:
    """One network trained on the pictures at `own`, averaged over its steps, and its space of features.

    The same seed on the same machine gives the same weights.
    """
    recipe, places = kind.recipe, torch.from_numpy(own)
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed)
    network = _network(kind).to(memory_format=torch.channels_last)
    steps = max(1, len(own) // recipe.batch)
    optimiser, schedule = _optimiser(network, recipe, steps * epochs)
    averaged = Averaged(network, recipe.keep)
    network.train()
    for epoch in range(epochs):
        order = places[torch.randperm(len(own), generator=draw)]
        for chosen in order[: steps * recipe.batch].split(recipe.batch):
            seen = augmented(scaled(values[chosen].float()), draw, turned=recipe.turned).contiguous(
                memory_format=torch.channels_last
            )
            loss = functional.cross_entropy(network(seen), target[chosen], label_smoothing=recipe.smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            averaged.add(network)
        report(f"pass {epoch + 1} of {epochs}, loss {loss.item():.3f}", (epoch + 1) / epochs)
    final = _network(kind)
    final.load_state_dict(averaged.state)
    final.eval()
    features = _features(final, values, places)
    return final, space(features, target[places], len(kind.labels))


def _network(kind: Kind) -> VisionNetwork:
    return VisionNetwork(kind.camera.channels, len(kind.labels), kind.recipe.width)


def _optimiser(network: VisionNetwork, recipe: Recipe, steps: int) -> tuple[Any, Any]:
    weights = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    groups = [{"params": weights, "weight_decay": recipe.decay}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, recipe.rate)
    return optimiser, torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.rate, total_steps=steps, pct_start=0.15
    )


def _features(network: VisionNetwork, values: Tensor, places: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat(
            [network.features(scaled(values[k].float())).mean(dim=(2, 3)) for k in places.split(64)]
        )


def judge(
    network: VisionNetwork, seen: tuple[Tensor, Tensor], values: Tensor, target: Tensor, places: Places
) -> Held:
    """What a network says of pictures that it never saw."""
    features = _features(network, values, torch.from_numpy(places))
    with torch.no_grad():
        logit = network.head(features)
        away = distance(features, *seen)
    return Held(
        logit.double().numpy(), 0 * logit.double().numpy(), target.numpy()[places], away.double().numpy()
    )


def left_out(kind: Kind, values: Tensor, target: Tensor, part: Places, report: Report) -> tuple[LeftOut, ...]:
    """For each label, a network that never saw it: how much of it, and of the known, it calls unknown."""
    rows = []
    for number, label in enumerate(kind.recipe.left_out):
        report(f"without {label}", 0.75 + 0.22 * number / len(kind.recipe.left_out))
        place = kind.labels.index(label)
        known = target != place
        order = torch.cumsum(torch.tensor([k != place for k in range(len(kind.labels))]).long(), 0) - 1
        shifted = torch.where(known, order[target], torch.zeros_like(target))
        fewer = _without(kind, label)
        own = np.flatnonzero((part != 0) & (part != 1) & known.numpy())
        member, seen = fit(fewer, values, shifted, own, SEEDS[0], kind.recipe.left_out_epochs)

        def away(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
            return judge(member, seen, values, shifted, np.flatnonzero(mask)).away  # noqa: B023

        limit = float(np.quantile(away((part == 0) & known.numpy()), KNOWN))
        foreign, usual = away(~known.numpy()), away((part == 1) & known.numpy())
        rows.append(
            LeftOut(
                label=label,
                pictures=len(foreign),
                said_unknown=round(float((foreign > limit).mean()), 4),
                known_said_unknown=round(float((usual > limit).mean()), 4),
            )
        )
    return tuple(rows)


def _without(kind: Kind, label: str) -> Kind:
    return replace(kind, labels=tuple(one for one in kind.labels if one != label))


def export(served: Served, pixels: npt.NDArray[np.uint8], path: Path) -> float:
    """Write ONNX, and return how far it is from the trained model; over 1e-3 of a logit is an error."""
    example = torch.from_numpy(pixels).float()
    names = ["probability", "logit", "base", "maps", "strangeness"]
    torch.onnx.export(
        served,
        (example[:2],),
        str(path),
        input_names=["picture"],
        output_names=names,
        dynamic_axes={name: {0: "n"} for name in ("picture", *names)},
        opset_version=17,
        dynamo=False,
    )
    with torch.no_grad():
        wanted = served(example)
    found = session.run(open_session(path), pixels)
    error = max(
        float(np.abs(found.logit - wanted[1].numpy()).max()),
        float(np.abs(found.strangeness - wanted[4].numpy()).max()),
    )
    if error > EXACT:
        raise SettingsError(f"{path.name} differs from the trained model by {error:.2g}")
    return error
