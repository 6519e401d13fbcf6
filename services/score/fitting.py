"""Only what is like training's is scored: known sensors and sizes, metrics that are sent finely enough."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from models.features.familiar import Familiar
from services.score.inputs import Input


def known_only(familiar: Familiar, inputs: Sequence[Input]) -> list[Input]:
    """The same inputs, without the windows that are unlike all that training saw: those say why."""
    found, by_type = [_fine(familiar, one) for one in inputs], defaultdict[str, list[int]](list)
    for place, one in enumerate(found):
        if one.window is not None:
            by_type[one.unit.machine_type].append(place)
    for machine_type, places in by_type.items():
        windows = np.stack([window for place in places if (window := found[place].window) is not None])
        for place, why in zip(places, familiar.strange(machine_type, windows), strict=True):
            if why:
                found[place] = replace(found[place], window=None, reason=why)
    return found


def _fine(familiar: Familiar, one: Input) -> Input:
    """The same, without its window where its metrics are sent too coarsely for what the model learned."""
    if one.window is None or not one.sent:
        return one
    why = familiar.coarse(one.unit.machine_type, one.sent)
    return replace(one, window=None, reason=why) if why else one
